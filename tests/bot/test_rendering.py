"""What a case looks like: every status, any words, always within Telegram's limits."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import texts
from bot.message import Block, escape, fitted, length, message
from bot.presses import MAX_BYTES, Unreadable, press_of
from bot.questions import QUESTION_KINDS, answered, next_question
from bot.rendering import render_case, render_cases, render_citation, render_turn
from cases.record import (
    Advice,
    Case,
    CaseStatus,
    Citation,
    DangerSign,
    History,
    PossibilityInWords,
    Reason,
    Role,
    Statement,
    Triage,
    Turn,
)
from conditions import TriageLevel

NUMBER = "112"
TODAY = date(2026, 3, 1)
_ALLOWED = {"b", "i", "blockquote"}


class Strict(HTMLParser):
    """Telegram's rules: known tags only, each closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ALLOWED
        assert not attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(html: str) -> str:
    assert not re.search(r"&(?!amp;|lt;|gt;|quot;)", html), "an ampersand that is not escaped"
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    assert length(html) <= 4096
    return parser.text


def citation(n: int, reviewed: date | None = None, passage: str = "Keep it out of the sun.") -> Citation:
    return Citation(
        n=n, chunk_id=f"c{n}", slug="melanoma", title="Melanoma", section="Self-care", passage=passage,
        source="NICE, NG12", reviewed=reviewed,
    )  # fmt: skip


def advice(level: TriageLevel = TriageLevel.THIS_WEEK, revision: int = 0, **changes: Any) -> Advice:
    reason = Reason(rule="r", level=level, text="It grew.", action="Go.", source="NG12")
    given: dict[str, Any] = {
        "triage": Triage(level=level, reasons=(reason,)),
        "now": "Phone a doctor this week.",
        "seen": "A flat <brown> spot & a hair.",
        "possibilities": (PossibilityInWords(slug="melanoma", title="melanoma", words="cannot be ruled out"),),
        "statements": (Statement(text="Keep it out of the sun.", citations=(1, 2)),),
        "citations": (citation(1), citation(2)),
        "watch_for": ("bleeding",),
        "see_by": date(2026, 3, 8),
        "see_whom": "a doctor",
        "limits": "A photo cannot rule out skin cancer.",
        "revision": revision,
    }
    return Advice(**{**given, **changes})


def case(**changes: Any) -> Case:
    given: dict[str, Any] = {
        "id": "f" * 32, "patient_id": 1, "chat_id": 2, "status": CaseStatus.RECEIVED, "history": History(),
        "history_revision": 0, "words": "", "photo_ids": (1,), "findings": None, "advice": None,
        "status_message_id": None, "attempts": 0, "created": datetime(2026, 3, 1, tzinfo=UTC),
    }  # fmt: skip
    return Case(**{**given, **changes})


def labels(rendered: Any) -> list[str]:
    return [label for row in rendered.rows for label, _ in row]


histories = st.builds(
    History,
    age=st.none() | st.integers(0, 130),
    grew=st.none() | st.booleans(),
    bleed=st.none() | st.booleans(),
    spot_or_rash=st.none() | st.sampled_from(["spot", "rash"]),
    danger=st.frozensets(st.sampled_from(DangerSign)),
    immunosuppressed=st.none() | st.booleans(),
)
# What a chat may hold: anything but lone surrogates.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6000)


@given(
    status=st.sampled_from(CaseStatus),
    history=histories,
    said=words,
    seen=words,
    passages=st.lists(words, max_size=12),
    level=st.sampled_from(TriageLevel),
    advised=st.booleans(),
    place=st.integers(0, 500),
)
def test_any_case_fits_into_a_message_that_telegram_parses(
    status: CaseStatus,
    history: History,
    said: str,
    seen: str,
    passages: list[str],
    level: TriageLevel,
    advised: bool,
    place: int,
) -> None:
    statements = tuple(Statement(text=text, citations=(1,)) for text in passages)
    given_advice = advice(level, seen=seen, statements=statements) if advised else None
    rendered = render_case(
        case(status=status, history=history, words=said, advice=given_advice, history_revision=1), place, NUMBER
    )
    text = shown(rendered.text)
    assert all(len(data.encode()) <= MAX_BYTES for row in rendered.rows for _, data in row)
    if given_advice:
        for safety in ("Phone a doctor this week.", "bleeding", "8 March", "cannot rule out skin cancer"):
            assert safety in text, "shortening leaves what matters"


def test_what_is_doubted_stands_before_lesser_reasons() -> None:
    reasons = [
        Reason(rule=f"mole-{n}", level=TriageLevel.THIS_WEEK, text=f"Sign {n}.", action="Go.", source="NG12")
        for n in range(5)
    ]
    text = "A sting in the mouth can be deadly. If that is so now, call {emergency_number}."
    doubted = Reason(rule="doubted-sting-mouth", level=TriageLevel.SELF_CARE, text=text, action="", source="NHS")
    given_advice = advice(triage=Triage(level=TriageLevel.THIS_WEEK, reasons=(*reasons, doubted)))
    told = shown(render_case(case(status=CaseStatus.ADVISED, advice=given_advice), 0, NUMBER).text)
    assert f"If that is so now, call {NUMBER}. Sign 0. Sign 1." in told


def test_the_answer_starts_with_how_soon_and_escapes_what_it_is_given() -> None:
    text = render_case(case(status=CaseStatus.DELIVERED, advice=advice()), 0, NUMBER).text
    assert text.startswith("🟡 <b>Contact a doctor this week</b>\nPhone a doctor this week.")
    assert "A flat &lt;brown&gt; spot &amp; a hair." in text
    assert "• Keep it out of the sun. [1] [2]" in text
    assert "<b>8 March</b>" in text


def test_an_answer_offers_its_sources_feedback_and_the_next_question() -> None:
    rendered = render_case(case(status=CaseStatus.DELIVERED, advice=advice()), 0, NUMBER)
    assert labels(rendered)[:4] == ["[1]", "[2]", texts.HELPFUL, texts.NOT_HELPFUL]
    assert texts.DANGER_BUTTONS[0][1] in labels(rendered)


def test_an_emergency_names_the_local_number_and_asks_nothing_more() -> None:
    pressed = case(history=History(danger=frozenset({DangerSign.BREATHING})))
    rendered = render_case(pressed, 1, "999")
    assert rendered.text.startswith("🔴 <b>Call 999 now</b>")
    assert "{emergency_number}" not in rendered.text
    assert rendered.rows == ()


def test_a_danger_sign_pressed_after_the_answer_stands_above_it_while_it_is_rewritten() -> None:
    pressed = case(
        status=CaseStatus.DELIVERED,
        advice=advice(TriageLevel.SELF_CARE),
        history=History(danger=frozenset({DangerSign.FEVER, DangerSign.SPREADING})),
        history_revision=1,
    )
    text = render_case(pressed, 0, NUMBER).text
    assert text.index("🔴") < text.index("updating this answer") < text.index("🔵")


@pytest.mark.parametrize(
    ("changes", "place", "expected"),
    [
        ({}, 1, "I have your photo. I'm looking now"),
        ({"photo_ids": (1, 2)}, 4, "I have your 2 photos. Before you in the queue: 3."),
        ({"status": CaseStatus.EXAMINED}, 0, "checking the guidelines"),
        ({"status": CaseStatus.EXAMINED, "photo_ids": ()}, 0, "Thank you. I'm checking the guidelines"),
        ({"status": CaseStatus.FAILED}, 0, "I'm sorry, I could not look at this"),
        ({"status": CaseStatus.CLOSED}, 0, "This question is closed"),
    ],
)
def test_every_stage_says_where_the_case_is(changes: dict[str, Any], place: int, expected: str) -> None:
    assert expected in shown(render_case(case(**changes), place, NUMBER).text)


def test_a_failed_case_keeps_the_safety_net() -> None:
    text = shown(render_case(case(status=CaseStatus.FAILED), 0, "999").text)
    assert "999" in text
    assert "doctor this week" in text
    assert "today" in text


def test_a_failed_rewrite_keeps_the_old_answer_and_says_so() -> None:
    failed = case(status=CaseStatus.FAILED, advice=advice(), history_revision=1)
    text = shown(render_case(failed, 0, NUMBER).text)
    assert "could not update" in text
    assert "Phone a doctor this week." in text


def test_the_questions_come_in_order_and_end() -> None:
    asked = []
    history = History()
    presses = [("d", "none"), ("k", "spot"), ("g", "grew"), ("g", "done"), ("a", "52")]
    for kind, value in presses:
        question = next_question(case(history=history))
        assert question is not None
        asked.append(question.text)
        available = {press_of(data) for row in question.rows for _, data in row}
        pressed = next(press for press in available if (press.kind, press.value) == (kind, value))
        history = history.merged(answered(pressed.kind, pressed.value, history))
    assert next_question(case(history=history)) is None
    assert asked == [
        texts.DANGER_QUESTION, texts.KIND_QUESTION, texts.CHANGES_QUESTION, texts.CHANGES_QUESTION, texts.AGE_QUESTION,
    ]  # fmt: skip
    assert (history.grew, history.bleed, history.age) == (True, False, 52)


def test_a_rash_of_an_adult_is_asked_about_pregnancy_and_immunity() -> None:
    rash = History(danger=frozenset({DangerSign.NONE}), spot_or_rash="rash", age=28)
    question = next_question(case(history=rash))
    assert question is not None
    assert question.text == texts.SPECIAL_QUESTION
    child = rash.merged(History(age=6))
    assert next_question(case(history=child)) is None


def test_a_ticked_sign_can_be_unticked() -> None:
    history = History()
    for _ in range(2):
        history = history.merged(answered(press_of("g:x:grew").kind, "grew", history))
    assert history.grew is False


@given(st.text(max_size=70))
def test_any_callback_data_is_ours_or_refused(data: str) -> None:
    try:
        press = press_of(data)
        if press.kind in QUESTION_KINDS:
            answered(press.kind, press.value, History())
    except Unreadable:
        return


@pytest.mark.parametrize("value", ["", "-1", "900", "x", "grew", "spot"])
def test_an_age_nobody_has_is_refused(value: str) -> None:
    with pytest.raises(Unreadable):
        answered(press_of("a:x:0").kind, value, History())


def test_a_citation_is_shown_word_for_word_with_its_source_and_review() -> None:
    passage = "See a doctor if it is > 6 mm & grows."
    text = shown(render_citation(citation(3, passage=passage), TODAY).text)
    assert passage in text
    assert "NICE, NG12" in text
    assert "not been reviewed by a clinician" in text
    reviewed = shown(render_citation(citation(3, date(2026, 1, 2)), TODAY).text)
    assert "Reviewed 02 January 2026" in reviewed
    assert "out of date" not in text and "out of date" not in reviewed


def test_a_source_whose_review_is_overdue_says_so_from_the_day_after_on() -> None:
    cited = citation(3, date(2024, 3, 3), passage="word " * 2000).model_copy(update={"review_by": date(2026, 3, 3)})
    assert "out of date" not in shown(render_citation(cited, date(2026, 3, 3)).text)
    late = shown(render_citation(cited, date(2026, 3, 4)).text)
    assert "Its review was due on 3 March 2026; it may be out of date." in late


def test_an_answer_to_a_question_has_its_sources_as_buttons() -> None:
    turn = Turn(
        id=12, case_id="f" * 32, role=Role.ASSISTANT, text="Yes <maybe>. [1]", citations=(citation(1),), answers=11,
        created=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    rendered = render_turn(turn, NUMBER)
    assert shown(rendered.text) == "Yes <maybe>. [1]"
    assert rendered.rows == ((("[1]", "t:12:1"),),)


def test_the_list_of_cases_fits_and_opens_each() -> None:
    rendered = render_cases([case(advice=advice()), case(status=CaseStatus.FAILED)])
    assert "1. 1 March 2026, 1 photo(s): 🟡 Contact a doctor this week" in shown(rendered.text)
    assert labels(rendered) == ["1", "2"]


@given(st.lists(st.tuples(words, st.booleans()), max_size=6), st.integers(60, 400))
def test_fitting_never_exceeds_the_limit_nor_breaks_markup(lines: list[tuple[str, bool]], limit: int) -> None:
    blocks = [Block((f"<b>{escape(text)}</b>", "• more"), required=required) for text, required in lines]
    text = fitted(blocks, limit)
    assert length(text) <= limit
    shown(text)


def test_plain_text_is_the_html_without_markup() -> None:
    assert message("<b>a &lt; b</b> &amp; c").plain == "a < b & c"

"""No answer contradicts the triage level: over every guideline of the library and every level.

Run: ``pytest tests/agents/test_levels.py``
"""

import re
from collections.abc import Iterator

import pytest

from agents import case_view
from agents.adviser import Adviser
from agents.levels import HELP, in_step, level_of
from agents.passages import NumberedPassage, Shelf
from agents.sentences import sentences
from agents.settings import AgentSettings
from agents.triage.rules import reason
from agents.triage.verdict import verdict
from cases.record import History
from conditions import CONDITIONS, TriageLevel
from tests.agents.library import WordSearch, starter_passages
from tests.agents.samples import TODAY, Looking, case, turns

URGENT = (TriageLevel.THIS_WEEK, TriageLevel.SAME_DAY)
OF_LEVEL = {
    TriageLevel.SAME_DAY: "rash-fever",
    TriageLevel.THIS_WEEK: "means-this-week",
}
"""A rule of each level."""
TOO_LATE = {
    TriageLevel.EMERGENCY: re.compile(r"today|this week|appointment|pharmacist|routine|wait and see", re.IGNORECASE),
    TriageLevel.SAME_DAY: re.compile(r"this week|appointment|routine|wait and see", re.IGNORECASE),
    TriageLevel.THIS_WEEK: re.compile(r"routine|next month|book an|wait and see", re.IGNORECASE),
}
"""Words that no line of a guideline's "When to get help" may have at this level."""
CALMS = (
    "left alone", "usually goes away", "no treatment", "can usually wait", "can often wait",
    "not dangerous", "get better within", "gets better within", "clears by itself", "heal without treatment",
    "without a doctor", "is usually mild", "drain by themselves", "routine appointment", "look again",
    "nothing to worry", "no need to see", " in four weeks",
)  # fmt: skip
"""What nobody who must be seen this week or today should read, without a doctor in the same sentence."""


def _every_sentence() -> Iterator[tuple[str, NumberedPassage]]:
    for passage in Shelf().put(starter_passages()):
        for sentence in sentences(passage.text):
            yield sentence, passage


def test_the_library_says_at_each_level_nothing_of_a_later_one() -> None:
    seen = set()
    for sentence, passage in _every_sentence():
        level = level_of(passage)
        assert passage.heading != HELP or level is not None, f"{passage.slug}: {passage.section} is no level"
        if level in TOO_LATE:
            seen.add((passage.slug, level))
            assert not TOO_LATE[level].search(sentence) or "doctor today" in sentence, f"{passage.slug}: {sentence}"
    assert len(seen) == len(CONDITIONS) * len(TOO_LATE)


@pytest.mark.parametrize("level", URGENT)
def test_no_sentence_of_the_library_calms_whoever_must_be_seen(level: TriageLevel) -> None:
    let_through = [
        f"{passage.slug}: {sentence}"
        for sentence, passage in _every_sentence()
        if in_step(sentence, passage, level, suspicious=False)
        and any(words in sentence.casefold() for words in CALMS)
        and not re.search(r"doctor|do not|never", sentence, re.IGNORECASE)
    ]
    assert let_through == []


@pytest.mark.parametrize(
    ("sentence", "stays"),
    [
        ("A lipoma that a doctor has checked can safely be left alone.", False),
        ("Removing a skin tag can usually wait until after pregnancy.", False),
        ("Many community pharmacists in England can treat simple impetigo without a doctor's appointment.", False),
        ("A pharmacist can recommend an antifungal cream for ringworm on the body.", False),
        ("Mild sunburn usually gets better within a week, and the skin may peel.", False),
        ("There is no safe self-care for cellulitis instead of antibiotics and urgent medical help.", True),
        ("Do not wait for a fever before calling, because sepsis can happen with a normal temperature.", True),
        ("Head lice do not go away without treatment, but combing or lotion clears most cases.", True),
        ("Ask a pharmacist or doctor today about any new shingles rash, because antivirals work best early.", True),
        ("Leprosy without treatment can damage nerves, hands, feet and eyes for good.", True),
    ],
)
def test_what_must_be_seen_today_is_not_talked_down(sentence: str, stays: bool) -> None:
    passage = NumberedPassage(1, "c", "warts", "warts", "Overview", sentence, "NHS", None)
    assert in_step(sentence, passage, TriageLevel.SAME_DAY, suspicious=False) is stays


@pytest.mark.parametrize(
    ("sentence", "suspicious", "stays"),
    [
        ("Most drug rashes are mild and fade within one to two weeks after the medicine is stopped.", False, True),
        ("Most drug rashes are mild and fade within one to two weeks after the medicine is stopped.", True, False),
        ("Impetigo usually improves within a week to ten days of treatment.", False, True),
        ("Most warts can be left alone for two years.", False, False),
        ("A cold sore clears by itself within ten days.", False, False),
    ],
)
def test_how_long_it_takes_may_be_told_to_whom_sees_a_doctor_this_week(
    sentence: str, suspicious: bool, stays: bool
) -> None:
    passage = NumberedPassage(1, "c", "warts", "warts", "Overview", sentence, "NHS", None)
    assert in_step(sentence, passage, TriageLevel.THIS_WEEK, suspicious=suspicious) is stays


@pytest.fixture
def starter(agent_settings: AgentSettings) -> Adviser:
    return Adviser(WordSearch(starter_passages()), None, None, Looking(), agent_settings)


@pytest.mark.slow
@pytest.mark.parametrize("slug", sorted(CONDITIONS))
@pytest.mark.parametrize("level", OF_LEVEL)
def test_the_whole_answer_keeps_to_its_level(
    starter: Adviser, monkeypatch: pytest.MonkeyPatch, slug: str, level: TriageLevel
) -> None:
    monkeypatch.setattr(case_view, "triage_words", lambda _: verdict([reason(OF_LEVEL[level])]))
    of = case(None, History(spot_or_rash="rash"), CONDITIONS[slug].title, photo_ids=())
    advice = starter.advise(of, TODAY)
    assert advice.triage.level is level and advice.statements
    levels = {level_of(passage): passage for passage in Shelf().put(starter_passages())}
    for citation in advice.citations:
        about = next((each for each in levels if each and citation.section.endswith(levels[each].subheading)), None)
        assert about is None or citation.section.split(" / ")[0] != HELP or about.urgency >= level.urgency
    replies = [starter.reply(of, turns(question), TODAY).text for question in ("How long does it last?", "Is it bad?")]
    for text in (advice.text, *replies):
        if level is TriageLevel.SAME_DAY:
            assert "this week" not in text and "ppointment" not in text
            assert "today" in text.split("\n\n")[0]
        said = [each for each in sentences(text) if any(words in each.casefold() for words in CALMS)]
        assert [each for each in said if not re.search(r"doctor|do not|never", each, re.IGNORECASE)] == []


def test_whoever_must_act_today_reads_that_first_in_every_reply(starter: Adviser) -> None:
    said = turns("my cheek is hot, red, swollen and very painful", "See a doctor today.", "Is cellulitis contagious?")
    text = starter.reply(case(None, photo_ids=()), said, TODAY).text
    assert text.startswith("Please see a doctor today") and "contagious" in text

"""Whatever a document, a caption or a press holds: a card fits, nothing is markup, and the readers never crash.

Run: ``pytest tests/bot/test_guidelines_rendering.py``
"""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.guidelines.buttons import Action, asked, library_button
from bot.guidelines.captions import CaptionInvalid, details_of
from bot.guidelines.card_text import render_card
from bot.guidelines.preview_page import preview_page
from bot.message import MAX_LENGTH, length
from bot.presses import MAX_BYTES, Press, PressKind, Unreadable, press_of
from conditions import CONDITIONS
from knowledge.editions import Edition, edition_of
from knowledge.formats.extracted import Removed, Trick
from knowledge.people import Dermatologist
from knowledge.report import ChangedAnswer, CitedPassage, GivenAnswer, Report
from knowledge.submission import Details, State, Submission
from tests.knowledge.samples import guideline

ADA = Dermatologist(7, "Dr Ada", datetime(2026, 1, 1, tzinfo=UTC), "operator")
words = st.text(max_size=1500) | st.just("<b>&" * 900)


@st.composite
def submissions(draw: st.DrawFn) -> Submission:
    """Any submission that was read, with words of any length and shape."""

    def given_answer() -> GivenAnswer:
        passage = CitedPassage(
            n=1, slug="psoriasis", title=draw(words), section="x", key="k", version="1", page=2, text=draw(words)
        )
        return GivenAnswer(text=draw(words), passages=(passage,))

    changed = ChangedAnswer(question=draw(words), before=given_answer(), after=given_answer())
    removed = Removed(trick=draw(st.sampled_from(Trick)), place=draw(words), excerpt=draw(words))
    texts = tuple(draw(st.lists(words, max_size=4)))
    report = Report(
        passages=len(texts),
        pages=draw(st.none() | st.integers(1, 999)),
        new=texts,
        gone=texts,
        unchanged=0,
        removed=(removed,) * draw(st.integers(0, 9)),
        warnings=tuple(draw(st.lists(words, max_size=3))),
        questions=draw(st.none() | st.integers(0, 99)),
        changed_answers=(changed,) * draw(st.integers(0, 9)),
    )
    edition: Edition = edition_of(guideline()).model_copy(update={"title": draw(words), "version": draw(words)})
    return Submission(
        number=draw(st.integers(1, 999_999_999)),
        received=ADA.since,
        author=draw(st.sampled_from((ADA.name, "Dr Bo"))),
        file_name=draw(words),
        state=draw(st.sampled_from(State)),
        progress=draw(words),
        details=Details(),
        edition=edition,
        report=report,
        replaces=draw(st.integers(0, 9)),
        decided_by=draw(st.none() | words),
    )


@settings(max_examples=40)
@given(submissions())
def test_a_card_always_fits_and_its_buttons_too(submission: Submission) -> None:
    card = render_card(submission, ADA, [ADA])
    assert 0 < length(card.text) <= MAX_LENGTH
    for row in card.rows:
        for label, data in row:
            assert label
            assert len(data.encode()) <= MAX_BYTES
            asked(press_of(data))


@settings(max_examples=40)
@given(submissions())
def test_the_whole_preview_is_a_page_without_the_documents_markup(submission: Submission) -> None:
    page = preview_page(submission).decode()
    assert page.count("<body>") == page.count("</body>") == 1
    assert "<script" not in page


@given(st.text(max_size=80))
def test_no_callback_data_crashes_the_reader(data: str) -> None:
    for pressed in (data, f"l:{data}", f"l:home:{data}", f"l:publish:{data}"):
        try:
            action, first, second = asked(press_of(pressed))
        except Unreadable:
            continue
        assert action in Action
        assert 0 <= first < 10**9
        assert 0 <= second < 10**9


@given(st.sampled_from(Action), st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1))
def test_what_a_button_carries_is_read_back(action: Action, first: int, second: int) -> None:
    assert asked(press_of(library_button("x", action, first, second)[1])) == (action, first, second)


@pytest.mark.parametrize("kind", [kind for kind in PressKind if kind is not PressKind.LIBRARY])
def test_a_patients_button_is_none_of_the_librarys(kind: PressKind) -> None:
    with pytest.raises(Unreadable):
        asked(Press(kind, "publish", "1.0"))


@given(st.text(max_size=300))
def test_no_caption_crashes_the_reader(caption: str) -> None:
    try:
        details = details_of(caption)
    except CaptionInvalid:
        return
    assert details.slug is None or details.slug in CONDITIONS


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("", {}),
        ("psoriasis", {"slug": "psoriasis"}),
        ("Atopic  Dermatitis", {"slug": "atopic-dermatitis"}),
        ("slug: scabies\njurisdiction: UK", {"slug": "scabies", "jurisdiction": "UK"}),
        ("scabies, language=en-GB, Review by: 2028-01-31", {"slug": "scabies", "language": "en-GB"}),
        ("—valid-from: 2027-01-02; title: Mites, and what to do", {"title": "Mites, and what to do"}),
        ("source: NICE NG12: suspected cancer", {"source": "NICE NG12: suspected cancer"}),
    ],
)
def test_a_caption_says_what_the_command_line_says(caption: str, said: dict[str, object]) -> None:
    assert said.items() <= details_of(caption).model_dump().items()


def test_a_reply_adds_to_what_the_caption_said() -> None:
    details = details_of("review by: 2028-01-31", details_of("psoriasis; jurisdiction: UK"))
    assert (details.slug, details.jurisdiction, details.review_by) == ("psoriasis", "UK", date(2028, 1, 31))


@pytest.mark.parametrize(
    "caption", ["no-such-thing", "valid-from: soon", "slug: headache", "title:", "author: Dr Evil"]
)
def test_a_caption_that_is_not_understood_says_which_part(caption: str) -> None:
    with pytest.raises(CaptionInvalid, match=caption.partition(": ")[2] or caption.rstrip(":")):
        details_of(caption)

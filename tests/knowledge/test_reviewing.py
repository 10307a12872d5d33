"""What `knowledge check` proves of texts: the starter texts pass, and each kind of flaw is told."""

from datetime import date

import pytest

from knowledge.reviewing import average_sentence, problems_of, problems_of_texts, reading_age
from tests.knowledge.samples import guideline

TODAY = date(2026, 6, 1)


def test_the_starter_texts_pass() -> None:
    assert problems_of_texts() == []


@pytest.mark.parametrize(
    ("flaw", "told"),
    [
        ({"causes": "See [this](pink-spots.md)"}, "links to 'pink-spots.md'"),
        ({"causes": "It " + "and it " * 20 + "ends"}, "a sentence has"),
        ({"sources": "Nobody"}, "is not named in its section Sources"),
    ],
)
def test_a_flaw_is_told(flaw: dict[str, str], told: str) -> None:
    assert any(told in problem for problem in problems_of(guideline(**flaw), TODAY))


def test_dates_that_cannot_be_are_told() -> None:
    late = guideline().model_copy(update={"review_by": date(2026, 1, 1), "reviewed": date(2027, 1, 1)})
    assert len([problem for problem in problems_of(late, TODAY) if "review" in problem]) == 3


def test_plain_words_are_read_younger_than_learned_ones() -> None:
    plain = "Wash the skin. Use the cream twice a day. See a nurse if it gets worse."
    learned = "Dermatological examination establishes characteristic histopathological abnormalities immediately."
    assert reading_age(plain) < 9
    assert reading_age(learned) > 20
    assert average_sentence(plain) == 5.0 + 1 / 3

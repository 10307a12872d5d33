"""Comparing with an earlier photo of the same lesion: two descriptions side by side, never "unchanged".

Run: ``pytest tests/agents/test_comparing.py``
"""

from collections.abc import Callable
from datetime import date

import pytest

from agents.adviser import Adviser
from agents.errors import VisionUnavailable
from agents.settings import AgentSettings
from agents.vision import EarlierPhoto
from cases.record import Case
from tests.agents.library import WordSearch
from tests.agents.samples import MOLE, MOLE_PERHAPS_MELANOMA, TODAY, Looking, turns

ASKED = "Can you compare it with my last photo, has it changed?"
SAME = ("unchanged", "no change", "not changed", "the same as before", "looks the same", "stable", "has not grown")


class Album(Looking):
    """A vision model that says of each photo what is written for it."""

    def __init__(self, says: dict[bytes, str]) -> None:
        super().__init__()
        self.says = says

    def ask(self, photo: bytes, question: str) -> str:
        self.asked.append((photo, question))
        return self.says[photo]


@pytest.fixture
def comparing(agent_settings: AgentSettings) -> Callable[..., Adviser]:
    def make(vision: Looking, earlier: tuple[EarlierPhoto, ...] = (EarlierPhoto(9, date(2026, 3, 4)),)) -> Adviser:
        return Adviser(
            WordSearch(),
            None,
            None,
            vision,
            agent_settings,
            photo=lambda photo_id: b"photo %d" % photo_id,
            earlier=lambda _: earlier,
        )

    return make


BEFORE, NOW = "A small round brown spot.", "A brown and black spot with an uneven border."


def test_both_photos_are_looked_at_with_the_same_question_and_described(comparing: Callable[..., Adviser]) -> None:
    album = Album({b"photo 9": BEFORE, b"photo 1": NOW})
    text = comparing(album).reply(MOLE, turns(ASKED), TODAY).text
    assert [photo for photo, _ in album.asked] == [b"photo 9", b"photo 1"]
    assert len({question for _, question in album.asked}) == 1
    assert f"In your photo of 4 March 2026 I saw: {BEFORE} Now I see: {NOW}" in text
    assert "have it checked this week" in text


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (BEFORE, BEFORE),
        (BEFORE, "The spot is unchanged. It looks the same as before, no need to worry."),
        ("It is a benign naevus.", "It is stable and harmless."),
        ("", ""),
        (NOW, f"{NOW} It has not grown. Nothing to worry about."),
    ],
)
@pytest.mark.parametrize("of", [MOLE, MOLE_PERHAPS_MELANOMA], ids=["mole", "perhaps melanoma"])
def test_it_is_never_said_to_be_unchanged(comparing: Callable[..., Adviser], before: str, now: str, of: Case) -> None:
    text = comparing(Album({b"photo 9": before, b"photo 1": now})).reply(of, turns(ASKED), TODAY).text
    plain = text.casefold()
    assert not any(words in plain for words in SAME) and "worry" not in plain and "harmless." not in plain
    assert "I cannot tell from them that it has stayed the same" in text
    assert "have it checked this week" in text


def test_without_an_earlier_photo_nothing_is_compared(comparing: Callable[..., Adviser]) -> None:
    album = Album({b"photo 1": NOW})
    text = comparing(album, ()).reply(MOLE, turns(ASKED), TODAY).text
    assert all(photo == b"photo 1" for photo, _ in album.asked)
    assert "In your photo of" not in text and not any(words in text.casefold() for words in SAME)


def test_a_vision_model_that_is_down_costs_only_the_comparison(comparing: Callable[..., Adviser]) -> None:
    text = (
        comparing(Looking(error=VisionUnavailable("down"))).reply(MOLE, turns(f"{ASKED} Is it contagious?"), TODAY).text
    )
    assert "not contagious" in text and "In your photo of" not in text

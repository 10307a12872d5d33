"""Which conditions a question calls by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.naming import KnownName, named_slugs

NAMES = [
    KnownName("mole", "melanocytic-naevus"),
    KnownName("melanoma", "melanoma"),
    KnownName("cancerous mole", "melanoma"),
    KnownName("hives", "urticaria"),
    KnownName("seborrhoeic keratosis", "seborrhoeic-keratosis"),
    KnownName("non-melanoma skin cancer", "basal-cell-carcinoma"),
    KnownName("non-melanoma skin cancer", "squamous-cell-carcinoma"),
    KnownName("DRESS", "dress"),
]


@pytest.mark.parametrize(
    ("question", "slugs"),
    [
        ("is my mole normal", {"melanocytic-naevus"}),
        ("are MOLES normal?", {"melanocytic-naevus"}),
        ("is it a cancerous mole", {"melanoma"}),
        ("is my mole turning into melanoma", {"melanoma", "melanocytic-naevus"}),
        ("Seborrheic keratosis, what now", {"seborrhoeic-keratosis"}),
        ("non melanoma skin cancer", {"basal-cell-carcinoma", "squamous-cell-carcinoma"}),
        ("could this be DRESS?", {"dress"}),
        ("a rash where my dress rubs", set()),
        ("guacamole made me itch", set()),
        ("", set()),
    ],
)
def test_names_are_recognised(question: str, slugs: set[str]) -> None:
    assert named_slugs(question, NAMES) == slugs


@given(st.text(), st.text())
def test_any_text_and_any_name_are_taken(question: str, phrase: str) -> None:
    assert named_slugs(question, [KnownName(phrase, "a")]) <= {"a"}

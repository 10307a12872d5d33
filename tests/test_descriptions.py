"""What the model is taught to say of a picture is what the agent lets through to a patient, all of it."""

import itertools
from random import Random

import pytest

from agents.seen import description
from conditions import Domain
from model import notes
from model.measure import Measured

COLOURS = (
    "black",
    "blue-grey",
    "white",
    "reddish brown",
    "red",
    "pink",
    "dark brown",
    "yellow",
    "brown",
    "light brown",
)


@pytest.mark.parametrize("colours", [*((one,) for one in COLOURS), *itertools.pairwise(COLOURS)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_description_reaches_the_patient_whole(colours: tuple[str, ...], seed: int) -> None:
    for domain in Domain:
        measured = Measured(colours, "medium", "uneven", "soft", "mixed in colour")
        words = notes.description(domain, "melanoma", measured, Random(seed))
        assert description(words) == words

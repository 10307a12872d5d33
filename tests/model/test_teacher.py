"""The teacher of the choice token: pictures and facts weighed together, blank facts saying nothing."""

from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import Blip2VisionModel

from conditions import CHOICES, Domain
from model.datasets.record import PatientFacts
from model.pictures import DOMAINS, PictureSet
from model.training.language import blends
from model.training.teacher import FactsReader, Teacher, encoded
from model.vision_tower import PlainHead, vit_tiny_config

MOLE, MELANOMA, CARCINOMA = (CHOICES.index(kind) for kind in ("melanocytic-naevus", "melanoma", "basal-cell-carcinoma"))
PHONE = DOMAINS.index(Domain.PHONE)
YOUNG, OLD = PatientFacts(age=25, region="arm", bleed=False), PatientFacts(age=80, region="nose", bleed=True)


def pictures(count: int = 40) -> PictureSet:
    """Moles of the young that never bleed, carcinomas of the old that do; as many melanomas of either."""
    choice = np.array([MOLE, CARCINOMA, MELANOMA, MELANOMA] * count)
    facts = (YOUNG, OLD, YOUNG, OLD) * count
    size = len(choice)
    return PictureSet(
        np.zeros((size, 1, 1, 3), np.uint8),
        choice,
        np.full(size, PHONE),
        facts,
        tuple(f"G{i}" for i in range(size)),
        np.zeros(size, bool),
        ((),) * size,
    )


class Told(PlainHead):
    """A head that says what the tower outputs (B, 2, 11) hold, as log-probabilities."""

    def __init__(self) -> None:
        super().__init__(Blip2VisionModel(vit_tiny_config(32)))

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return features[:, 0], features[:, 0, :2]


def seen(probabilities: Tensor) -> Tensor:
    return probabilities.log()[:, None].expand(-1, 2, -1)


UNSURE = torch.full((160, len(CHOICES)), 1 / len(CHOICES))


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    """Of a plain head that knows nothing: the facts are what tells the kinds apart."""
    return Teacher.fitted(Told(), pictures(), pictures(), seen(UNSURE))


def test_facts_move_the_teacher_where_they_tell_the_kinds_apart(teacher: Teacher) -> None:
    of_old, of_young = teacher.probabilities(seen(UNSURE[:2]), [PHONE, PHONE], [OLD, YOUNG])
    assert of_old[CARCINOMA] > 3 * of_old[MOLE]
    assert of_young[MOLE] > 3 * of_young[CARCINOMA]
    assert of_old[MELANOMA] == pytest.approx(of_young[MELANOMA].item(), abs=0.1), "it comes at either age"


def test_blank_facts_leave_the_picture_alone(teacher: Teacher) -> None:
    kinds = teacher.probabilities(seen(UNSURE[:1]), [PHONE], [PatientFacts()])[0]
    assert torch.allclose(kinds, UNSURE[0])


def test_a_sure_picture_is_not_talked_over() -> None:
    sure = torch.full((160, len(CHOICES)), 1e-4)
    sure[range(160), pictures().choice] = 1.0
    teacher = Teacher.fitted(Told(), pictures(), pictures(), seen(sure))
    assert teacher.probabilities(seen(sure[:1]), [PHONE], [OLD])[0].argmax() == MOLE


def test_pictures_are_blended_with_others_taken_the_same_way() -> None:
    taken = torch.tensor([0, 1, 0, 1, 0])
    features = (10.0 * taken)[:, None, None].expand(-1, 3, 4) + torch.arange(5.0)[:, None, None]
    blended = blends(features, taken, 1.0, Random(1))
    assert not torch.equal(blended, features)
    assert ((blended < 9) == (features < 9)).all(), "phone photos stay phone photos, dermoscopy stays dermoscopy"
    assert ((blended - features).abs().amax((1, 2)) <= 2).all(), "its own part is the larger"


def test_each_picture_is_blended_in_a_share_of_its_own() -> None:
    features = torch.tensor([0.0, 1.0]).repeat(8)[:, None, None].expand(-1, 3, 4)
    moved = (blends(features, torch.zeros(16, dtype=torch.long), 1.0, Random(1)) - features).abs()
    assert len(set(moved[:, 0, 0].tolist())) == 16
    assert (moved == moved[:, :1, :1]).all(), "all of a picture in the same share"


@given(
    st.builds(
        PatientFacts,
        age=st.none() | st.integers(0, 110),
        region=st.none() | st.sampled_from(["arm", "nose", "a place no record names"]),
        itch=st.none() | st.booleans(),
        bleed=st.none() | st.booleans(),
    )
)
def test_no_facts_break_it(facts: PatientFacts) -> None:
    reader = FactsReader.fitted(pictures(2), PHONE, ("arm", "nose"))
    ratios = reader.ratios([facts])
    assert ratios.isfinite().all()
    assert not ratios[0, [i for i in range(len(CHOICES)) if i not in (MOLE, MELANOMA, CARCINOMA)]].any()
    assert encoded([facts], ("arm", "nose")).abs().max() < 10

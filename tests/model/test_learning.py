"""What is taught: measured features, lessons, views, made negatives, and the figures that judge it."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conditions import Domain, facts_in_words
from model.datasets.record import PatientFacts
from model.measure import measure
from model.negatives import drawn_object, eruption, paste_cutout, skin_margin, unreadable
from model.network import SkinGPT
from model.notes import description, features, masked
from model.pictures import PictureSet
from model.training.lessons import IGNORED, Lesson, collate, facts_text
from model.training.views import as_seen, augmented, blended, pasted
from model.training.vision import kind_weights, sampling_weights
from tests.model.conftest import drawn_lesion


@pytest.mark.parametrize(
    ("paint", "named"),
    [((40, 25, 20), "black"), ((120, 72, 45), "brown"), ((220, 60, 60), "red"), ((240, 240, 238), "white")],
)
def test_colours_are_named_as_painted(paint: tuple[int, int, int], named: str) -> None:
    measured = measure(np.asarray(drawn_lesion(paint, side=208)))
    assert measured is not None
    assert any(named in colour for colour in measured.colours)
    assert (measured.size, measured.shape, measured.edge) == ("medium", "even", "sharp")


def test_bare_skin_has_nothing_to_measure() -> None:
    assert measure(np.full((208, 208, 3), (214, 168, 146), dtype=np.uint8)) is None


def test_a_description_never_names_a_diagnosis() -> None:
    measured = measure(np.asarray(drawn_lesion((40, 25, 20), side=208)))
    words = description(Domain.PHONE, "melanoma", measured, Random(0)) + features("melanoma", measured, PatientFacts())
    assert not any(kind in words.lower() for kind in ("melanoma", "mole", "naevus", "carcinoma", "keratos"))


@given(st.builds(PatientFacts, age=st.none() | st.integers(0, 110), itch=st.none() | st.booleans()), st.integers())
def test_masking_only_ever_leaves_out(facts: PatientFacts, seed: int) -> None:
    left = masked(facts, Random(seed))
    assert left.age in (None, facts.age)
    assert left.itch in (None, facts.itch)


def test_about_a_third_of_the_patients_tell_all_and_a_third_nothing() -> None:
    """Patients who press every button must be as familiar as those who press none."""
    facts = PatientFacts(age=58, region="face", itch=True, grew=False, hurt=True, changed=False, bleed=True)
    told = [masked(facts, Random(seed)) for seed in range(600)]
    assert 150 < told.count(facts) < 270
    assert 150 < told.count(PatientFacts()) < 270


def test_facts_in_words() -> None:
    facts = PatientFacts(age=58, region="face", itch=True, bleed=False)
    assert facts_text(facts) == "Patient: age 58, face, itches, does not bleed. "
    assert facts_text(PatientFacts()) == facts_in_words(None, None, {}) == ""


def test_only_the_answer_is_learned(miniature: SkinGPT) -> None:
    lessons = [
        Lesson(0, "###Human: <Img><image></Img> hello ###Assistant:", "<phone><melanoma>"),
        Lesson(1, "###Human: <Img><image></Img> a longer question than that ###Assistant:", " yes"),
    ]
    ids, _, labels = collate(lessons, miniature.processor.tokens, "</s>", 512)
    decode = miniature.processor.tokenizer.decode
    told = [decode(row[row != IGNORED]) for row in labels]
    assert told == ["<phone><melanoma></s>", " yes</s>"]
    assert ids.shape == labels.shape


def test_a_lesson_that_is_too_long_keeps_its_picture_and_loses_the_end_of_its_answer(miniature: SkinGPT) -> None:
    lessons = [
        Lesson(0, "###Human: <Img><image></Img> hello ###Assistant:", " an answer" + " of many many words" * 9),
        Lesson(1, "###Human: <Img><image></Img> hello ###Assistant:", " yes"),
    ]
    whole, _, all_labels = collate(lessons, miniature.processor.tokens, "</s>", 512)
    ids, mask, labels = collate(lessons, miniature.processor.tokens, "</s>", 50)
    image = miniature.processor.tokenizer.convert_tokens_to_ids("<image>")
    assert ids.shape == mask.shape == labels.shape == (2, 50)
    assert (ids == image).sum(1).tolist() == [miniature.processor.num_query_tokens] * 2
    assert ids[0].tolist() == whole[0, :50].tolist()
    assert labels[1][mask[1].bool()].tolist() == all_labels[1][-int(mask[1].sum()) :].tolist(), "the short one is whole"


def test_views_differ_and_plain_ones_do_not() -> None:
    pixels = torch.from_numpy(np.asarray(drawn_lesion((120, 72, 45), side=64))[None].copy())
    generator = torch.Generator().manual_seed(0)
    one, two = augmented(pixels, 32, generator), augmented(pixels, 32, generator)
    assert one.shape == (1, 3, 32, 32)
    assert not torch.allclose(one, two)
    assert torch.equal(as_seen(pixels, 32), as_seen(pixels, 32))
    assert one.abs().max() <= 1.001


@given(st.floats(0, 1), st.integers())
def test_two_pictures_are_mixed_by_the_share_that_is_told(share: float, seed: int) -> None:
    views = torch.stack([torch.zeros(3, 16, 16), torch.ones(3, 16, 16)])
    for mixed in (blended, pasted):
        shown, own = mixed(views, share, Random(seed))
        assert 0 <= own <= 1
        assert shown[1].mean().item() == pytest.approx(own, abs=1e-5), "of the white one as much white as is told"
        assert shown[0].mean().item() == pytest.approx(1 - own, abs=1e-5)


def test_negatives_are_made_from_skin() -> None:
    rng = np.random.default_rng(0)
    photo = drawn_lesion((120, 72, 45), side=300)
    skin = skin_margin(photo, rng)
    assert skin is not None
    assert np.asarray(skin).std(axis=(0, 1)).max() < 12
    black = Image.new("RGB", (200, 200))
    black.paste(drawn_lesion((90, 40, 40)).crop((40, 40, 80, 80)), (80, 80))
    assert (np.asarray(paste_cutout(black, skin, rng)).max(axis=2) > 40).all(), "no black ground may be left"
    for made in (unreadable(photo, skin, rng), eruption(skin, rng), drawn_object(rng)):
        assert made.size == (256, 256)


def test_a_photo_without_even_skin_gives_no_margin() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    assert (
        skin_margin(Image.fromarray(noise).resize((300, 300), Image.Resampling.NEAREST), np.random.default_rng(0))
        is None
    )


def test_rare_kinds_are_drawn_more_often() -> None:
    choice = np.array([0] * 90 + [1] * 10)
    pictures = PictureSet(
        np.zeros((100, 1, 1, 3), np.uint8),
        choice,
        np.zeros(100, np.int64),
        (PatientFacts(),) * 100,
        ("g",) * 100,
        np.zeros(100, np.bool_),
        ((),) * 100,
    )
    assert sampling_weights(pictures, 1.0)[choice == 1].sum() == pytest.approx(
        float(sampling_weights(pictures, 1.0)[choice == 0].sum())
    )
    assert len(set(sampling_weights(pictures, 0.0).tolist())) == 1
    unanswered = replace(pictures, choice=np.where(choice == 1, -1, choice))
    assert not sampling_weights(unanswered, 1.0)[choice == 1].any()
    assert kind_weights(unanswered, 1.0).tolist() == kind_weights(pictures, 1.0).tolist()

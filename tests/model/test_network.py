"""The network reads the picture, answers alike alone or in a batch, and survives saving."""

from pathlib import Path

import torch

from conditions import CHOICE_QUESTION, CHOICES, prompt
from model.choosing import choose, fitted_temperature, scale_choices
from model.network import SkinGPT, load_skingpt
from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS
from tests.model.conftest import drawn_lesion


def features(skingpt: SkinGPT, *colours: tuple[int, int, int]) -> torch.Tensor:
    pixels = skingpt.processor.pixels([drawn_lesion(colour) for colour in colours])
    with torch.inference_mode():
        return skingpt.network.vision_model(pixel_values=pixels).last_hidden_state


def test_every_answer_is_one_token(miniature: SkinGPT) -> None:
    tokenizer = miniature.processor.tokenizer
    for answer in (*DOMAIN_TOKENS, *CHOICE_TOKENS):
        assert len(tokenizer(answer, add_special_tokens=False).input_ids) == 1
        assert tokenizer.decode(tokenizer(answer).input_ids, skip_special_tokens=True) == answer


def test_image_is_expanded_where_it_stands(miniature: SkinGPT) -> None:
    ids = miniature.processor.tokens([prompt("<image>", CHOICE_QUESTION)])["input_ids"][0].tolist()
    image = miniature.network.config.image_token_id
    assert ids[0] == miniature.processor.tokenizer.bos_token_id
    assert ids.count(image) == miniature.processor.num_query_tokens
    assert ids[1] != image


def test_the_answer_depends_on_the_picture(miniature: SkinGPT) -> None:
    two = choose(miniature, features(miniature, (20, 20, 20), (230, 40, 40)), ["", ""])
    assert not torch.allclose(two.choices[0], two.choices[1])


def test_left_padding_changes_nothing(miniature: SkinGPT) -> None:
    seen = features(miniature, (90, 50, 40), (90, 50, 40))
    facts = "Patient: age 58, face, itches. "
    together = choose(miniature, seen, ["", facts])
    torch.testing.assert_close(together.choices[0], choose(miniature, seen[:1], [""]).choices[0], atol=1e-4, rtol=0)
    torch.testing.assert_close(together.choices[1], choose(miniature, seen[:1], [facts]).choices[0], atol=1e-4, rtol=0)


def test_saved_and_loaded_it_answers_the_same(miniature: SkinGPT, weights: Path) -> None:
    loaded = load_skingpt(weights)
    assert loaded.processor.num_query_tokens == miniature.processor.num_query_tokens
    assert loaded.processor.tokenizer.chat_template == miniature.processor.tokenizer.chat_template
    seen = features(miniature, (90, 50, 40))
    torch.testing.assert_close(choose(loaded, seen, [""]).choices, choose(miniature, seen, [""]).choices)


def test_calibration_in_the_weights_is_calibration_of_the_answer(weights: Path) -> None:
    skingpt = load_skingpt(weights)
    seen = features(skingpt, (90, 50, 40), (230, 40, 40))
    before = choose(skingpt, seen, ["", ""]).choices
    scale_choices(skingpt, 2.0)
    after = choose(skingpt, seen, ["", ""]).choices
    torch.testing.assert_close(after, (before / 2).log_softmax(-1), atol=1e-4, rtol=0)


def test_temperature_is_found_again() -> None:
    torch.manual_seed(1)
    honest = torch.randn(4000, len(CHOICES)).mul(1.5).log_softmax(-1)
    choice = torch.distributions.Categorical(logits=honest).sample()
    assert abs(fitted_temperature(honest * 3, choice) - 3) < 0.4

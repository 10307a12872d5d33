"""A miniature network with fresh weights and drawn pictures: the real code paths without the trained weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from conditions import CHOICE_QUESTION, QUESTIONS, facts_in_words, prompt
from model.network import SkinGPT, mini_config, new_network
from model.processor import SkinGPTProcessor, square_processor
from model.tokenizer import train_tokenizer


def drawn_lesion(colour: tuple[int, int, int], *, seed: int = 0, side: int = 120) -> Image.Image:
    """One round spot on even, slightly noisy skin."""
    rng = np.random.default_rng(seed)
    skin = np.full((side, side, 3), (214, 168, 146), dtype=np.float64) + rng.normal(0, 3, (side, side, 3))
    image = Image.fromarray(skin.clip(0, 255).astype(np.uint8))
    edge = side * 0.3
    ImageDraw.Draw(image).ellipse((edge, edge, side - edge, side - edge), fill=colour)
    return image


@pytest.fixture(scope="session")
def miniature() -> SkinGPT:
    torch.manual_seed(0)
    facts = facts_in_words(58, "face", {"itch": True, "bleed": False})
    texts = [prompt("", question, facts) for question in (CHOICE_QUESTION, *QUESTIONS)] * 3
    processor = SkinGPTProcessor(square_processor(32), train_tokenizer(texts))
    return SkinGPT(new_network(mini_config(32, processor)).eval(), processor)


@pytest.fixture(scope="session")
def weights(miniature: SkinGPT, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    miniature.network.save_pretrained(folder)
    miniature.processor.save_pretrained(folder)
    return folder

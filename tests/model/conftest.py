"""A miniature network with fresh weights and drawn pictures: the real code paths without the trained weights."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from conditions import CHOICE_QUESTION, QUESTIONS, facts_in_words, prompt
from model.network import SkinGPT, mini_config, new_network
from model.processor import SkinGPTProcessor, square_processor
from model.tokenizer import train_tokenizer
from model.vision_tower import PLAIN_HEAD, PlainHead

torch.set_num_threads(1)
"""Two are slower once anything else runs."""


def drawn_lesion(colour: tuple[int, int, int], *, seed: int = 0, side: int = 120) -> Image.Image:
    """One round spot on even, slightly noisy skin."""
    rng = np.random.default_rng(seed)
    skin = np.full((side, side, 3), (214, 168, 146), dtype=np.float64) + rng.normal(0, 3, (side, side, 3))
    image = Image.fromarray(skin.clip(0, 255).astype(np.uint8))
    edge = side * 0.3
    ImageDraw.Draw(image).ellipse((edge, edge, side - edge, side - edge), fill=colour)
    return image


def broken_png() -> bytes:
    """A PNG that ends inside the name of a chunk of its pixels, at which Pillow raises a SyntaxError."""
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)).save(content, "PNG")
    whole = content.getvalue()
    return whole[: whole.rindex(b"IDAT") + 2]


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


@pytest.fixture(scope="session")
def released(miniature: SkinGPT, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder as `skingpt release` writes it, the plain head with it."""
    folder = tmp_path_factory.mktemp("released")
    miniature.network.save_pretrained(folder)
    miniature.processor.save_pretrained(folder)
    head = PlainHead(miniature.network.vision_model)
    heads = {name: t.contiguous() for name, t in head.state_dict().items() if not name.startswith("tower.")}
    save_file(heads, folder / PLAIN_HEAD)
    return folder


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in the form of the public ones: drawn moles and cancers, everyday pictures."""
    data = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(5)
    pad = ["img_id,file,kind,split,patient_id,lesion_id,diagnostic,age,region,itch,grew,hurt,changed,bleed,elevation"]
    ham = ["lesion_id,image_id,dx,age,sex,localization,split"]
    paints = {"NEV": (110, 70, 50), "BCC": (220, 90, 90), "MEL": (40, 30, 30)}
    for number in range(18):
        split = ("train", "train", "train", "val", "test", "test")[number % 6]
        kind = list(paints)[number % 3]
        for folder, name in (("pad_ufes_20/photos", f"P{number}.jpg"), ("ham10000/images", f"I{number}.jpg")):
            (data / folder).mkdir(parents=True, exist_ok=True)
            paint = tuple(int(c) for c in np.clip(np.array(paints[kind]) + rng.integers(-9, 9, 3), 0, 255))
            drawn_lesion(paint, seed=number).save(data / folder / name)
        yes = "True" if kind != "NEV" else "False"
        pad.append(
            f"P{number},photos/P{number}.jpg,photo,{split},G{number},1,{kind},6{number % 10},FACE,{yes},{yes},,,,{yes}"
        )
        ham.append(f"L{number},I{number},{kind.lower().replace('nev', 'nv')},60,male,back,{split}")
    (data / "pad_ufes_20" / "metadata.csv").write_text("\n".join(pad))
    (data / "ham10000" / "metadata.csv").write_text("\n".join(ham))
    for folder in ("train", "test"):
        (data / "not_skin" / folder).mkdir(parents=True)
        for number in range(6):
            noise = rng.integers(0, 255, (5, 5, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((64, 64)).save(data / "not_skin" / folder / f"{number}.jpg")
    return data

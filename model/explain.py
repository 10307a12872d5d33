"""What an answer depended on in a picture, patch by patch, in one of two ways.

`occlusion`: parts of the picture are covered with the colour around it, and what the answer loses by that counts. It is
what is shown, since it says by its making what the answer depends on.
`attention`: the queries' attention to the patches in each layer of the Q-Former, weighted by how much more of it would
have raised the answer. The ViT has mixed the patches before the Q-Former reads them, and in the mini this hardly points
at the lesion (see the model card), so it is for research.

The choice is that of all looks that the network takes at a picture; what it depended on is told of the first alone, the
picture as it is, since every cover would have to be looked at as often.

Sources: Zeiler and Fergus, ECCV 2014 (occlusion); Chefer, Gur and Wolf, ICCV 2021 (attention times its gradient).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from conditions import CHOICE_QUESTION, CHOICES, prompt
from model.choosing import BATCH, choose
from model.errors import RequestError
from model.network import SkinGPT, embed_prompt, look, picture_tokens, read_prompt, tower_outputs
from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS

Way = Literal["occlusion", "attention"]

COVERED = 4
"""Patches along each side of the part that is covered at once; the next part begins half of that further on."""

STRONG = 1.0
"""What an answer must lose (of its log-probability) by a cover for full heat: where no cover matters, nothing glows."""

LONGEST_SIDE = 640
"""Pixels of the longer side of an overlay."""


@dataclass(frozen=True)
class LookedAt:
    """The choice, and how much each patch counted for it: (rows, columns), 0 to 1."""

    choice: str
    heat: Tensor


def looked_at(skingpt: SkinGPT, image: Image.Image, way: Way = "occlusion") -> LookedAt:
    """Where the answer to the choice question about `image` came from.

    Raises:
        RequestError: the network has no Q-Former.
    """
    if getattr(skingpt.network, "qformer", None) is None:
        raise RequestError("this network has no Q-Former: nothing can be explained")
    pixels = skingpt.processor.pixels([image])
    with torch.inference_mode():
        choice = int(choose(skingpt, look(skingpt.network, pixels), [""]).choices.argmax())
    return LookedAt(CHOICES[choice], (_occluded if way == "occlusion" else _attended)(skingpt, pixels, choice))


@torch.inference_mode()
def _occluded(skingpt: SkinGPT, pixels: Tensor, choice: int) -> Tensor:
    """What the choice loses on average where a patch (rows, columns) is covered."""
    vision = skingpt.network.config.vision_config
    patch, side = vision.patch_size, vision.image_size // vision.patch_size
    wide = min(COVERED, side - 1)
    rim = torch.cat([pixels[0, :, 0], pixels[0, :, -1], pixels[0, :, :, 0], pixels[0, :, :, -1]], dim=1)
    firsts = range(1 - wide, side, max(1, wide // 2))
    covers = [(row, column) for row in firsts for column in firsts]
    views = pixels.repeat(len(covers) + 1, 1, 1, 1)
    for view, (row, column) in zip(views[1:], covers, strict=True):
        rows, columns = _span(row, wide, side, patch), _span(column, wide, side, patch)
        view[:, rows, columns] = rim.median(1).values[:, None, None]
    features = torch.cat([tower_outputs(skingpt.network, part) for part in torch.split(views, BATCH)])
    scores = choose(skingpt, features, [""] * len(features)).choices
    loss, times = torch.zeros(side, side), torch.zeros(side, side)
    for lost, (row, column) in zip((scores[0, choice] - scores[1:, choice]).clamp(min=0), covers, strict=True):
        rows, columns = _span(row, wide, side, 1), _span(column, wide, side, 1)
        loss[rows, columns] += lost
        times[rows, columns] += 1
    loss = loss / times
    return loss / loss.max().clamp(min=STRONG)


def _span(first: int, wide: int, side: int, patch: int) -> slice:
    """The pixels of patches `first` … `first + wide`, as far as they lie in the picture."""
    return slice(max(0, first) * patch, min(side, first + wide) * patch)


def _attended(skingpt: SkinGPT, pixels: Tensor, choice: int) -> Tensor:
    """How much the queries' attention to a patch (rows, columns) counted for the choice."""
    network = skingpt.network
    with torch.no_grad():
        features = tower_outputs(network, pixels)
    asked = prompt("<image>", CHOICE_QUESTION)
    with torch.enable_grad(), _cross_attentions(network) as attentions:
        pictures, _ = picture_tokens(network, features)
        domain = int(_scores(skingpt, asked, pictures, DOMAIN_TOKENS).argmax())
        scores = _scores(skingpt, asked + DOMAIN_TOKENS[domain], pictures, CHOICE_TOKENS)
        gradients = torch.autograd.grad(scores[choice], attentions)
    heat = torch.zeros(features.shape[1] - 1)
    for attention, gradient in zip(attentions, gradients, strict=True):
        heat += (attention * gradient).clamp(min=0).detach()[0].mean((0, 1))[1:].cpu()
    side, heat = round(len(heat) ** 0.5), heat - heat.min()
    return (heat / heat.max().clamp(min=1e-9)).reshape(side, side)


def overlay(image: Image.Image, heat: Tensor) -> Image.Image:
    """The picture, grey where the answer did not look and warm where it did; at most LONGEST_SIDE pixels long."""
    small = image.convert("RGB")
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    cells = Image.fromarray((heat.numpy() * 255).astype(np.uint8))
    strength = np.asarray(cells.resize(small.size, Image.Resampling.BICUBIC), dtype=np.float32)[..., None] / 255
    pixels = np.asarray(small, dtype=np.float32)
    grey = pixels.mean(2, keepdims=True).repeat(3, axis=2)
    warm = np.array([255, 120, 0], dtype=np.float32)
    mixed = (1 - strength) * (0.75 * grey + 0.25 * pixels) + strength * (0.6 * pixels + 0.4 * warm)
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def _scores(skingpt: SkinGPT, text: str, pictures: Tensor, tokens: tuple[str, ...]) -> Tensor:
    inputs = skingpt.processor.tokens([text])
    embedded = embed_prompt(skingpt.network, inputs["input_ids"], pictures)
    logits = read_prompt(skingpt.network, embedded, inputs["attention_mask"]).logits[0, -1]
    ids = skingpt.processor.tokenizer.convert_tokens_to_ids(list(tokens))
    scores: Tensor = logits[ids].float().log_softmax(-1)
    return scores


@contextmanager
def _cross_attentions(network: Any) -> Iterator[list[Tensor]]:
    """Collects the cross-attention weights (1, heads, queries, patches + 1) of each layer that has them.

    Only the plain implementation of attention gives its weights, so it is used meanwhile.
    """
    attentions: list[Tensor] = []
    config = network.qformer.config
    usual = config._attn_implementation
    hooks = [
        layer.crossattention.attention.register_forward_hook(lambda _module, _given, told: attentions.append(told[1]))
        for layer in network.qformer.encoder.layer
        if hasattr(layer, "crossattention")
    ]
    config._attn_implementation = "eager"
    try:
        yield attentions
    finally:
        config._attn_implementation = usual
        for hook in hooks:
            hook.remove()

"""The mini's vision tower: ViT-Ti/16 (AugReg, ImageNet-21k) in `transformers`' Blip2VisionModel, and its plain head.

Towers of several training runs can look together: runs err apart, so what they agree on is right more often than what
either says (deep ensembles: Lakshminarayanan et al. 2017).

The pre-trained position table (14 x 14 patches, 224 px) is interpolated once to the side the tower runs at, and once
more where a trained tower is set to another side.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate
from transformers import Blip2VisionConfig, Blip2VisionModel
from transformers.modeling_outputs import BaseModelOutput

from conditions import CHOICES, Domain
from model.errors import WeightsError
from model.presets import MINI

PLAIN_HEAD = "plain_head.safetensors"
"""The plain head's file in a weights folder."""


class JoinedTowers(nn.Module):
    """Towers of several runs over the same picture; what they see of a patch lies side by side."""

    def __init__(self, towers: Sequence[Blip2VisionModel]) -> None:
        super().__init__()
        self.towers = nn.ModuleList(towers)

    def forward(self, pixel_values: Tensor) -> BaseModelOutput:
        """(B, 3, S, S) -> the last layers (B, patches + 1, towers * width)."""
        seen = [tower(pixel_values=pixel_values).last_hidden_state for tower in self.towers]
        return BaseModelOutput(last_hidden_state=torch.cat(seen, dim=-1))


Tower: TypeAlias = Blip2VisionModel | JoinedTowers


def towers_of(tower: Tower) -> list[Blip2VisionModel]:
    """Those that were joined, or the one."""
    return list(tower.towers) if isinstance(tower, JoinedTowers) else [tower]


def vit_tiny_config(side: int) -> Blip2VisionConfig:
    """ViT-Ti/16: 192 wide, 12 deep, 3 heads, `side` pixels square."""
    return Blip2VisionConfig(**{**MINI.vision, "image_size": side}, attn_implementation="sdpa")


def load_vit_tiny(path: Path, side: int) -> Blip2VisionModel:
    """The published ViT-Ti (timm names, fp16) as a Blip2VisionModel for pictures of `side` pixels.

    Raises:
        WeightsError: the file is missing or lacks a tensor of the architecture.
    """
    if not path.is_file():
        raise WeightsError(f"{path} is missing: the vision step starts from the pre-trained ViT-Ti/16")
    source = {name: tensor.float() for name, tensor in load_file(path).items()}
    tower = Blip2VisionModel(vit_tiny_config(side))
    try:
        tensors = _renamed(source, layers=12, side=side)
    except KeyError as error:
        raise WeightsError(f"{path} lacks the tensor {error}: it is not a timm ViT-Ti/16") from error
    tower.load_state_dict(tensors, strict=True)
    return tower


@torch.no_grad()
def set_side(tower: Tower, side: int) -> None:
    """Lets the tower read pictures of `side` pixels, its position table interpolated as `transformers` would each time.

    Raises:
        WeightsError: `side` is no multiple of the patches' side.
    """
    for one in towers_of(tower):
        _set_side(one, side)


def _set_side(tower: Blip2VisionModel, side: int) -> None:
    embeddings = tower.embeddings
    if side <= 0 or side % embeddings.patch_size:
        raise WeightsError(f"{side} px cannot be cut into patches: name a multiple of {embeddings.patch_size}")
    if side == embeddings.image_size:
        return
    patches = side // embeddings.patch_size
    embeddings.position_embedding = nn.Parameter(_positions(embeddings.position_embedding, patches))
    embeddings.image_size, embeddings.num_patches, embeddings.num_positions = side, patches**2, patches**2 + 1
    tower.config.image_size = side


def _renamed(source: dict[str, Tensor], layers: int, side: int) -> dict[str, Tensor]:
    tensors = {
        "embeddings.class_embedding": source["cls_token"],
        "embeddings.position_embedding": _positions(source["pos_embed"], side // 16),
        "embeddings.patch_embedding.weight": source["patch_embed.proj.weight"],
        "embeddings.patch_embedding.bias": source["patch_embed.proj.bias"],
        "post_layernorm.weight": source["norm.weight"],
        "post_layernorm.bias": source["norm.bias"],
    }
    parts = {
        "norm1": "layer_norm1",
        "attn.qkv": "self_attn.qkv",
        "attn.proj": "self_attn.projection",
        "norm2": "layer_norm2",
        "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2",
    }
    for layer in range(layers):
        for theirs, ours in parts.items():
            for kind in ("weight", "bias"):
                tensors[f"encoder.layers.{layer}.{ours}.{kind}"] = source[f"blocks.{layer}.{theirs}.{kind}"]
    return tensors


def _positions(table: Tensor, patches: int) -> Tensor:
    first, grid = table[:, :1], table[:, 1:]
    old = int(grid.shape[1] ** 0.5)
    square = grid.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    square = interpolate(square, (patches, patches), mode="bicubic", align_corners=False)
    return torch.cat([first, square.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


class PlainHead(nn.Module):
    """The tower with linear heads on its class token and mean patch: what the language model has to live up to."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.tower = tower
        width = sum(one.config.hidden_size for one in towers_of(tower))
        self.dropout = nn.Dropout(0.1)
        self.choice = nn.Linear(2 * width, len(CHOICES))
        self.domain = nn.Linear(2 * width, len(Domain))

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.choice.weight.device

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) -> choice logits (B, 11), domain logits (B, 2)."""
        return self.heads(self.tower(pixel_values=images).last_hidden_state)

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Tower outputs (B, looks * (1 + patches), width) -> choice logits (B, 11), domain logits (B, 2).

        The head is linear: read off the looks' mean, its probabilities are those of its mean log-probabilities.
        """
        positions = towers_of(self.tower)[0].embeddings.num_positions
        read = self.dropout(pooled(features, features.shape[1] // positions))
        return self.choice(read), self.domain(read)


def joined(heads: Sequence[PlainHead]) -> PlainHead:
    """One head on all their towers that answers with the mean of their logits; the towers read the same side.

    Raises:
        WeightsError: one of them was joined already.
    """
    towers = [each.tower for each in heads]
    if any(isinstance(tower, JoinedTowers) for tower in towers):
        raise WeightsError("towers are joined once: name each alone")
    head = PlainHead(JoinedTowers(towers))
    with torch.no_grad():
        for name in ("choice", "domain"):
            linear, parts = getattr(head, name), [getattr(each, name) for each in heads]
            first, patches = zip(*(part.weight.chunk(2, dim=1) for part in parts), strict=True)
            linear.weight.copy_(torch.cat([*first, *patches], dim=1) / len(heads))
            linear.bias.copy_(torch.stack([part.bias for part in parts]).mean(0))
    return head.eval()


def pooled(features: Tensor, looks: int = 1) -> Tensor:
    """Tower outputs (B, looks * (1 + patches), width) -> class token and mean patch (B, 2 * width), the looks' mean.

    It is what a linear head reads.
    """
    seen = features.reshape(len(features), looks, -1, features.shape[-1])
    return torch.cat([seen[:, :, 0].mean(1), seen[:, :, 1:].mean((1, 2))], dim=1)

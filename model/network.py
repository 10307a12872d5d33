"""The network: `transformers`' Blip2ForConditionalGeneration with a Llama, the paper's architecture, in miniature.

ViT -> Q-Former (queries read the picture by cross-attention) -> one linear projection -> Llama, as in SkinGPT-4; the
mini keeps every part and shrinks it to what a CPU answers in under a second.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2VisionModel,
    LlavaNextForConditionalGeneration,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutputWithPast

from model.errors import WeightsError
from model.presets import MINI
from model.processor import SkinGPTProcessor, load_processor
from model.vision_tower import JoinedTowers

Network = TypeVar("Network", bound=nn.Module)

FLIPS: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))
"""The looks at a picture (B, 3, S, S), by the dimensions that are flipped: as it is, mirrored, upside down, both."""

_CLASSES = {"blip-2": Blip2ForConditionalGeneration, "llava_next": LlavaNextForConditionalGeneration}


class Blip2WithTowers(Blip2ForConditionalGeneration):
    """BLIP-2 with `config.towers` vision towers; the Q-Former reads what all of them see of a patch as one vector."""

    def __init__(self, config: Blip2Config) -> None:
        config.qformer_config.encoder_hidden_size = config.towers * config.vision_config.hidden_size
        super().__init__(config)
        self.vision_model = JoinedTowers(
            [Blip2VisionModel._from_config(config.vision_config) for _ in range(config.towers)]
        )


@dataclass(frozen=True)
class SkinGPT:
    """The network with the processor it was trained with."""

    network: Blip2ForConditionalGeneration
    processor: SkinGPTProcessor


def mini_config(side: int, processor: SkinGPTProcessor, towers: int = 1) -> Blip2Config:
    """The `mini` preset's configuration for pictures of `side` pixels and the processor's own tokenizer."""
    tokenizer = processor.tokenizer
    preset = replace(MINI, vision={**MINI.vision, "image_size": side})
    config = preset.blip2(
        tokenizer.convert_tokens_to_ids("<image>"),
        {
            "vocab_size": len(tokenizer),
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
    )
    if towers > 1:
        config.towers = towers
    return config


def new_network(config: Blip2Config) -> Blip2ForConditionalGeneration:
    """A network with fresh weights; the queries start as noise, since zeros would all learn the same."""
    network = (Blip2WithTowers if hasattr(config, "towers") else Blip2ForConditionalGeneration)(config)
    torch.nn.init.normal_(network.query_tokens, std=0.02)
    return network


def load_skingpt(weights: Path, device: str = "cpu") -> SkinGPT:
    """The network and processor of a weights folder, float32, on `device` (torch's name for it), ready to answer.

    Raises:
        WeightsError: the folder is missing or incomplete.
    """
    processor = load_processor(weights)
    try:
        network = _class_of(weights).from_pretrained(
            weights, dtype=torch.float32, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{weights} cannot be loaded: {error}") from error
    set_last_norm(network)
    return SkinGPT(placed(network.eval(), device), processor)


def _class_of(weights: Path) -> type[PreTrainedModel]:
    told = json.loads((weights / "config.json").read_text())
    kind: type[PreTrainedModel] = _CLASSES[told["model_type"]]
    return Blip2WithTowers if "towers" in told else kind


def placed(network: Network, device: str) -> Network:
    """The network, moved to `device` (torch's name for it).

    Raises:
        WeightsError: there is no such device, or torch was built without it.
    """
    try:
        return network.to(device)
    except (RuntimeError, AssertionError) as error:
        raise WeightsError(
            f"nothing can be placed on {device!r}: {error}. Name cpu, or a device torch knows"
        ) from error


def set_last_norm(network: PreTrainedModel) -> None:
    """LAVIS closes its ViT with a layer norm of another epsilon than the blocks'; `transformers` knows one for both.

    The converter notes it in the vision configuration as `post_layernorm_eps`.
    """
    eps = getattr(network.config.vision_config, "post_layernorm_eps", None)
    if eps is not None:
        network.vision_model.post_layernorm.eps = eps


def tower_outputs(network: Blip2ForConditionalGeneration, pixels: Tensor) -> Tensor:
    """Normalised pictures (B, 3, S, S), wherever they lie -> the ViT's last layer (B, patches + 1, W)."""
    seen: Tensor = network.vision_model(pixel_values=pixels.to(network.device)).last_hidden_state
    return seen


def looks_of(network: PreTrainedModel) -> int:
    """How often the network looks at a picture before it answers; once where its configuration does not say."""
    return int(getattr(network.config, "looks", 1))


def look(network: Blip2ForConditionalGeneration, pixels: Tensor) -> Tensor:
    """Normalised pictures (B, 3, S, S) -> what the Q-Former reads of all looks at them (B, looks * (patches + 1), W).

    Cross-attention asks no order of its tokens, so the looks lie one after the other and the queries choose among them.
    """
    looks = looks_of(network)
    flipped = torch.cat([pixels.flip(dimensions) for dimensions in FLIPS[:looks]])
    return torch.cat(tower_outputs(network, flipped).chunk(looks), dim=1)


def picture_tokens(network: Blip2ForConditionalGeneration, features: Tensor) -> tuple[Tensor, Tensor]:
    """Tower outputs (B, looks * (patches + 1), W) -> projected queries (B, Q, text width), the Q-Former's queries."""
    queries = network.query_tokens.expand(features.shape[0], -1, -1)
    read = network.qformer(query_embeds=queries, encoder_hidden_states=features.to(network.device)).last_hidden_state
    return network.language_projection(read), read


def embed_prompt(network: Blip2ForConditionalGeneration, input_ids: Tensor, pictures: Tensor) -> Tensor:
    """Token embeddings (B, L, width) with `pictures` (images, Q, width) in the places of `<image>`."""
    input_ids = input_ids.to(network.device)
    embedded: Tensor = network.get_input_embeddings()(input_ids)
    places = (input_ids == network.config.image_token_id).unsqueeze(-1)
    return embedded.masked_scatter(places, pictures.to(embedded))


def read_prompt(
    network: Blip2ForConditionalGeneration, embedded: Tensor, attention_mask: Tensor
) -> CausalLMOutputWithPast:
    """The language model over embedded prompts, left-padded; positions count from the first real token."""
    attention_mask = attention_mask.to(embedded.device)
    positions = (attention_mask.cumsum(1) - 1).clamp(min=0)
    return network.language_model(
        inputs_embeds=embedded, attention_mask=attention_mask, position_ids=positions, use_cache=False
    )

"""How a network's parts are called while it learns: frozen towers first, whose outputs are cached, then the rest.

`Blip2Sight` is the paper's network and the mini; `LlavaSight` is LLaVA-NeXT (preset `tgi`).
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from transformers import Blip2ForConditionalGeneration, LlavaNextForConditionalGeneration, PreTrainedModel

from model.network import embed_prompt, picture_tokens, read_prompt, tower_outputs
from model.presets import Preset


class Sight(Protocol):
    """One network under training."""

    @property
    def network(self) -> PreTrainedModel:
        """All of it."""

    @property
    def tokens_a_picture(self) -> int:
        """How many tokens the language model gets of a picture."""

    @property
    def seen_shape(self) -> tuple[int, int]:
        """Of one picture's cached outputs: tokens, width."""

    @property
    def read_width(self) -> int:
        """Numbers in each vector that a reader classifies."""

    @property
    def side(self) -> int:
        """Pixels along each side of a picture."""

    @property
    def towers(self) -> Sequence[nn.Module]:
        """The frozen modules that `see` runs."""

    def see(self, pixels: Tensor) -> Tensor:
        """Normalised pictures (B, 3, S, S) -> the frozen towers' outputs (B, tokens, width)."""

    def project(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """`see`'s outputs -> (B, Q, text width) for the language model, and what the reader classifies (B, Q, W)."""

    def logits(self, input_ids: Tensor, attention_mask: Tensor, pictures: Tensor) -> Tensor:
        """(B, L, vocabulary) for prompts (B, L) with `pictures` in the places of `<image>`."""


class Blip2Sight:
    """ViT, Q-Former, projection, Llama. A Q-Former that is not trained is frozen with the ViT, and cached with it."""

    def __init__(self, network: Blip2ForConditionalGeneration, preset: Preset) -> None:
        self.network = network
        self._reads = "qformer" in preset.trained

    @property
    def tokens_a_picture(self) -> int:
        """One a query."""
        return int(self.network.config.num_query_tokens)

    @property
    def seen_shape(self) -> tuple[int, int]:
        """The ViT's patches where the Q-Former is trained, else the Q-Former's queries."""
        vision, qformer = self.network.config.vision_config, self.network.config.qformer_config
        if self._reads:
            return (vision.image_size // vision.patch_size) ** 2 + 1, qformer.encoder_hidden_size
        return self.tokens_a_picture, self.read_width

    @property
    def read_width(self) -> int:
        """Of the queries."""
        return int(self.network.config.qformer_config.hidden_size)

    @property
    def side(self) -> int:
        """Of the ViT."""
        return int(self.network.config.vision_config.image_size)

    @property
    def towers(self) -> Sequence[nn.Module]:
        """The ViT, and a Q-Former that is not trained."""
        return [self.network.vision_model] if self._reads else [self.network.vision_model, self.network.qformer]

    def see(self, pixels: Tensor) -> Tensor:
        """The ViT's last layer, and what the Q-Former reads in it where that is frozen."""
        seen = tower_outputs(self.network, pixels)
        return seen if self._reads else self._read(seen)

    def project(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """The projected queries, and the queries."""
        if self._reads:
            return picture_tokens(self.network, seen)
        seen = seen.to(self.network.device)
        return self.network.language_projection(seen), seen

    def logits(self, input_ids: Tensor, attention_mask: Tensor, pictures: Tensor) -> Tensor:
        """The language model's scores."""
        embedded = embed_prompt(self.network, input_ids, pictures)
        logits: Tensor = read_prompt(self.network, embedded, attention_mask).logits
        return logits

    def _read(self, seen: Tensor) -> Tensor:
        queries = self.network.query_tokens.expand(seen.shape[0], -1, -1)
        read: Tensor = self.network.qformer(query_embeds=queries, encoder_hidden_states=seen).last_hidden_state
        return read


class LlavaSight:
    """CLIP ViT, projector, Llama. It learns from the whole picture as one tile; servers add tiles of large pictures,
    which go through the same projector.
    """

    def __init__(self, network: LlavaNextForConditionalGeneration, preset: Preset) -> None:
        self.network = network

    @property
    def tokens_a_picture(self) -> int:
        """One a patch, and one for the end of the line."""
        return self.seen_shape[0] + 1

    @property
    def seen_shape(self) -> tuple[int, int]:
        """CLIP's patches without its class token."""
        vision = self.network.config.vision_config
        return (vision.image_size // vision.patch_size) ** 2, vision.hidden_size

    @property
    def read_width(self) -> int:
        """Of the patches."""
        return self.seen_shape[1]

    @property
    def side(self) -> int:
        """Of CLIP."""
        return int(self.network.config.vision_config.image_size)

    @property
    def towers(self) -> Sequence[nn.Module]:
        """CLIP."""
        return [self.network.model.vision_tower]

    def see(self, pixels: Tensor) -> Tensor:
        """The patches of CLIP's last layer but one."""
        told = self.network.model.vision_tower(pixels.to(self.network.device), output_hidden_states=True)
        patches: Tensor = told.hidden_states[self.network.config.vision_feature_layer][:, 1:]
        return patches

    def project(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """The projected patches with the end of the line, and the patches."""
        seen = seen.to(self.network.device)
        projected = self.network.model.multi_modal_projector(seen)
        line = self.network.model.image_newline.expand(len(seen), 1, -1).to(projected.dtype)
        return torch.cat([projected, line], dim=1), seen

    def logits(self, input_ids: Tensor, attention_mask: Tensor, pictures: Tensor) -> Tensor:
        """The language model's scores."""
        embedded = embed_prompt(self.network, input_ids, pictures)
        attention_mask = attention_mask.to(embedded.device)
        positions = (attention_mask.cumsum(1) - 1).clamp(min=0)
        told = self.network.model.language_model(
            inputs_embeds=embedded, attention_mask=attention_mask, position_ids=positions, use_cache=False
        )
        logits: Tensor = self.network.lm_head(told.last_hidden_state)
        return logits


def sight_of(network: PreTrainedModel, preset: Preset) -> Sight:
    """The sight for a network of the preset's kind."""
    if isinstance(network, LlavaNextForConditionalGeneration):
        return LlavaSight(network, preset)
    return Blip2Sight(network, preset)

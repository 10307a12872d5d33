"""One recipe, three sizes: what a network is made of, what of it the two steps train, and how.

`mini` runs on a CPU and is in the repository. `skingpt4` is the paper's network: EVA ViT-g/14, a Q-Former, one linear
projection, Llama-2-13b-chat. `tgi` is LLaVA-NeXT 13B with the same steps and prompts, since TGI cannot load BLIP-2.

Sources: Zhou et al. 2024, Methods (towers, what is trained, the hyper-parameters of both steps); the configurations
that Salesforce publishes for BLIP-2, Meta for Llama-2-13b-chat and the LLaVA team for LLaVA-NeXT (v1.6, Vicuna 13B).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from transformers import Blip2Config, Blip2QFormerConfig, Blip2VisionConfig, LlamaConfig, LlavaNextConfig
from transformers.models.clip.configuration_clip import CLIPVisionConfig

from model.training.loop import Plan

PresetName = Literal["mini", "skingpt4", "tgi"]

LLAMA_WORDS = 32_000
"""Pieces of Llama 2's own vocabulary. `<image>` and `<pad>` come after it, then the answer tokens."""

PADDED_WORDS = 32_064
"""Rows of the embedding of the full-size presets, as LLaVA-NeXT has them."""

_MINI_SIDE = 160
_LLAMA_2_13B: Mapping[str, object] = {
    "vocab_size": PADDED_WORDS,
    "hidden_size": 5120,
    "intermediate_size": 13_824,
    "num_hidden_layers": 40,
    "num_attention_heads": 40,
    "num_key_value_heads": 40,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": LLAMA_WORDS + 1,
}


@dataclass(frozen=True)
class StepRecipe:
    """One of the two steps: how it learns, and what a batch holds.

    `choices` and `notes` count the lessons of a batch. `rarity` 0 samples kinds as the data come, 1 all alike.
    `distilled` is how much of the choice's target is the teacher's probabilities instead of the label; `blended` is the
    parameter of the beta distribution by which pictures are blended two by two for the teacher to judge, 0 for none.
    `phone` says how much oftener than dermoscopy a lesion on a phone photo is drawn for a choice, kinds aside. In
    `strangers` of the choices the facts are another patient's: the teacher weighs whatever is told, while a picture
    that is known by heart would teach to pass over its own facts.
    `reader` weighs an auxiliary classifier on the queries, which keeps new queries about the lesion; 0 leaves it out.
    `looks` counts the views of a picture that the Q-Former reads at once, as the trained network will.
    """

    plan: Plan
    choices: int
    notes: int
    rarity: float = 0.0
    distilled: float = 0.0
    blended: float = 0.0
    phone: float = 1.0
    strangers: float = 0.0
    reader: float = 0.0
    looks: int = 1


@dataclass(frozen=True)
class Preset:
    """A network's sizes and its two steps.

    `trained` names the parts (first words of parameter names) that the steps change. `answer_rows` trains the rows of
    the answer tokens in the frozen embedding and output matrix too: they are new to a published language model.
    `end` closes an answer; `longest` is the most tokens of a prompt with its answer, its picture's not counted.
    """

    name: PresetName
    trained: tuple[str, ...]
    end: str
    longest: int
    views: int
    steps: Mapping[int, StepRecipe]
    answer_rows: bool = False
    vision: Mapping[str, object] = field(default_factory=dict)
    qformer: Mapping[str, object] = field(default_factory=dict)
    text: Mapping[str, object] = field(default_factory=dict)
    queries: int = 0
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    deviation: tuple[float, float, float] = (0.5, 0.5, 0.5)

    @property
    def side(self) -> int:
        """Pixels along each side of the picture."""
        side = self.vision["image_size"]
        assert isinstance(side, int)
        return side

    def blip2(self, image_token: int, text: Mapping[str, object] | None = None) -> Blip2Config:
        """The configuration of `mini` and `skingpt4`; `text` adds what the tokenizer decides.

        Raises:
            ValueError: the preset is not a BLIP-2.
        """
        if not self.qformer:
            raise ValueError(f"{self.name} has no Q-Former: it is not a BLIP-2")
        return Blip2Config(
            vision_config=Blip2VisionConfig(**self.vision).to_dict(),
            qformer_config=Blip2QFormerConfig(**self.qformer).to_dict(),
            text_config=LlamaConfig(**{**self.text, **(text or {})}).to_dict(),
            num_query_tokens=self.queries,
            image_token_index=image_token,
        )

    def llava_next(self) -> LlavaNextConfig:
        """The configuration of `tgi`.

        Raises:
            ValueError: the preset is not a LLaVA-NeXT.
        """
        if self.qformer:
            raise ValueError(f"{self.name} is a BLIP-2, which TGI cannot load: export with --preset tgi")
        return LlavaNextConfig(
            vision_config=CLIPVisionConfig(**self.vision).to_dict(),
            text_config=LlamaConfig(**self.text).to_dict(),
            image_token_index=LLAMA_WORDS,
            image_grid_pinpoints=[[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
            projector_hidden_act="gelu",
            vision_feature_layer=-2,
            vision_feature_select_strategy="default",
        )


MINI = Preset(
    name="mini",
    trained=("query_tokens", "qformer", "language_projection", "language_model"),
    end="</s>",
    longest=512,
    views=4,
    vision={
        "hidden_size": 192,
        "intermediate_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 3,
        "image_size": _MINI_SIDE,
        "patch_size": 16,
        "layer_norm_eps": 1e-6,
        "initializer_range": 0.02,
    },
    qformer={
        "hidden_size": 192,
        "num_hidden_layers": 3,
        "num_attention_heads": 3,
        "intermediate_size": 768,
        "encoder_hidden_size": 192,
        "cross_attention_frequency": 1,
    },
    text={
        "hidden_size": 192,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
        "tie_word_embeddings": False,
    },
    queries=12,
    steps={
        1: StepRecipe(
            Plan(300, 1e-3, warmup=15, betas=(0.9, 0.98), average=0.995, seed=1101, judge_every=100),
            choices=0,
            notes=30,
            rarity=0.45,
            reader=0.5,
        ),
        2: StepRecipe(
            Plan(1400, 1e-3, warmup=70, betas=(0.9, 0.98), average=0.995, seed=1102, judge_every=200),
            choices=48,
            notes=12,
            rarity=0.45,
            distilled=1.0,
            blended=1.0,
            phone=2.5,
            strangers=0.5,
            reader=0.5,
        ),
    },
)
"""The embedded default: Q-Former and language model are new, so they are trained too; the tower in its own step."""

_PAPER_PLAN = Plan(
    batches=20 * 5000, rate=1e-4, first_rate=1e-6, last_rate=8e-5, warmup=5000, weight_decay=0.05, judge_every=5000
)
"""The paper's Methods: 20 epochs of 5000 iterations, warm-up 5000, rate 1e-4, batch 2. The warm-up's first and the
cosine's last rate are MiniGPT-4's, whose trainer the authors used.
"""

_PAPER_STEPS = {
    1: StepRecipe(_PAPER_PLAN, choices=0, notes=2),
    2: StepRecipe(_PAPER_PLAN, choices=1, notes=1),
}

SKINGPT4 = Preset(
    name="skingpt4",
    trained=("language_projection",),
    answer_rows=True,
    end="###",
    longest=160,
    views=0,
    vision={
        "hidden_size": 1408,
        "intermediate_size": 6144,
        "num_hidden_layers": 39,
        "num_attention_heads": 16,
        "image_size": 224,
        "patch_size": 14,
        "qkv_bias": True,
        "layer_norm_eps": 1e-6,
    },
    qformer={
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "encoder_hidden_size": 1408,
        "cross_attention_frequency": 2,
    },
    text=_LLAMA_2_13B,
    queries=32,
    mean=(0.48145466, 0.4578275, 0.40821073),
    deviation=(0.26862954, 0.26130258, 0.27577711),
    steps=_PAPER_STEPS,
)
"""The paper's network: only the projection is trained (and the rows of the new answer tokens)."""

TGI = Preset(
    name="tgi",
    trained=("multi_modal_projector", "image_newline"),
    answer_rows=True,
    end="###",
    longest=160,
    views=0,
    vision={
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "image_size": 336,
        "patch_size": 14,
        "projection_dim": 768,
        "vocab_size": 32_000,
    },
    text=_LLAMA_2_13B,
    mean=(0.48145466, 0.4578275, 0.40821073),
    deviation=(0.26862954, 0.26130258, 0.27577711),
    steps=_PAPER_STEPS,
)
"""LLaVA-NeXT 13B: CLIP ViT-L/14 at 336 px, a projector of two layers, Llama."""

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (MINI, SKINGPT4, TGI)}

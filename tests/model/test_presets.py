"""Every tensor of the full-size presets has the published name and shape, and the miniature of each takes a step."""

from dataclasses import replace

import pytest
import torch
from transformers import Blip2ForConditionalGeneration, LlavaNextForConditionalGeneration

from model.commands import changed
from model.errors import TrainingError
from model.presets import LLAMA_WORDS, MINI, PRESETS, SKINGPT4, TGI
from model.training.vision import VisionRecipe


def shapes(network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.fixture(scope="module")
def skingpt4() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return shapes(Blip2ForConditionalGeneration(SKINGPT4.blip2(LLAMA_WORDS)))


@pytest.fixture(scope="module")
def tgi() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return shapes(LlavaNextForConditionalGeneration(TGI.llava_next()))


def test_eva_vit_g(skingpt4: dict[str, tuple[int, ...]]) -> None:
    """BAAI's EVA ViT-g/14 as BLIP-2 uses it: 39 of its 40 layers, 16 heads, 224 px in patches of 14."""
    assert skingpt4["vision_model.embeddings.class_embedding"] == (1, 1, 1408)
    assert skingpt4["vision_model.embeddings.position_embedding"] == (1, 1 + 16 * 16, 1408)
    assert skingpt4["vision_model.embeddings.patch_embedding.weight"] == (1408, 3, 14, 14)
    assert skingpt4["vision_model.post_layernorm.weight"] == (1408,)
    assert SKINGPT4.vision["num_attention_heads"] == 16
    layer = {
        "layer_norm1.weight": (1408,),
        "layer_norm1.bias": (1408,),
        "layer_norm2.weight": (1408,),
        "layer_norm2.bias": (1408,),
        "self_attn.qkv.weight": (4224, 1408),
        "self_attn.qkv.bias": (4224,),
        "self_attn.projection.weight": (1408, 1408),
        "self_attn.projection.bias": (1408,),
        "mlp.fc1.weight": (6144, 1408),
        "mlp.fc1.bias": (6144,),
        "mlp.fc2.weight": (1408, 6144),
        "mlp.fc2.bias": (1408,),
    }
    expected = {f"vision_model.encoder.layers.{i}.{name}": shape for i in range(39) for name, shape in layer.items()}
    assert {name: shape for name, shape in skingpt4.items() if ".encoder.layers." in name} == expected


def test_q_former(skingpt4: dict[str, tuple[int, ...]]) -> None:
    """BLIP-2's Q-Former: BERT-base with 32 queries and cross-attention in every second of 12 layers."""
    assert skingpt4["query_tokens"] == (1, 32, 768)
    crossing = {int(name.split(".")[3]) for name in skingpt4 if "crossattention" in name}
    assert crossing == {0, 2, 4, 6, 8, 10}
    assert skingpt4["qformer.encoder.layer.0.crossattention.attention.key.weight"] == (768, 1408)
    assert skingpt4["qformer.encoder.layer.11.intermediate_query.dense.weight"] == (3072, 768)
    assert len({name.split(".")[3] for name in skingpt4 if name.startswith("qformer.encoder")}) == 12
    assert skingpt4["language_projection.weight"] == (5120, 768)


@pytest.mark.parametrize(
    ("which", "body", "head"),
    [
        ("skingpt4", "language_model.model", "language_model.lm_head"),
        ("tgi", "model.language_model", "lm_head"),
    ],
)
def test_llama_2_13b(request: pytest.FixtureRequest, which: str, body: str, head: str) -> None:
    """Llama-2-13b: 5120 wide, 40 layers, 40 heads, 13824; 32000 pieces and room for tokens of ours."""
    found: dict[str, tuple[int, ...]] = request.getfixturevalue(which)
    layer = {
        "self_attn.q_proj.weight": (5120, 5120),
        "self_attn.k_proj.weight": (5120, 5120),
        "self_attn.v_proj.weight": (5120, 5120),
        "self_attn.o_proj.weight": (5120, 5120),
        "mlp.gate_proj.weight": (13824, 5120),
        "mlp.up_proj.weight": (13824, 5120),
        "mlp.down_proj.weight": (5120, 13824),
        "input_layernorm.weight": (5120,),
        "post_attention_layernorm.weight": (5120,),
    }
    expected = {f"{body}.layers.{i}.{name}": shape for i in range(40) for name, shape in layer.items()}
    expected |= {f"{body}.embed_tokens.weight": (32064, 5120), f"{head}.weight": (32064, 5120)}
    expected |= {f"{body}.norm.weight": (5120,)}
    assert {name: shape for name, shape in found.items() if name.startswith((body, head))} == expected


def test_llava_next(tgi: dict[str, tuple[int, ...]]) -> None:
    """LLaVA-NeXT (v1.6) 13B: CLIP ViT-L/14 at 336 px and a projector of two layers."""
    assert tgi["model.image_newline"] == (5120,)
    assert tgi["model.multi_modal_projector.linear_1.weight"] == (5120, 1024)
    assert tgi["model.multi_modal_projector.linear_2.weight"] == (5120, 5120)
    positions = next(shape for name, shape in tgi.items() if name.endswith("position_embedding.weight"))
    assert positions == (1 + 24 * 24, 1024)
    assert sum(name.endswith("self_attn.q_proj.weight") and "vision" in name for name in tgi) == 24


def test_the_papers_hyper_parameters_are_the_defaults() -> None:
    for step in (1, 2):
        plan = SKINGPT4.steps[step].plan
        assert (plan.batches, plan.rate, plan.warmup) == (100_000, 1e-4, 5000)
        assert SKINGPT4.steps[step].choices + SKINGPT4.steps[step].notes == 2
    assert SKINGPT4.longest == 160
    assert SKINGPT4.trained == ("language_projection",)


def test_the_rate_warms_up_and_falls() -> None:
    plan = SKINGPT4.steps[1].plan
    assert plan.rate_at(0) < plan.rate_at(4999) == pytest.approx(1e-4)
    assert plan.rate_at(plan.batches) == pytest.approx(8e-5)


def test_a_hyper_parameter_can_be_set_and_an_unknown_one_is_named() -> None:
    recipe = changed(VisionRecipe(), ["plan.batches=7", "rarity=0.5"])
    assert (recipe.plan.batches, recipe.rarity) == (7, 0.5)
    with pytest.raises(TrainingError, match="no hyper-parameter 'speed'"):
        changed(VisionRecipe(), ["speed=1"])
    with pytest.raises(TrainingError, match="wants a int"):
        changed(VisionRecipe(), ["plan.batches=many"])


def test_presets_are_named_and_tell_their_kind() -> None:
    assert set(PRESETS) == {"mini", "skingpt4", "tgi"}
    with pytest.raises(ValueError, match="no Q-Former"):
        TGI.blip2(0)
    with pytest.raises(ValueError, match="--preset tgi"):
        MINI.llava_next()
    assert replace(MINI, views=0).side == 160

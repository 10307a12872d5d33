"""Published weights are read by their exact names and give the original's numbers; what does not fit is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlavaNextForConditionalGeneration,
    LlavaNextProcessor,
)
from typer.testing import CliRunner

from conditions import CHOICE_QUESTION, prompt
from model.commands import app
from model.conversion.authors import convert_authors
from model.conversion.llava import convert_llava, export_llava
from model.errors import WeightsError
from model.network import SkinGPT, load_skingpt, picture_tokens
from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS
from model.presets import SKINGPT4, TGI, Preset
from model.training.language import train_language
from tests.model.conftest import drawn_lesion

WIDE, HEADS, DEEP, PATCH, SIDE = 32, 4, 3, 14, 28
QUERY_WIDE, QUERY_HEADS, QUERY_DEEP, QUERIES, TEXT_WIDE = 24, 4, 4, 5, 40


def small_preset() -> Preset:
    thin = {"num_attention_heads": 4, "intermediate_size": 48}
    return replace(
        SKINGPT4,
        vision={**SKINGPT4.vision, **thin, "hidden_size": WIDE, "num_hidden_layers": DEEP, "image_size": SIDE},
        qformer={
            **SKINGPT4.qformer,
            **thin,
            "hidden_size": QUERY_WIDE,
            "num_hidden_layers": QUERY_DEEP,
            "encoder_hidden_size": WIDE,
        },
        queries=QUERIES,
    )


def lavis_vit() -> dict[str, Tensor]:
    """`eva_vit_g.pth`: EVA's names without a prefix, one block more than BLIP-2 uses, a norm and a head it drops."""
    patches = (SIDE // PATCH) ** 2
    tensors = {
        "cls_token": torch.randn(1, 1, WIDE),
        "pos_embed": torch.randn(1, patches + 1, WIDE),
        "patch_embed.proj.weight": torch.randn(WIDE, 3, PATCH, PATCH) * 0.05,
        "patch_embed.proj.bias": torch.randn(WIDE),
        "norm.weight": torch.randn(WIDE),
        "head.weight": torch.randn(7, WIDE),
    }
    for block in range(DEEP + 1):
        shapes = {
            "norm1.weight": (WIDE,),
            "norm1.bias": (WIDE,),
            "attn.q_bias": (WIDE,),
            "attn.v_bias": (WIDE,),
            "attn.qkv.weight": (3 * WIDE, WIDE),
            "attn.proj.weight": (WIDE, WIDE),
            "attn.proj.bias": (WIDE,),
            "norm2.weight": (WIDE,),
            "norm2.bias": (WIDE,),
            "mlp.fc1.weight": (48, WIDE),
            "mlp.fc1.bias": (48,),
            "mlp.fc2.weight": (WIDE, 48),
            "mlp.fc2.bias": (WIDE,),
        }
        tensors |= {f"blocks.{block}.{name}": torch.randn(shape) * 0.3 for name, shape in shapes.items()}
    return tensors


def lavis_qformer() -> dict[str, Tensor]:
    """`blip2_pretrained_flant5xxl.pth`: queries, `ln_vision`, the Q-Former with its unused text half, `t5_proj`."""
    tensors = {
        "query_tokens": torch.randn(1, QUERIES, QUERY_WIDE),
        "ln_vision.weight": torch.randn(WIDE),
        "ln_vision.bias": torch.randn(WIDE),
        "Qformer.bert.embeddings.position_ids": torch.arange(8)[None],
        "Qformer.bert.embeddings.LayerNorm.weight": torch.randn(QUERY_WIDE),
        "Qformer.bert.embeddings.LayerNorm.bias": torch.randn(QUERY_WIDE),
        "Qformer.bert.embeddings.word_embeddings.weight": torch.randn(11, QUERY_WIDE),
        "t5_proj.weight": torch.randn(9, QUERY_WIDE),
        "t5_proj.bias": torch.randn(9),
    }
    for layer in range(QUERY_DEEP):
        before = f"Qformer.bert.encoder.layer.{layer}."
        reads = {"attention": QUERY_WIDE} | ({"crossattention": WIDE} if layer % 2 == 0 else {})
        for part, width in reads.items():
            for which, wide in (("query", QUERY_WIDE), ("key", width), ("value", width)):
                tensors[f"{before}{part}.self.{which}.weight"] = torch.randn(QUERY_WIDE, wide) * 0.3
                tensors[f"{before}{part}.self.{which}.bias"] = torch.randn(QUERY_WIDE) * 0.3
            tensors |= _dense_and_norm(f"{before}{part}.output.", QUERY_WIDE, QUERY_WIDE)
        for half in ("", "_query"):
            tensors[f"{before}intermediate{half}.dense.weight"] = torch.randn(48, QUERY_WIDE) * 0.3
            tensors[f"{before}intermediate{half}.dense.bias"] = torch.randn(48) * 0.3
            tensors |= _dense_and_norm(f"{before}output{half}.", 48, QUERY_WIDE)
    return tensors


def _dense_and_norm(before: str, wide: int, out: int) -> dict[str, Tensor]:
    return {
        f"{before}dense.weight": torch.randn(out, wide) * 0.3,
        f"{before}dense.bias": torch.randn(out) * 0.3,
        f"{before}LayerNorm.weight": torch.randn(out),
        f"{before}LayerNorm.bias": torch.randn(out),
    }


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    def split(one: Tensor) -> Tensor:
        return one.reshape(len(one), heads, -1).transpose(0, 1)

    weights = (split(query) @ split(key).transpose(1, 2) / split(query).shape[-1] ** 0.5).softmax(-1)
    return (weights @ split(value)).transpose(0, 1).reshape(len(query), -1)


def original_forward(
    vit: dict[str, Tensor], rest: dict[str, Tensor], released: dict[str, Tensor], pixels: Tensor
) -> Tensor:
    """What LAVIS and MiniGPT-4 compute of one picture (3, S, S), written from their source: (queries, text width)."""
    wide = (WIDE,)
    seen = torch.nn.functional.conv2d(
        pixels[None], vit["patch_embed.proj.weight"], vit["patch_embed.proj.bias"], stride=PATCH
    )
    seen = torch.cat([vit["cls_token"][0], seen[0].flatten(1).T]) + vit["pos_embed"][0]
    for block in range(DEEP):
        part = {name.split(".", 2)[2]: t for name, t in vit.items() if name.startswith(f"blocks.{block}.")}
        inner = layer_norm(seen, wide, part["norm1.weight"], part["norm1.bias"], 1e-6)
        bias = torch.cat([part["attn.q_bias"], torch.zeros(WIDE), part["attn.v_bias"]])
        query, key, value = linear(inner, part["attn.qkv.weight"], bias).split(WIDE, 1)
        seen = seen + linear(attend(query, key, value, HEADS), part["attn.proj.weight"], part["attn.proj.bias"])
        inner = layer_norm(seen, wide, part["norm2.weight"], part["norm2.bias"], 1e-6)
        inner = gelu(linear(inner, part["mlp.fc1.weight"], part["mlp.fc1.bias"]))
        seen = seen + linear(inner, part["mlp.fc2.weight"], part["mlp.fc2.bias"])
    seen = layer_norm(seen, wide, rest["ln_vision.weight"], rest["ln_vision.bias"], 1e-5)

    def dense_and_norm(before: str, inner: Tensor, base: Tensor) -> Tensor:
        out = linear(inner, rest[f"{before}dense.weight"], rest[f"{before}dense.bias"]) + base
        return layer_norm(out, (QUERY_WIDE,), rest[f"{before}LayerNorm.weight"], rest[f"{before}LayerNorm.bias"], 1e-12)

    names = "Qformer.bert.embeddings.LayerNorm."
    hidden = layer_norm(rest["query_tokens"][0], (QUERY_WIDE,), rest[f"{names}weight"], rest[f"{names}bias"], 1e-12)
    for layer in range(QUERY_DEEP):
        before = f"Qformer.bert.encoder.layer.{layer}."
        for part, source in (("attention", None), ("crossattention", seen)):
            if part == "crossattention" and layer % 2:
                continue
            read = hidden if source is None else source
            query, key, value = (
                linear(one, rest[f"{before}{part}.self.{which}.weight"], rest[f"{before}{part}.self.{which}.bias"])
                for which, one in (("query", hidden), ("key", read), ("value", read))
            )
            hidden = dense_and_norm(f"{before}{part}.output.", attend(query, key, value, QUERY_HEADS), hidden)
        inner = gelu(
            linear(
                hidden, rest[f"{before}intermediate_query.dense.weight"], rest[f"{before}intermediate_query.dense.bias"]
            )
        )
        hidden = dense_and_norm(f"{before}output_query.", inner, hidden)
    return linear(hidden, released["llama_proj.weight"], released["llama_proj.bias"])


@pytest.fixture(scope="module")
def llama(miniature: SkinGPT, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    tokenizer = miniature.processor.tokenizer
    config = LlamaConfig(
        vocab_size=len(tokenizer) - 3,
        hidden_size=TEXT_WIDE,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    torch.manual_seed(4)
    told = {
        "eva_vit_g.pth": lavis_vit(),
        "blip2_pretrained_flant5xxl.pth": {"model": lavis_qformer()},
        "skingpt4.pth": {
            "model": {
                "llama_proj.weight": torch.randn(TEXT_WIDE, QUERY_WIDE),
                "llama_proj.bias": torch.randn(TEXT_WIDE),
                "llama_model.model.layers.0.self_attn.rotary_emb.inv_freq": torch.randn(4),
                "Qformer.bert.embeddings.position_ids": torch.arange(8)[None],
            }
        },
    }
    for name, tensors in told.items():
        torch.save(tensors, tmp_path / name)
    return {name: tmp_path / name for name in told}


def towers(files: dict[str, Path]) -> list[Path]:
    return [files["eva_vit_g.pth"], files["blip2_pretrained_flant5xxl.pth"]]


def test_the_converted_network_gives_the_originals_numbers(files: dict[str, Path], llama: Path, tmp_path: Path) -> None:
    convert_authors(files["skingpt4.pth"], towers(files), llama, tmp_path / "out", small_preset())
    skingpt = load_skingpt(tmp_path / "out")
    pixels = skingpt.processor.pixels([drawn_lesion((90, 50, 40))])

    def half(told: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: t.half().float() if t.is_floating_point() else t for name, t in told.items()}

    vit, rest, released = (torch.load(path, weights_only=True) for path in files.values())
    expected = original_forward(half(vit), half(rest["model"]), half(released["model"]), pixels[0])
    with torch.inference_mode():
        seen = skingpt.network.vision_model(pixels).last_hidden_state
        found, _ = picture_tokens(skingpt.network, seen)
    torch.testing.assert_close(found[0], expected, atol=2e-3, rtol=2e-3)
    assert skingpt.network.vision_model.post_layernorm.eps == 1e-5


def test_the_llama_keeps_its_rows_and_the_answers_have_their_own(
    files: dict[str, Path], llama: Path, tmp_path: Path
) -> None:
    convert_authors(files["skingpt4.pth"], towers(files), llama, tmp_path / "out", small_preset())
    skingpt = load_skingpt(tmp_path / "out")
    original = LlamaForCausalLM.from_pretrained(llama, dtype=torch.float32)
    old = original.get_input_embeddings().weight
    new = skingpt.network.get_input_embeddings().weight
    torch.testing.assert_close(new[: len(old)], old, atol=1e-3, rtol=1e-2)
    tokenizer = skingpt.processor.tokenizer
    assert all(
        len(tokenizer(token, add_special_tokens=False).input_ids) == 1 for token in (*DOMAIN_TOKENS, *CHOICE_TOKENS)
    )
    assert max(tokenizer.convert_tokens_to_ids([*DOMAIN_TOKENS, *CHOICE_TOKENS])) < len(new)
    ids = skingpt.processor.tokens([prompt("<image>", CHOICE_QUESTION)])["input_ids"][0].tolist()
    assert ids.count(skingpt.network.config.image_token_id) == QUERIES


def test_the_newer_name_of_the_projection_is_known(files: dict[str, Path], llama: Path, tmp_path: Path) -> None:
    told = torch.load(files["skingpt4.pth"], weights_only=True)["model"]
    torch.save(
        {"model": {name.replace("llama_proj", "llm_proj"): t for name, t in told.items()}}, files["skingpt4.pth"]
    )
    convert_authors(files["skingpt4.pth"], towers(files), llama, tmp_path / "out", small_preset())
    projection = load_skingpt(tmp_path / "out").network.language_projection
    torch.testing.assert_close(projection.bias, told["llama_proj.bias"], atol=2e-3, rtol=1e-2)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda told: told["model"].pop("llama_proj.bias"), "missing: language_projection.bias"),
        (lambda told: told["model"].update(lora_A=torch.ones(2)), "unexpected: lora_A"),
        (
            lambda told: told["model"].update({"llama_proj.bias": torch.ones(3)}),
            r"of another shape: .*\(3,\) for \(40,\)",
        ),
        (lambda told: told.update(model=[1, 2]), "no checkpoint"),
    ],
)
def test_a_wrong_file_is_refused_by_name(
    files: dict[str, Path], llama: Path, tmp_path: Path, change: object, says: str
) -> None:
    told = torch.load(files["skingpt4.pth"], weights_only=True)
    change(told)  # type: ignore[operator]
    torch.save(told, files["skingpt4.pth"])
    with pytest.raises(WeightsError, match=says):
        convert_authors(files["skingpt4.pth"], towers(files), llama, tmp_path / "out", small_preset())


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("sprung"),)  # type: ignore[return-value]


def test_nothing_in_a_checkpoint_is_executed(
    files: dict[str, Path], llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model": Trap()}, files["skingpt4.pth"])
    with pytest.raises(WeightsError, match="cannot be read safely"):
        convert_authors(files["skingpt4.pth"], towers(files), llama, tmp_path / "out", small_preset())
    assert not (tmp_path / "sprung").exists()


def test_the_command_tells_what_it_needs(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["convert", "--out", str(tmp_path / "out")])
    assert told.exit_code == 2
    assert "--released, --tower" in told.output


@pytest.fixture(scope="module")
def llava(miniature: SkinGPT, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llava")
    tokenizer = miniature.processor.tokenizer
    thin = {"num_attention_heads": 4, "intermediate_size": 48}
    small = replace(
        TGI,
        vision={**TGI.vision, **thin, "hidden_size": WIDE, "num_hidden_layers": 3, "image_size": SIDE},
        text={**TGI.text, **thin, "num_key_value_heads": 4, "hidden_size": TEXT_WIDE, "num_hidden_layers": 2}
        | {"vocab_size": len(tokenizer), "pad_token_id": 0},
    )
    config = small.llava_next()
    config.image_grid_pinpoints = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE]]
    torch.manual_seed(1)
    LlavaNextForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_llava_is_exported_in_the_published_layout(llava: Path, tmp_path: Path) -> None:
    convert_llava(llava, tmp_path / "ours")
    export_llava(tmp_path / "ours", tmp_path / "tgi", shard="60KB")
    folder = tmp_path / "tgi"
    index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    prefixes = {name.split(".")[0] for name in index}
    assert prefixes == {"language_model", "vision_tower", "multi_modal_projector", "image_newline"}
    assert "language_model.model.layers.1.self_attn.q_proj.weight" in index
    assert "language_model.lm_head.weight" in index
    assert any(name.startswith("vision_tower.vision_model.encoder.layers.2.") for name in index)
    for file in set(index.values()):
        with safe_open(folder / file, "pt") as tensors:
            assert all(index[name] == file for name in tensors.keys())  # noqa: SIM118
    config = json.loads((folder / "config.json").read_text())
    assert (config["architectures"], config["model_type"]) == (["LlavaNextForConditionalGeneration"], "llava_next")
    assert {"preprocessor_config.json", "processor_config.json", "tokenizer.json"} <= {p.name for p in folder.iterdir()}


def test_the_exported_llava_answers_as_before(llava: Path, tmp_path: Path) -> None:
    convert_llava(llava, tmp_path / "ours")
    export_llava(tmp_path / "ours", tmp_path / "tgi")
    network = LlavaNextForConditionalGeneration.from_pretrained(tmp_path / "tgi", dtype=torch.float32).eval()
    before = load_skingpt(tmp_path / "ours").network
    processor = LlavaNextProcessor.from_pretrained(tmp_path / "tgi")
    inputs = processor(images=drawn_lesion((90, 50, 40)), text=prompt("<image>", CHOICE_QUESTION), return_tensors="pt")
    inputs.pop("token_type_ids", None)
    with torch.inference_mode():
        torch.testing.assert_close(network(**inputs).logits, before(**inputs).logits, atol=1e-3, rtol=1e-3)


def test_a_blip_2_is_not_exported_for_tgi(released: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no LLaVA-NeXT"):
        export_llava(released, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["skingpt4", "tgi"])
def test_what_was_converted_takes_both_steps(
    name: str, files: dict[str, Path], llama: Path, llava: Path, drawn_data: Path, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    if name == "tgi":
        convert_llava(llava, start)
    else:
        convert_authors(files["skingpt4.pth"], towers(files), llama, start, small_preset())
    whole = TGI if name == "tgi" else small_preset()
    short = {
        number: replace(step, plan=replace(step.plan, batches=2, warmup=1, judge_every=2))
        for number, step in whole.steps.items()
    }
    preset = replace(whole, vision={**whole.vision, "image_size": SIDE}, steps=short, longest=1024)
    train_language(drawn_data, tmp_path, 1, preset, start=start)
    train_language(drawn_data, tmp_path, 2, preset)
    before, after = (load_skingpt(folder).network for folder in (start, tmp_path / "step-2"))
    moved = [name for name, t in after.state_dict().items() if not torch.equal(t, before.state_dict()[name])]
    assert moved
    assert all(
        any(word in n for word in ("projection", "projector", "newline", "embed_tokens", "lm_head")) for n in moved
    )

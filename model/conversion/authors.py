"""The authors' released weights, with the towers and the Llama they were trained on, as a weights folder of ours.

Run: `skingpt convert --released skingpt4.pth --tower eva_vit_g.pth --tower blip2_pretrained_flant5xxl.pth
--llama Llama-2-13b-chat-hf --out FOLDER`.

The release holds the trained projection alone (and buffers that its trainer saved along). ViT-g and Q-Former are
LAVIS's, in one file or two; the names below are the ones in those files.

Sources: Vision-CAIR/MiniGPT-4 and JoshuaChou2018/SkinGPT-4 (`llama_proj`, later `llm_proj`), salesforce/LAVIS
(`eva_vit.py`, `Qformer.py`), and the converter that `transformers` published BLIP-2 with.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer, Blip2ForConditionalGeneration, LlamaForCausalLM
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from model.conversion.checkpoint import read_checkpoint, refuse
from model.errors import WeightsError
from model.network import set_last_norm
from model.presets import LLAMA_WORDS, SKINGPT4, Preset
from model.processor import SkinGPTProcessor
from model.tokenizer import IMAGE, extended

LAST_NORM_EPS = 1e-5

_STRAY = re.compile(
    r"rotary_emb\.inv_freq$|position_ids$|relative_position_index$|^(?:t5|opt|text|vision)_proj\.|^itm_head\.|^temp$|"
    r"^(?:visual_encoder\.)?(?:norm|fc_norm|head)\.|^Qformer\.cls\.|^Qformer\.bert\.embeddings\.(?:word|position)_embeddings\.|"
    r"^Qformer\.bert\.encoder\.layer\.\d+\.(?:intermediate|output)\.|mask_token$"
)
"""What the files hold beside the network: buffers, the text half of the Q-Former, BLIP-2's own heads."""

_VIT = (
    (r"^visual_encoder\.", ""),
    (r"^cls_token$", "vision_model.embeddings.class_embedding"),
    (r"^pos_embed$", "vision_model.embeddings.position_embedding"),
    (r"^patch_embed\.proj\.", "vision_model.embeddings.patch_embedding."),
    (r"^ln_vision\.", "vision_model.post_layernorm."),
    (r"^blocks\.(\d+)\.norm([12])\.", r"vision_model.encoder.layers.\1.layer_norm\2."),
    (r"^blocks\.(\d+)\.attn\.proj\.", r"vision_model.encoder.layers.\1.self_attn.projection."),
    (r"^blocks\.(\d+)\.attn\.", r"vision_model.encoder.layers.\1.self_attn."),
    (r"^blocks\.(\d+)\.mlp\.", r"vision_model.encoder.layers.\1.mlp."),
)
_QFORMER = (
    (r"^Qformer\.bert\.embeddings\.LayerNorm\.", "qformer.layernorm."),
    (r"^Qformer\.bert\.", "qformer."),
    (r"attention\.self\.", "attention.attention."),
)
_PROJECTION = ((r"^(?:llama|llm)_proj\.", "language_projection."),)


def convert_authors(released: Path, towers: Sequence[Path], llama: Path, out: Path, preset: Preset = SKINGPT4) -> None:
    """Writes the weights folder `out`, fp16, with its processor.

    Raises:
        WeightsError: a file is missing, unsafe, or does not hold the tensors of this network; the message names them.
    """
    text, tokenizer = _llama(llama)
    image = tokenizer.convert_tokens_to_ids(IMAGE)
    sized = replace(preset, text={**preset.text, **_sizes(text), "vocab_size": _rows(preset, text, len(tokenizer))})
    config = sized.blip2(image, {"pad_token_id": tokenizer.pad_token_id})
    config.vision_config.post_layernorm_eps = LAST_NORM_EPS
    with torch.device("meta"):
        network = Blip2ForConditionalGeneration(config)
    state = tower_tensors([*towers, released], network)
    state |= {f"language_model.{name}": tensor for name, tensor in grown(text, config.text_config.vocab_size).items()}
    network.load_state_dict({name: tensor.half() for name, tensor in state.items()}, strict=True, assign=True)
    set_last_norm(network)
    network.save_pretrained(out)
    picture = BlipImageProcessorPil(
        size={"height": sized.side, "width": sized.side},
        image_mean=list(sized.mean),
        image_std=list(sized.deviation),
    )
    SkinGPTProcessor(picture, tokenizer, sized.queries).save_pretrained(out)


def tower_tensors(files: Sequence[Path], network: Blip2ForConditionalGeneration) -> dict[str, Tensor]:
    """ViT, Q-Former, queries and projection under our names; a later file's tensor replaces an earlier one's."""
    wanted = {n: t.shape for n, t in network.state_dict().items() if not n.startswith("language_model.")}
    layers = network.config.vision_config.num_hidden_layers
    found: dict[str, Tensor] = {}
    unexpected = []
    for file in files:
        tensors = {_name(name): tensor for name, tensor in read_checkpoint(file).items() if not _STRAY.search(name)}
        for name, tensor in _with_qkv_bias(tensors).items():
            block = re.match(r"vision_model\.encoder\.layers\.(\d+)\.", name)
            if name in wanted:
                found[name] = tensor
            elif not (block and int(block[1]) >= layers):
                unexpected.append(name)
    shapes = [f"{n} {tuple(t.shape)} for {tuple(wanted[n])}" for n, t in found.items() if t.shape != wanted[n]]
    names = ", ".join(file.name for file in files)
    refuse(names, missing=wanted.keys() - found.keys(), unexpected=unexpected, shapes=shapes)
    return found


def grown(text: LlamaForCausalLM, rows: int) -> dict[str, Tensor]:
    """The Llama's tensors with its embedding and output matrix at `rows`; new rows begin as the mean of the old."""
    state: dict[str, Tensor] = dict(text.state_dict())
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        old = state[name]
        state[name] = torch.cat([old, old.float().mean(0, keepdim=True).to(old.dtype).repeat(rows - len(old), 1)])
    return state


def _llama(folder: Path) -> tuple[LlamaForCausalLM, "AutoTokenizer"]:
    try:
        text = LlamaForCausalLM.from_pretrained(
            folder, dtype=torch.float16, local_files_only=True, use_safetensors=True
        )
        return text, extended(AutoTokenizer.from_pretrained(folder, local_files_only=True))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder} is no Llama folder with safetensors and a tokenizer: {error}") from error


_SIZES = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "max_position_embeddings",
    "rms_norm_eps",
    "bos_token_id",
    "eos_token_id",
)


def _sizes(text: LlamaForCausalLM) -> Mapping[str, object]:
    return {name: getattr(text.config, name) for name in _SIZES}


def _rows(preset: Preset, text: LlamaForCausalLM, tokens: int) -> int:
    """The preset's rows for a Llama of the published size, else as many as there are tokens."""
    preferred, pieces = preset.text["vocab_size"], int(text.config.vocab_size)
    assert isinstance(preferred, int)
    return max(tokens, pieces, preferred if pieces == LLAMA_WORDS else 0)


def _name(name: str) -> str:
    for rules in (_VIT, _QFORMER, _PROJECTION):
        for theirs, ours in rules:
            name = re.sub(theirs, ours, name)
    return name


def _with_qkv_bias(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """EVA has no bias on its keys and keeps those of queries and values apart; ours is one, with zeros between."""
    joined = {}
    for name, tensor in tensors.items():
        if name.endswith(".self_attn.q_bias"):
            values = tensors.get(name.replace("q_bias", "v_bias"))
            if values is not None:
                joined[name.replace("q_bias", "qkv.bias")] = torch.cat([tensor, torch.zeros_like(values), values])
        elif not name.endswith(".self_attn.v_bias"):
            joined[name] = tensor
    return joined

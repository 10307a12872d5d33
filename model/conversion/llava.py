"""LLaVA-NeXT, for containers of TGI and vLLM: made ready for our two steps, and written in the layout they load.

Run: `skingpt convert --preset tgi --llava llava-v1.6-vicuna-13b-hf --out FOLDER`, train with `--preset tgi --start
FOLDER`, then `skingpt export --preset tgi --weights RUN/step-2 --out FOLDER`.

The layout is the one of the published LLaVA-NeXT folders: `config.json`, a LLaVA-NeXT processor, the tokenizer, and
safetensors with an index whose names begin with `language_model.`, `vision_tower.`, `multi_modal_projector.`,
`image_newline` (which TGI reads by these prefixes).
"""

import re
from pathlib import Path

import torch
from huggingface_hub import save_torch_state_dict
from transformers import AutoTokenizer, LlavaNextForConditionalGeneration, LlavaNextProcessor
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil

from model.errors import WeightsError
from model.network import load_skingpt
from model.presets import TGI
from model.processor import SkinGPTProcessor
from model.tokenizer import IMAGE, extended

SHARD = "5GB"

_NAMES = (
    (r"^model\.language_model\.", "language_model.model."),
    (r"^lm_head\.", "language_model.lm_head."),
    (r"^model\.(?=vision_tower\.|multi_modal_projector\.|image_newline)", ""),
    (r"^vision_tower\.(?!vision_model\.)", "vision_tower.vision_model."),
)


def convert_llava(llava: Path, out: Path) -> None:
    """A published LLaVA-NeXT folder with the answer tokens and our processor, fp16, ready for the two steps.

    Raises:
        WeightsError: the folder is no LLaVA-NeXT.
    """
    try:
        network = LlavaNextForConditionalGeneration.from_pretrained(
            llava, dtype=torch.float16, local_files_only=True, use_safetensors=True
        )
        tokenizer = extended(AutoTokenizer.from_pretrained(llava, local_files_only=True))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{llava} is no LLaVA-NeXT folder with safetensors: {error}") from error
    if len(tokenizer) > network.config.text_config.vocab_size:
        network.resize_token_embeddings(len(tokenizer))
    network.config.image_token_id = tokenizer.convert_tokens_to_ids(IMAGE)
    vision = network.config.vision_config
    side = {"height": vision.image_size, "width": vision.image_size}
    picture = BlipImageProcessorPil(size=side, image_mean=list(TGI.mean), image_std=list(TGI.deviation))
    network.save_pretrained(out)
    patches = (vision.image_size // vision.patch_size) ** 2
    SkinGPTProcessor(picture, tokenizer, patches + 1).save_pretrained(out)


def export_llava(weights: Path, out: Path, shard: str = SHARD) -> None:
    """Trained weights of the preset `tgi` in the layout that TGI and vLLM load; `shard` is the size of one file.

    Raises:
        WeightsError: the folder holds another kind of network.
    """
    skingpt = load_skingpt(weights)
    network, tokenizer = skingpt.network, skingpt.processor.tokenizer
    if not isinstance(network, LlavaNextForConditionalGeneration):
        raise WeightsError(f"{weights} is no LLaVA-NeXT: train with --preset tgi; TGI cannot load BLIP-2")
    out.mkdir(parents=True, exist_ok=True)
    config = network.config
    config.architectures = ["LlavaNextForConditionalGeneration"]
    config.dtype = "float16"
    config.save_pretrained(out)
    network.generation_config.save_pretrained(out)
    state = {published_name(name): tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    save_torch_state_dict(state, out, max_shard_size=shard, filename_pattern="model{suffix}.safetensors")
    vision = config.vision_config
    picture = LlavaNextImageProcessorPil(
        image_grid_pinpoints=config.image_grid_pinpoints,
        size={"shortest_edge": vision.image_size},
        crop_size={"height": vision.image_size, "width": vision.image_size},
        image_mean=list(TGI.mean),
        image_std=list(TGI.deviation),
    )
    LlavaNextProcessor(
        picture,
        tokenizer,
        patch_size=vision.patch_size,
        vision_feature_select_strategy=config.vision_feature_select_strategy,
        image_token=IMAGE,
        num_additional_image_tokens=1,
        chat_template=tokenizer.chat_template,
    ).save_pretrained(out)
    picture.save_pretrained(out)


def published_name(name: str) -> str:
    """A tensor's name in the published folders."""
    for ours, theirs in _NAMES:
        name = re.sub(ours, theirs, name)
    return name

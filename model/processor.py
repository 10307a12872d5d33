"""Pictures and prompts to tensors: squashes the picture, expands `<image>` in place to one token per query.

`Blip2Processor` puts image tokens before the beginning-of-text token and loses the chat template when reloaded; the
paper's prompt has the picture inside `<Img>…</Img>`, so this processor expands it where it stands.
"""

from pathlib import Path

from PIL import Image
from torch import Tensor
from transformers import BatchFeature, PreTrainedTokenizerFast, ProcessorMixin
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from model.errors import RequestError, WeightsError
from model.tokenizer import IMAGE


class SkinGPTProcessor(ProcessorMixin):
    """An image processor and a tokenizer; `num_query_tokens` is what one `<image>` becomes."""

    def __init__(
        self,
        image_processor: BlipImageProcessorPil,
        tokenizer: PreTrainedTokenizerFast,
        num_query_tokens: int = 12,
    ) -> None:
        self.num_query_tokens = num_query_tokens
        super().__init__(image_processor, tokenizer)

    def __call__(self, images: list[Image.Image], text: list[str]) -> BatchFeature:
        """`input_ids`, `attention_mask` (B, L), left-padded, and `pixel_values` (images, 3, S, S).

        Raises:
            RequestError: the prompts do not hold as many `<image>` as there are pictures.
        """
        asked = sum(one.count(IMAGE) for one in text)
        if asked != len(images):
            raise RequestError(f"the prompts hold {asked} <image> but {len(images)} pictures were given")
        inputs = self.tokens(text)
        if images:
            inputs["pixel_values"] = self.pixels(images)
        return BatchFeature(inputs)

    def tokens(self, text: list[str]) -> dict[str, Tensor]:
        """`input_ids` and `attention_mask`, (B, L), left-padded."""
        expanded = [one.replace(IMAGE, IMAGE * self.num_query_tokens) for one in text]
        encoded = self.tokenizer(expanded, padding=True, return_tensors="pt", return_token_type_ids=False)
        return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}

    def pixels(self, images: list[Image.Image]) -> Tensor:
        """(N, 3, S, S), normalised as the vision tower wants it."""
        upright = [image.convert("RGB") for image in images]
        pixels: Tensor = self.image_processor(upright, return_tensors="pt")["pixel_values"]
        return pixels


def square_processor(side: int) -> BlipImageProcessorPil:
    """Squashes to `side` x `side` (bicubic) and normalises with 0.5/0.5, as the AugReg ViT was trained."""
    return BlipImageProcessorPil(
        size={"height": side, "width": side}, image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5]
    )


def load_processor(weights: Path) -> SkinGPTProcessor:
    """The processor saved beside the weights.

    Raises:
        WeightsError: the folder holds none.
    """
    if not (weights / "processor_config.json").is_file():
        raise WeightsError(f"{weights} holds no processor_config.json: train first, or point at a weights folder")
    processor: SkinGPTProcessor = SkinGPTProcessor.from_pretrained(weights)
    return processor

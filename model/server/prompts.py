"""What a request asks: the prompt with its pictures taken out, from raw inputs or from chat messages."""

import base64
import binascii
import hashlib
import io
import re
import warnings
from dataclasses import dataclass

from PIL import Image

from conditions import prompt
from model.errors import RequestError
from model.server.contract import ChatMessage
from model.tokenizer import IMAGE

_MARKDOWN_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]*)\)")
_DATA_ADDRESS = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)\Z")

MAX_PIXELS = 40_000_000
"""A picture of more pixels is refused before it is decoded."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture; `digest` names it in the cache."""

    digest: str
    image: Image.Image


@dataclass(frozen=True)
class Prompt:
    """Text with one `<image>` per picture."""

    text: str
    pictures: tuple[Picture, ...]


def prompt_of_inputs(inputs: str) -> Prompt:
    """The prompt of a `/generate` request.

    Raises:
        RequestError: a picture cannot be read, or the words hold the model's own image mark.
    """
    if IMAGE in inputs:
        raise RequestError(f"`inputs` must not hold {IMAGE}: give the picture as ![](data:image/…;base64,…)")
    pictures = tuple(_picture(address) for address in _MARKDOWN_IMAGE.findall(inputs))
    return Prompt(_MARKDOWN_IMAGE.sub(IMAGE, inputs), pictures)


def prompt_of_messages(messages: list[ChatMessage]) -> Prompt:
    """The paper's prompt form from chat messages: system left out, one turn after the other.

    Raises:
        RequestError: a picture cannot be read, or the last message is not the user's.
    """
    if messages[-1].role != "user":
        raise RequestError("the last message must be the user's")
    text, pictures = "", []
    for message in messages:
        words, addresses = _parts(message)
        if IMAGE in words:
            raise RequestError(f"messages must not hold {IMAGE}: send the picture as an image_url part")
        pictures += [_picture(address) for address in addresses]
        if message.role == "user":
            text += prompt(IMAGE, words) if addresses else f"###Human: {words} ###Assistant:"
        elif message.role == "assistant":
            text += f" {words} "
    return Prompt(text, tuple(pictures))


def _parts(message: ChatMessage) -> tuple[str, list[str]]:
    if isinstance(message.content, str):
        addresses = _MARKDOWN_IMAGE.findall(message.content)
        return _MARKDOWN_IMAGE.sub("", message.content).strip(), addresses
    words = " ".join(part.text for part in message.content if part.type == "text").strip()
    addresses = [part.image_url.url for part in message.content if part.image_url is not None]
    if len(addresses) > 1:
        raise RequestError("one picture a message: ask about each picture by itself")
    return words, addresses


def _picture(address: str) -> Picture:
    match = _DATA_ADDRESS.match(address)
    if match is None:
        raise RequestError("pictures are taken as data:image/…;base64,… only: nothing is fetched from addresses")
    try:
        content = base64.b64decode(match[1], validate=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise RequestError(f"the picture has more than {MAX_PIXELS:,} pixels: send a smaller one")
                decoded = image.convert("RGB")
    except (OSError, ValueError, binascii.Error, Image.DecompressionBombError, Warning) as error:
        raise RequestError(f"the picture cannot be read ({type(error).__name__}): send a JPEG, PNG or WebP") from error
    return Picture(hashlib.sha256(content).hexdigest(), decoded)

"""What a request asks: the prompt with its pictures taken out, from raw inputs or from chat messages."""

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from conditions import prompt
from model.errors import PictureError, RequestError
from model.image_files import open_picture
from model.server.contract import ChatMessage
from model.tokenizer import IMAGE

_MARKDOWN_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]*)\)")
_DATA_ADDRESS = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)\Z")

MAX_PIXELS = 40_000_000
"""A picture of more pixels is refused before it is decoded."""

MOST_PICTURES = 8
"""A prompt with more is refused before any is decoded."""


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
        RequestError: a picture cannot be read, there are too many, or the words hold the model's own image mark.
    """
    if IMAGE in inputs:
        raise RequestError(f"`inputs` must not hold {IMAGE}: give the picture as ![](data:image/…;base64,…)")
    return Prompt(_MARKDOWN_IMAGE.sub(IMAGE, inputs), _pictures(_MARKDOWN_IMAGE.findall(inputs)))


def prompt_of_messages(messages: list[ChatMessage]) -> Prompt:
    """The paper's prompt form from chat messages: system left out, one turn after the other.

    Raises:
        RequestError: a picture cannot be read or is not the user's, there are too many, or the last message is not the
            user's.
    """
    if messages[-1].role != "user":
        raise RequestError("the last message must be the user's")
    text, pictures = "", list[str]()
    for message in messages:
        words, addresses = _parts(message)
        if IMAGE in words:
            raise RequestError(f"messages must not hold {IMAGE}: send the picture as an image_url part")
        if len(addresses) > 1:
            raise RequestError("one picture a message: ask about each picture by itself")
        if addresses and message.role != "user":
            raise RequestError("pictures are read in the user's messages only")
        pictures += addresses
        if message.role == "user":
            text += prompt(IMAGE, words) if addresses else f"###Human: {words} ###Assistant:"
        elif message.role == "assistant":
            text += f" {words} "
    return Prompt(text, _pictures(pictures))


def _parts(message: ChatMessage) -> tuple[str, list[str]]:
    if isinstance(message.content, str):
        addresses = _MARKDOWN_IMAGE.findall(message.content)
        return _MARKDOWN_IMAGE.sub("", message.content).strip(), addresses
    words = " ".join(part.text for part in message.content if part.type == "text").strip()
    return words, [part.image_url.url for part in message.content if part.image_url is not None]


def _pictures(addresses: Sequence[str]) -> tuple[Picture, ...]:
    if len(addresses) > MOST_PICTURES:
        raise RequestError(f"{len(addresses)} pictures are too many for one prompt: send at most {MOST_PICTURES}")
    return tuple(_picture(address) for address in addresses)


def _picture(address: str) -> Picture:
    match = _DATA_ADDRESS.match(address)
    if match is None:
        raise RequestError("pictures are taken as data:image/…;base64,… only: nothing is fetched from addresses")
    try:
        content = base64.b64decode(match[1], validate=False)
        image = open_picture(io.BytesIO(content), most_pixels=MAX_PIXELS)
    except (binascii.Error, PictureError) as error:
        raise RequestError(f"the picture cannot be read ({error}): send a JPEG, PNG or WebP") from error
    return Picture(hashlib.sha256(content).hexdigest(), image)

"""Looks for words and photos in bytes: plain, and in every form in which programs write text down.

The forms: UTF-8 and UTF-16, lower and upper case, JSON and URL escapes, base64 in its three alignments, hexadecimal,
and anything of it inside a zlib, gzip or raw deflate stream.
"""

import base64
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

WINDOW = 24
"""Bytes of one piece of a photo or a sealed value: no other is like it by chance."""

PAGE = 4000
"""Fewer bytes than a page of a database has."""

_STREAM_STARTS = re.compile(rb"\x1f\x8b\x08|[\x08\x18\x28\x38\x48\x58\x68\x78][\x01\x5e\x9c\xda]")
_LARGEST_STREAM = 4_000_000


def forms(word: str) -> set[bytes]:
    """Every way in which the word may have been written down."""
    texts = {word, word.lower(), word.upper()}
    texts |= {
        escape(text) for text in set(texts) for escape in (quote, quote_plus, lambda each: json.dumps(each)[1:-1])
    }
    plain = {text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
    return plain | {
        coded for text in plain for coded in (*_base64(text), text.hex().encode(), text.hex().upper().encode())
    }


def _base64(data: bytes) -> Iterator[bytes]:
    """The part of each of the three alignments that does not depend on what stands before and after."""
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data)
        inner = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def slices(data: bytes, every: int = PAGE) -> set[bytes]:
    """Windows of `data`, so many that every page of it has one; without those that are found anywhere."""
    last = max(0, len(data) - WINDOW)
    windows = {data[at : at + WINDOW] for at in (*range(0, last, every), last)}
    return {window for window in windows if len(window) >= min(WINDOW, len(data)) and len(set(window)) > WINDOW // 3}


def unpacked(data: bytes) -> Iterator[bytes]:
    """What the compressed streams in `data` hold."""
    view = memoryview(data)
    for start in _STREAM_STARTS.finditer(data):
        stream = zlib.decompressobj(wbits=47)
        try:
            inner = stream.decompress(view[start.start() :][:_LARGEST_STREAM], _LARGEST_STREAM)
        except zlib.error:
            continue
        if len(inner) >= 8:
            yield inner


def found_in(data: bytes, words: Iterable[str], pieces: Iterable[bytes], *, unpack: bool = True) -> list[str]:
    """Which of the words and photos (or pieces of them) are in `data`, and in which form."""
    wanted = [(word, form) for word in words for form in forms(word)]
    wanted += [("a piece of a photo", window) for piece in pieces for window in slices(piece)]
    layers = [data, *(unpacked(data) if unpack else ())]
    return [f"{name} as {form[:60]!r}" for name, form in wanted for layer in layers if form in layer]


def found_below(folder: Path, words: Iterable[str], pieces: Iterable[bytes]) -> list[str]:
    """The same for all files below a folder, and for their names."""
    words, pieces = list(words), list(pieces)
    traces = []
    for path in sorted(folder.rglob("*")):
        traces += [f"{path.name}: {trace}" for trace in found_in(path.name.encode(), words, [], unpack=False)]
        if path.is_file() and not path.is_symlink():
            traces += [f"{path.relative_to(folder)}: {trace}" for trace in found_in(path.read_bytes(), words, pieces)]
    return traces

"""The search for traces finds what was planted in any of the ways it could have been written down."""

import base64
import gzip
import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.privacy.planting import PLANTED, photo_with_words
from tests.privacy.traces import found_below, found_in

WRITERS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "utf-16": lambda text: text.encode("utf-16-le"),
    "big-endian": lambda text: text.encode("utf-16-be"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "urlsafe base64": lambda text: base64.urlsafe_b64encode(text.encode()),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "URL": lambda text: quote(text).encode(),
    "JSON": lambda text: json.dumps({"text": text}).encode(),
    "JSON in base64": lambda text: base64.b64encode(json.dumps([{"text": text}]).encode()),
    "zlib": lambda text: zlib.compress(json.dumps(text).encode()),
    "gzip": lambda text: gzip.compress(text.encode()),
    "capitals": lambda text: text.upper().encode(),
}


@pytest.mark.parametrize("writer", WRITERS)
@given(before=st.text(max_size=12), after=st.text(max_size=12), noise=st.binary(max_size=40))
def test_a_word_is_found_however_it_was_written(writer: str, before: str, after: str, noise: bytes) -> None:
    data = noise + WRITERS[writer](f"{before}{PLANTED}{after}") + noise
    assert found_in(data, [PLANTED], [])


@given(st.binary(max_size=2000))
def test_nothing_is_found_where_nothing_was_planted(data: bytes) -> None:
    assert found_in(data, [PLANTED], [b"\x01" + os.urandom(100)]) == []


def test_a_piece_of_a_photo_is_found_and_the_file_is_named(tmp_path: Path) -> None:
    photo = photo_with_words(PLANTED)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page").write_bytes(b"\0" * 500 + photo[7000:9000])
    (tmp_path / f"about-{PLANTED.lower()}.txt").write_bytes(b"harmless")
    found = " ".join(found_below(tmp_path, [PLANTED], [photo]))
    assert "deep/page: a piece of a photo" in found and "about-" in found

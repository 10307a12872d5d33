"""A file sealed as a stream: encrypted and authenticated piece by piece, so that neither writing nor reading needs it
whole in memory, and a changed, moved, missing or added byte is noticed.

Layout: the magic line, four bytes length, a JSON header, then pieces of 1 MiB, each with its 16-byte tag. The key of
a file is derived (HKDF-SHA256) from a key of the vault and the header's random salt. A piece's nonce is its number
and whether it is the last; every piece is bound to the header.

Source: the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015; RFC 5869 (HKDF).
"""

import io
import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, ValidationError

from cases.errors import BackupBroken, WrongKey
from cases.vault import Vault

MAGIC: Final = b"SKINGPT SEALED FILE 1\n"
PIECE_BYTES: Final = 1 << 20
_TAG_BYTES: Final = 16
_LARGEST_HEADER: Final = 10_000


class Header(BaseModel):
    """What is told of a file in clear: what it is, when it was made, by which key it can be opened."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    what: str
    made: datetime
    key_id: str
    salt: str
    schema_revision: str = ""


class SealedWriter(io.RawIOBase):
    """A file to write to; its bytes reach `file` sealed. Only a writer that was closed has made a whole file."""

    def __init__(self, file: BinaryIO, vault_key: bytes, what: str, schema_revision: str = "") -> None:
        salt = os.urandom(32)
        header = Header(
            what=what,
            made=datetime.now(UTC),
            key_id=Vault(vault_key).newest.hex(),
            salt=salt.hex(),
            schema_revision=schema_revision,
        )
        self._head = header.model_dump_json().encode()
        self._cipher = _cipher(vault_key, salt)
        self._file = file
        self._number = 0
        self._waiting = bytearray()
        file.write(MAGIC + len(self._head).to_bytes(4, "big") + self._head)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # tarfile and sqlite hand over bytes
        """Take the bytes; whole pieces go out sealed."""
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:  # never the last piece, which may be a full one
            self._put(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]
        return len(data)

    def close(self) -> None:
        """Write the last piece."""
        if not self.closed:
            self._put(bytes(self._waiting), last=True)
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, unless something went wrong: then the file must not pass for a whole one."""
        if error is None:
            self.close()

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), piece, self._head))
        self._number += 1


class SealedReader(io.RawIOBase):
    """What a sealed file holds, in order. Every read may raise BackupBroken."""

    def __init__(self, file: BinaryIO, vault_keys: Sequence[bytes]) -> None:
        """Reads the header. Raises BackupBroken, or WrongKey where none of the keys opens it."""
        self._file = file
        self._head = _read_head(file)
        self.header = _parsed(self._head)
        key = {Vault(each).newest.hex(): each for each in vault_keys}.get(self.header.key_id)
        if key is None:
            raise WrongKey(
                f"This file, made on {self.header.made:%Y-%m-%d %H:%M} UTC, was sealed with another key (id "
                f"{self.header.key_id}): put that key into SKINGPT_KEY or SKINGPT_KEY_FILE, also after a newer one."
            )
        self._cipher = _cipher(key, bytes.fromhex(self.header.salt))
        self._pieces = self._opened()
        self._ready = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class is told any buffer
        """Fill the buffer with what was sealed; 0 at the end."""
        while not self._ready:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._ready = piece
        taken = min(len(buffer), len(self._ready))
        buffer[:taken] = self._ready[:taken]
        self._ready = self._ready[taken:]
        return taken

    def check(self) -> None:
        """Read to the end without keeping anything. Raises BackupBroken."""
        for _ in self._pieces:
            continue

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def _opened(self) -> Iterator[bytes]:
        number = 0
        sealed = self._file.read(PIECE_BYTES + _TAG_BYTES)
        while True:
            following = self._file.read(PIECE_BYTES + _TAG_BYTES)
            last = not following
            try:
                yield self._cipher.decrypt(_nonce(number, last), sealed, self._head)
            except InvalidTag:
                raise BackupBroken(
                    f"The file is damaged or cut short (piece {number + 1}): use another copy."
                ) from None
            if last:
                return
            number, sealed = number + 1, following


def header_of(path: Path) -> Header | None:
    """The header of a sealed file, unchecked; None where the file is none."""
    try:
        with path.open("rb") as file:
            return _parsed(_read_head(file))
    except (OSError, BackupBroken):
        return None


def _read_head(file: BinaryIO) -> bytes:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupBroken("This is no file that SkinGPT sealed.")
    length = int.from_bytes(file.read(4), "big")
    head = file.read(length) if length <= _LARGEST_HEADER else b""
    if not head or len(head) != length:
        raise BackupBroken("The file is damaged or cut short at its beginning: use another copy.")
    return head


def _parsed(head: bytes) -> Header:
    try:
        header = Header.model_validate(json.loads(head))
        bytes.fromhex(header.salt)
    except (ValidationError, ValueError):
        raise BackupBroken("The file is damaged at its beginning: use another copy.") from None
    return header


def _cipher(vault_key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"skingpt sealed file").derive(vault_key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])

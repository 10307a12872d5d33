"""Sealing at rest: AES-256-GCM, with the row's place as associated data, so that sealed bytes cannot be moved
to another row.

A sealed value is: 1 byte format, 4 bytes key id, 12 bytes random nonce, the ciphertext with its 16-byte tag.
The key id tells which key sealed it, so that a later version can hold several keys while it changes from one
to the next.

Source: NIST SP 800-38D (GCM); random 96-bit nonces are safe for 2^32 seals under one key.
"""

import base64
import binascii
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from cases.errors import KeyExists, KeyInvalid, KeyMissing, SealBroken, WrongKey
from cases.settings import CasesSettings

KEY_BYTES: Final = 32
_FORMAT: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_FORMAT) + _KEY_ID_BYTES + _NONCE_BYTES

RecordT = TypeVar("RecordT", bound=BaseModel)


class Vault:
    """Seals and opens bytes with one key. Raises KeyInvalid unless the key has 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyInvalid(f"The encryption key must have {KEY_BYTES} bytes; this one has {len(key)}.")
        self._cipher = AESGCM(key)
        self._key_id = hashlib.sha256(b"skingpt key id\0" + key).digest()[:_KEY_ID_BYTES]

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt `data`; only `open` with the same key and the same `context` gives it back."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + self._key_id + nonce + self._cipher.encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed in this place. Raises WrongKey (another key sealed it) or SealBroken (changed, or
        moved here).
        """
        if sealed[:1] != _FORMAT or len(sealed) < _HEAD_BYTES:
            raise SealBroken(f"The sealed bytes of {context} are in no known format: restore them from a copy.")
        if sealed[1 : 1 + _KEY_ID_BYTES] != self._key_id:
            raise WrongKey(
                f"{context} was sealed with another key: put that key back into SKINGPT_KEY "
                "or SKINGPT_KEY_FILE. Without that key it cannot be read."
            )
        nonce, ciphertext = sealed[1 + _KEY_ID_BYTES : _HEAD_BYTES], sealed[_HEAD_BYTES:]
        try:
            return self._cipher.decrypt(nonce, ciphertext, context.encode())
        except InvalidTag:
            raise SealBroken(
                f"The sealed bytes of {context} were changed or moved since: restore them from a copy."
            ) from None

    def seal_text(self, text: str, context: str) -> bytes:
        """`seal` for text."""
        return self.seal(text.encode(), context)

    def open_text(self, sealed: bytes, context: str) -> str:
        """`open` for text."""
        return self.open(sealed, context).decode()

    def seal_record(self, record: BaseModel, context: str) -> bytes:
        """`seal` for a record, as JSON."""
        return self.seal(record.model_dump_json().encode(), context)

    def open_record(self, kind: type[RecordT], sealed: bytes, context: str) -> RecordT:
        """`open` for a record of this kind."""
        return kind.model_validate_json(self.open(sealed, context))


def new_key() -> str:
    """A fresh random key, as it is written in SKINGPT_KEY or a key file."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def make_key_file(path: Path) -> None:
    """Write a fresh key to `path`, for its owner alone (mode 0600). Raises KeyExists; a key is never
    overwritten.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Linked into place when complete: no other process can read half a key, and of two that try one wins.
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(new_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        raise KeyExists(f"{path} exists already and was left as it is: what it sealed needs it.") from None
    finally:
        Path(name).unlink()


def load_key(settings: CasesSettings) -> bytes:
    """The 32 bytes of the key from SKINGPT_KEY, or else from the key file. Raises KeyMissing, KeyInvalid."""
    if settings.key is not None:
        return _decoded(settings.key.get_secret_value(), "SKINGPT_KEY")
    path = settings.key_file.expanduser()
    try:
        return _decoded(path.read_text(), str(path))
    except FileNotFoundError:
        raise KeyMissing(
            f"No encryption key: SKINGPT_KEY is unset and {path} does not exist. "
            "`python -m cases.commands key` makes that file; keep a copy of it in a safe place."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyMissing(
            f"The encryption key in {path} cannot be read ({type(error).__name__}): "
            "make it a text file that this program may read."
        ) from None


def _decoded(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyInvalid(f"The key in {place} is not {KEY_BYTES} bytes in urlsafe base64: put the right one there.")
    return key

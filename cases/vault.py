"""Sealing at rest: AES-256-GCM, with the row's place as associated data, so that sealed bytes cannot be moved
to another row.

A sealed value is: 1 byte format, 4 bytes key id, 12 bytes random nonce, the ciphertext with its 16-byte tag.
The key id tells which key sealed it: the newest key seals, older ones still open what they sealed.

Source: NIST SP 800-38D (GCM); random 96-bit nonces are safe for 2^32 seals under one key.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from cases.errors import KeyInvalid, SealBroken, WrongKey
from cases.keys import KEY_BYTES, KeyFile, load_keys
from cases.settings import CasesSettings

FORMAT: Final = b"\x01"
KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(FORMAT) + KEY_ID_BYTES + _NONCE_BYTES

UNREADABLE: Final = (SealBroken, WrongKey, ValueError)
"""What opening a record raises that no later try could read either. ValueError: another version wrote it."""

RecordT = TypeVar("RecordT", bound=BaseModel)


class Vault:
    """Seals with the newest of its keys and opens with all of them. Raises KeyInvalid unless each has 32 bytes.

    `changed` is asked before every use; it gives the keys where they are others than last time, else None.
    """

    def __init__(self, *keys: bytes, changed: Callable[[], Sequence[bytes] | None] = lambda: None) -> None:
        self._changed = changed
        self._ciphers = _ciphers(keys)

    @property
    def newest(self) -> bytes:
        """The id of the key that seals."""
        return next(iter(self._current()))

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt `data`; only `open` with the same key and the same `context` gives it back."""
        key_id, cipher = next(iter(self._current().items()))
        nonce = os.urandom(_NONCE_BYTES)
        return FORMAT + key_id + nonce + cipher.encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed in this place. Raises WrongKey (another key sealed it) or SealBroken (changed, or
        moved here).
        """
        if sealed[:1] != FORMAT or len(sealed) < _HEAD_BYTES:
            raise SealBroken(f"The sealed bytes of {context} are in no known format: restore them from a copy.")
        cipher = self._current().get(key_id_of(sealed))
        if cipher is None:
            raise WrongKey(
                f"{context} was sealed with another key: put that key back into SKINGPT_KEY "
                "or SKINGPT_KEY_FILE (after the newest one, if there are several). Without it this cannot be read."
            )
        nonce, ciphertext = sealed[len(FORMAT) + KEY_ID_BYTES : _HEAD_BYTES], sealed[_HEAD_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, context.encode())
        except InvalidTag:
            raise SealBroken(
                f"The sealed bytes of {context} were changed or moved since: restore them from a copy."
            ) from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it."""
        return key_id_of(sealed) == self.newest

    def reseal(self, sealed: bytes, context: str) -> bytes:
        """The same under the newest key. Raises WrongKey, SealBroken."""
        return self.seal(self.open(sealed, context), context)

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

    def _current(self) -> dict[bytes, AESGCM]:
        if (keys := self._changed()) is not None:
            self._ciphers = _ciphers(keys)
        return self._ciphers


def open_vault(settings: CasesSettings) -> Vault:
    """The vault of these settings, which follows its key file. Raises KeyMissing, KeyInvalid."""
    if settings.key is not None:
        return Vault(*load_keys(settings))
    file = KeyFile.of(settings)
    return Vault(*file.read(), changed=file.read_if_replaced)


def key_id_of(sealed: bytes) -> bytes:
    """Which key sealed these bytes."""
    return sealed[len(FORMAT) : len(FORMAT) + KEY_ID_BYTES]


def _ciphers(keys: Sequence[bytes]) -> dict[bytes, AESGCM]:
    """By key id, the newest first."""
    ciphers: dict[bytes, AESGCM] = {}
    for key in keys:
        if len(key) != KEY_BYTES:
            raise KeyInvalid(f"The encryption key must have {KEY_BYTES} bytes; this one has {len(key)}.")
        key_id = hashlib.sha256(b"skingpt key id\0" + key).digest()[:KEY_ID_BYTES]
        if key_id in ciphers:
            raise KeyInvalid("Two of the encryption keys cannot be told apart: take out the one given twice.")
        ciphers[key_id] = AESGCM(key)
    if not ciphers:
        raise KeyInvalid("There is no encryption key.")
    return ciphers

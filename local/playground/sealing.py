"""The playground's seal: what patients say and send lies on the disk encrypted only (AES-256-GCM).

Messages and files are sealed with a random key of the playground's own. That data key lies in the playground's folder
in the file `sealed.key`, itself sealed by the key of the patients' records, in the form `cases/vault.py` describes: so
a rotation of that key seals the data key anew and nothing else, whether the playground runs or not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from local.errors import KeyLost
from local.key import KEY_BYTES

DATA_KEY_FILE = "sealed.key"
_FORMAT = b"\x01"
_KEY_ID_BYTES, _NONCE_BYTES = 4, 12
HEAD_BYTES = len(_FORMAT) + _KEY_ID_BYTES


class Seal:
    """Seals and opens with one key; `place` binds the sealed bytes to where they lie."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._head = _FORMAT + hashlib.sha256(b"skingpt key id\0" + key).digest()[:_KEY_ID_BYTES]

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypted: format, key id, nonce, ciphertext with tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._head + nonce + self._cipher.encrypt(nonce, data, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed in this place.

        Raises:
            KeyLost: another key sealed it, or it was changed or moved since.
        """
        if not self.fits(sealed):
            raise KeyLost(f"{place} of the playground was sealed with another key.")
        nonce, ciphertext = sealed[HEAD_BYTES:][:_NONCE_BYTES], sealed[HEAD_BYTES + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, place.encode())
        except InvalidTag:
            raise KeyLost(f"{place} of the playground was changed since it was sealed.") from None

    def fits(self, sealed: bytes) -> bool:
        """Whether this key sealed it."""
        return sealed.startswith(self._head)

    def seal_json(self, value: Any, place: str) -> bytes:
        """`seal` for a JSON value."""
        return self.seal(json.dumps(value).encode(), place)

    def open_json(self, sealed: bytes, place: str) -> Any:
        """`open` for a JSON value."""
        return json.loads(self.open(sealed, place))


def open_seal(folder: Path, keys: Iterable[bytes]) -> Seal:
    """The seal of the playground in `folder`, made at its first start under the newest of the record's `keys`.

    Raises:
        KeyLost: none of the keys opens it.
    """
    path, place = folder / DATA_KEY_FILE, f"data key:{folder.name}"
    masters = [Seal(key) for key in keys]
    if path.exists():
        sealed = path.read_bytes()
        for master in masters:
            if master.fits(sealed):
                return Seal(master.open(sealed, place))
        raise KeyLost(
            f"The chats in {folder} were sealed with another key than the one in use. Put that key back "
            "(SKINGPT_KEY or SKINGPT_KEY_FILE), or delete the folder: the playground then begins anew."
        )
    key = os.urandom(KEY_BYTES)
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(masters[0].seal(key, place))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return Seal(key)

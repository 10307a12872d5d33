"""Passwords: kept as scrypt hashes only, written so that they need no quoting in a settings file.

A hash is `scrypt.LOG2_N.R.P.SALT.KEY`, salt and key in urlsafe base64 without padding. It holds no `$`, `:` or
comma, which shells, Compose files and the list of clinicians would read as their own.

Source: RFC 7914 (scrypt); N = 2^15, r = 8, p = 3 is one of the settings of OWASP's Password Storage Cheat Sheet.
"""

import base64
import binascii
import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass
from typing import Final

from clinic.errors import PasswordTooShort

SHORTEST: Final = 12
"""Characters a password must have (NIST SP 800-63B asks for at least 8)."""
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """How much work one check is: about 128 · 2^log2_n · r bytes of memory, p times over."""

    log2_n: int = 15
    r: int = 8
    p: int = 3


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A hash with everything needed to check a password against it."""

    cost: Cost
    salt: bytes
    key: bytes

    @classmethod
    def of(cls, password: str, cost: Cost = Cost()) -> "PasswordHash":
        """The hash of `password` with a fresh salt. Raises PasswordTooShort."""
        if len(password) < SHORTEST:
            raise PasswordTooShort(f"The password needs at least {SHORTEST} characters: take four random words.")
        salt = os.urandom(_SALT_BYTES)
        return cls(cost, salt, _derived(password, salt, cost))

    @classmethod
    def read(cls, text: str) -> "PasswordHash":
        """The hash that `str` wrote. Raises ValueError."""
        name, *numbers, salt, key = text.split(".")
        log2_n, r, p = (int(number) for number in numbers)
        if name != "scrypt" or not (1 <= log2_n <= 20 and 1 <= r <= 32 and 1 <= p <= 16):
            raise ValueError("not a scrypt hash of a usable cost")
        read = cls(Cost(log2_n, r, p), _bytes(salt), _bytes(key))
        if len(read.key) != _KEY_BYTES:
            raise ValueError("not a whole hash")
        return read

    def matches(self, password: str) -> bool:
        """Whether it is the hash of `password`; takes as long for a near miss as for a wild guess."""
        return hmac.compare_digest(_derived(password, self.salt, self.cost), self.key)

    def __str__(self) -> str:
        cost = self.cost
        return f"scrypt.{cost.log2_n}.{cost.r}.{cost.p}.{_text(self.salt)}.{_text(self.key)}"


def _derived(password: str, salt: bytes, cost: Cost) -> bytes:
    n = 2**cost.log2_n
    # The same letters can be typed in two encodings: NFKC makes them one.
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    room = 128 * cost.r * (n + cost.p + 2)
    return hashlib.scrypt(typed, salt=salt, n=n, r=cost.r, p=cost.p, maxmem=room, dklen=_KEY_BYTES)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error

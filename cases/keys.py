"""The keys of the vault: where they come from, and how one follows another.

A key is 32 random bytes in urlsafe base64. SKINGPT_KEY, or else the key file, holds one or several, the newest
first, one a line (in the variable also separated by commas). The newest seals; all of them open. Between a key's
coming and its predecessor's going, `cases.rotation` seals everything anew.

The file is read again whenever it was replaced, so a running process knows a new key before it next seals.
"""

import base64
import binascii
import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cases.errors import KeyExists, KeyInvalid, KeyMissing
from cases.settings import CasesSettings

KEY_BYTES: Final = 32


def new_key() -> str:
    """A fresh random key, as it is written in SKINGPT_KEY or a key file."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def load_key(settings: CasesSettings) -> bytes:
    """The 32 bytes of the newest key. Raises KeyMissing, KeyInvalid."""
    return load_keys(settings)[0]


def load_keys(settings: CasesSettings) -> tuple[bytes, ...]:
    """All keys, the newest first, from SKINGPT_KEY or else from the key file. Raises KeyMissing, KeyInvalid."""
    if settings.key is not None:
        return parse_keys(settings.key.get_secret_value(), "SKINGPT_KEY")
    return KeyFile.of(settings).read()


def parse_keys(text: str, place: str) -> tuple[bytes, ...]:
    """The keys in `text`, the newest first; lines that begin with # are remarks. Raises KeyInvalid."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    words = " ".join(lines).replace(",", " ").split()
    if not words:
        raise KeyInvalid(f"There is no key in {place}: put the right one there.")
    return tuple(_decoded(word, place) for word in words)


class KeyFile:
    """The file that holds the keys; `place` is an existing file or where one is to be made."""

    def __init__(self, place: Path) -> None:
        self.place = place.expanduser()
        self._seen: tuple[int, int, int] | None = None

    @classmethod
    def of(cls, settings: CasesSettings) -> "KeyFile":
        """The key file of these settings. Raises KeyInvalid where it would lie beside what it seals."""
        file = cls(settings.key_file)
        data = settings.data.expanduser().resolve()
        if file.place.resolve().is_relative_to(data):
            raise KeyInvalid(
                f"The key file {file.place} lies inside the data folder {data}: whoever copies the folder could "
                "read everything in it. Move the key out and set SKINGPT_KEY_FILE to its new place."
            )
        return file

    def read(self) -> tuple[bytes, ...]:
        """All keys in it, the newest first. Raises KeyMissing, KeyInvalid."""
        try:
            seen = self._state()
            keys = parse_keys(self.place.read_text(), str(self.place))
        except FileNotFoundError:
            raise KeyMissing(
                f"No encryption key: SKINGPT_KEY is unset and {self.place} does not exist. "
                "If there was one, put it back: what it sealed cannot be read without it. For a first start "
                "`python -m cases.commands key` makes that file; keep a copy of it in a safe place."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyMissing(
                f"The encryption key in {self.place} cannot be read ({type(error).__name__}): "
                "make it a text file that this program may read."
            ) from None
        self._seen = seen
        return keys

    def read_if_replaced(self) -> tuple[bytes, ...] | None:
        """Its keys, where the file is another than at the last reading; else None.

        None as well where it cannot be read now: a running process goes on with the keys it has, which is all it
        needs; the next start says what is wrong.
        """
        try:
            return self.read() if self._state() != self._seen else None
        except (OSError, KeyMissing, KeyInvalid):
            return None

    def make(self) -> None:
        """Write a fresh key, for its owner alone (mode 0600). Raises KeyExists; a key is never overwritten."""
        self.place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._draft(new_key())
        try:
            # Linked into place when complete: no other process can read half a key, and of two that try one wins.
            os.link(draft, self.place)
        except FileExistsError:
            raise KeyExists(f"{self.place} exists already and was left as it is: what it sealed needs it.") from None
        finally:
            draft.unlink()

    def replace(self, keys: Sequence[bytes]) -> None:
        """Put these keys, the newest first, in the place of the old ones, whole or not at all. Raises KeyMissing
        where the file cannot be written (a mounted secret, say).
        """
        place = self.place.resolve()  # a link stays a link
        try:
            owner = place.stat()
            draft = self._draft("\n".join(base64.urlsafe_b64encode(key).decode() for key in keys))
            try:
                os.chown(draft, owner.st_uid, owner.st_gid)
                draft.replace(place)
            finally:
                draft.unlink(missing_ok=True)
            _flush_folder(place.parent)
        except OSError as error:
            raise KeyMissing(
                f"The key file {place} cannot be replaced ({error.strerror}): write it by hand, the newest key first."
            ) from None

    def changed_at(self) -> float:
        """When it was last replaced, in seconds since 1970."""
        return self.place.stat().st_mtime

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Held while the keys are changed. Raises KeyExists where somebody else is at it."""
        folder = os.open(self.place.resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise KeyExists(f"Another command is changing the keys in {self.place}: wait for it.") from None
        finally:
            os.close(folder)

    def _state(self) -> tuple[int, int, int]:
        state = self.place.stat()
        return state.st_ino, state.st_mtime_ns, state.st_size

    def _draft(self, text: str) -> Path:
        descriptor, name = tempfile.mkstemp(dir=self.place.resolve().parent)
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        return Path(name)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decoded(word: str, place: str) -> bytes:
    try:
        key = base64.b64decode(word.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyInvalid(f"The key in {place} is not {KEY_BYTES} bytes in urlsafe base64: put the right one there.")
    return key

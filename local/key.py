"""The key file that seals the patients' records: made at the first start, readable by its owner only."""

import base64
import os
from pathlib import Path

from local.errors import KeyLost, KeyMisplaced
from local.settings import LocalSettings

KEY_BYTES = 32


def ensure_key(settings: LocalSettings) -> Path | None:
    """The key file, made if there is none yet; None where SKINGPT_KEY holds the key itself.

    Raises:
        KeyMisplaced: the file is, or would be made, inside the data folder.
        KeyLost: the file is missing although the data folder holds what was sealed with it.
    """
    if settings.key is not None:
        return None
    path = settings.key_file.expanduser().resolve()
    if path.is_relative_to(settings.folder):
        raise KeyMisplaced(
            f"The key file {path} lies inside the data folder {settings.folder}: whoever copies the folder could read "
            "everything in it. Set SKINGPT_KEY_FILE to a place outside, and move the file there if there is one."
        )
    if path.exists():
        return path
    if (settings.folder / "cases.db").exists() or any(settings.folder.glob("*/sealed.key")):
        raise KeyLost(
            f"The key file {path} is missing, and the cases in {settings.folder} cannot be read without it. "
            "Put the file back from your copy (or set SKINGPT_KEY_FILE), or set SKINGPT_DATA to a new folder."
        )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_whole(path, base64.urlsafe_b64encode(os.urandom(KEY_BYTES)) + b"\n")
    return path


def read_keys(settings: LocalSettings) -> list[bytes]:
    """The keys, the newest first; the key file is made if there is none yet. `cases/keys.py` describes its form.

    Raises:
        KeyMisplaced, KeyLost: as `ensure_key`; KeyLost also where what is there is no key.
    """
    path = ensure_key(settings)
    text = settings.key.get_secret_value() if settings.key is not None else (path or Path()).read_text()
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    try:
        keys = [
            base64.b64decode(word, altchars=b"-_", validate=True) for word in " ".join(lines).replace(",", " ").split()
        ]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise KeyLost(f"What {path or 'SKINGPT_KEY'} holds is no key of {KEY_BYTES} bytes in urlsafe base64.")
    return keys


def _write_whole(path: Path, key: bytes) -> None:
    """The file appears complete or not at all, and one that appeared meanwhile stays as it is."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()

"""Backups: the record and the guideline library in one sealed file, and back into an empty data folder.

Not in it: the agent's memory and the vector index, which are made again from these two; the queue, which the sweep
fills again; the playground; keys and the clinicians' list, which are settings.

Beside its backups a folder has `forgotten.skingpt`, the numbers of the patients who were erased so far: whoever
restores an older backup erases them again.
"""

import fcntl
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from cases.backup import copy_file, copy_rows, forget_again, forgotten, is_empty, revision_of
from cases.database import CaseDatabase, open_cases
from cases.errors import BackupBroken, BackupRefused
from cases.keys import load_key, load_keys
from cases.sealed_file import SealedReader, SealedWriter, header_of
from cases.settings import CasesSettings
from knowledge.backup import bring_back, copy_library
from knowledge.errors import KnowledgeError
from knowledge.settings import KnowledgeSettings

FORGOTTEN_FILE: Final = "forgotten.skingpt"
_BACKUP, _FORGOTTEN = "skingpt backup", "skingpt forgotten"
_RECORD, _LIBRARY = "cases.db", "knowledge.db"
_SCRATCH = ".backup-"
_LOCKS: Final = frozenset({"house.lock", "visits.lock"})


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: when the backup was made, its migration, whether it has a library, who was erased again."""

    made: datetime
    schema_revision: str
    library: bool
    forgotten_again: int


def back_up(settings: CasesSettings, file: Path) -> int:
    """Write a backup to the new `file`; its bytes. The house may run meanwhile.

    Raises BackupRefused, and what `open_cases` raises.
    """
    file = file.expanduser().resolve()
    data = settings.data.expanduser().resolve()
    if file.is_relative_to(data):
        raise BackupRefused(f"{file} would lie in the data folder that it is a backup of: choose another place.")
    if file.exists():
        raise BackupRefused(f"{file} exists already and was left as it is: choose another name.")
    draft = file.with_name(f"{file.name}.part")
    with closing(open_cases(settings)) as db, _scratch(data) as folder:
        _copy_record(settings, db, folder)
        _copy_library(settings, folder / _LIBRARY)
        revision = revision_of(folder / _RECORD)
        try:
            with (
                _private(draft) as out,
                SealedWriter(out, load_key(settings), _BACKUP, revision) as sealed,
                tarfile.open(fileobj=cast(IO[bytes], sealed), mode="w|") as archive,
            ):
                for name in (_RECORD, _LIBRARY):
                    if (folder / name).exists():
                        archive.add(folder / name, name)
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
        _note_forgotten(settings, db, file.with_name(FORGOTTEN_FILE))
    return file.stat().st_size


def drop_old(folder: Path, older_than: timedelta) -> list[Path]:
    """Delete the backups in `folder` that were made longer ago; which they were. Other files are left alone."""
    limit = datetime.now(UTC) - older_than
    old = [
        path
        for path in sorted(folder.expanduser().resolve().iterdir())
        if (header := header_of(path)) is not None and header.what == _BACKUP and header.made < limit
    ]
    for path in old:
        path.unlink()
    return old


def restore(settings: CasesSettings, file: Path) -> Restored:
    """Bring back what the backup `file` holds, into an empty data folder (and, with a server, an empty database).

    The whole file is checked before anything is written. Raises BackupRefused, BackupBroken, WrongKey, SchemaUnknown
    (made by a newer version) and what `open_cases` raises.
    """
    data = settings.data.expanduser().resolve()
    if data.is_dir() and any(each.name not in _LOCKS for each in data.iterdir()):
        raise BackupRefused(f"{data} is not empty: set SKINGPT_DATA to an empty folder, or to one that is not there.")
    keys = load_keys(settings)
    with _reading(file, keys) as sealed:
        if sealed.header.what != _BACKUP:
            raise BackupBroken(f"{file} is no backup.")
        sealed.check()
    with _scratch(data) as folder:
        with _reading(file, keys) as sealed, tarfile.open(fileobj=cast(IO[bytes], sealed), mode="r|") as archive:
            header = sealed.header
            for member in archive:
                if member.isfile() and member.name in (_RECORD, _LIBRARY):
                    archive.extract(member, folder, filter="data")
        revision = revision_of(folder / _RECORD)
        _open_copy(settings, folder).close()  # the key fits, and the tables are of no newer version
        library = (folder / _LIBRARY).exists()
        _into_place(settings, folder, data)
    gone = _read_forgotten(file.with_name(FORGOTTEN_FILE), keys)
    with closing(open_cases(settings)) as db:
        again = forget_again(db, gone)
    return Restored(header.made, revision, library, again)


def _into_place(settings: CasesSettings, folder: Path, data: Path) -> None:
    if (folder / _LIBRARY).exists():
        try:
            bring_back(_library_settings(settings), folder / _LIBRARY)
        except KnowledgeError as error:
            raise BackupRefused(f"The guideline library cannot be restored: {error}.") from error
    if settings.cases_url is None:
        (folder / _RECORD).replace(data / _RECORD)
    else:
        with closing(open_cases(settings)) as db, closing(_open_copy(settings, folder)) as copy:
            if not is_empty(db):
                raise BackupRefused(
                    "The database that SKINGPT_CASES_URL names is not empty: restore into an empty one."
                )
            copy_rows(copy, db)


def _copy_record(settings: CasesSettings, db: CaseDatabase, folder: Path) -> None:
    if db.engine.dialect.name == "sqlite":
        copy_file(db, folder / _RECORD)
        return
    with closing(_open_copy(settings, folder)) as copy:
        copy_rows(db, copy)


def _open_copy(settings: CasesSettings, folder: Path) -> CaseDatabase:
    """The copy in `folder`, brought to the newest tables; when it is closed, all of it is in its one file."""
    return open_cases(settings.model_copy(update={"cases_url": f"sqlite:///{folder / _RECORD}"}))


def _copy_library(settings: CasesSettings, to: Path) -> None:
    """The guideline library, also from a server. Raises BackupRefused."""
    try:
        copy_library(_library_settings(settings), to)
    except KnowledgeError as error:
        raise BackupRefused(f"The guideline library cannot be copied: {error}.") from error


def _library_settings(settings: CasesSettings) -> KnowledgeSettings:
    return KnowledgeSettings(data=settings.data.expanduser().resolve())


def _note_forgotten(settings: CasesSettings, db: CaseDatabase, file: Path) -> None:
    """Write down who was erased so far, with those of whom only the file still knows."""
    known = _read_forgotten(file, load_keys(settings)) | forgotten(db)
    draft = file.with_name(f"{file.name}.part")
    with _private(draft) as out, SealedWriter(out, load_key(settings), _FORGOTTEN) as sealed:
        sealed.write(json.dumps({str(number): at.isoformat() for number, at in known.items()}).encode())
    draft.replace(file)


def _read_forgotten(file: Path, keys: tuple[bytes, ...]) -> dict[int, datetime]:
    if not file.exists():
        return {}
    with _reading(file, keys) as sealed:
        told = json.loads(sealed.readall() or b"{}")
    return {int(number): datetime.fromisoformat(at) for number, at in told.items()}


@contextmanager
def _reading(file: Path, keys: tuple[bytes, ...]) -> Iterator[SealedReader]:
    try:
        opened = file.expanduser().open("rb")
    except OSError as error:
        raise BackupBroken(f"{file} cannot be read ({error.strerror}).") from None
    with opened, SealedReader(opened, keys) as sealed:
        yield sealed


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file for its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    with path.open("wb") as file:
        yield file


@contextmanager
def _scratch(data: Path) -> Iterator[Path]:
    """A folder in the data folder, gone afterwards; what a killed command left behind goes too."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in data.glob(f"{_SCRATCH}*"):
        with _held(left) as ours:
            if ours:
                shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=data))
    try:
        with _held(folder):
            yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Whether the folder is ours, until the block ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)

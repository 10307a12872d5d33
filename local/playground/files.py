"""The files of the chats: sealed below the data folder, recorded in the store, described as Telegram does."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import cast

from anyio import to_thread

from local.playground.errors import BadRequest
from local.playground.parameters import Upload
from local.playground.photos import NotAPhotoError, scaled
from local.playground.places import content_place
from local.playground.sealing import Seal
from local.playground.store import Store, StoredFile
from local.playground.upgrade import seal_old_files
from local.playground.wire import Json

DOWNLOAD_BYTES = 20 * 1024 * 1024  # what getFile gives a bot
_THUMBNAIL = 320
_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".gif", ".bmp", ".tiff", ".pdf", ".zip"})


class Files:
    """Saves and finds files; `root` is the folder that `file_path` is relative to."""

    def __init__(self, root: Path, store: Store, seal: Seal) -> None:
        self._root = root
        self._store = store
        self._seal = seal
        for folder in ("photos", "documents", "thumbnails"):
            (root / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._drop_unknown()
        seal_old_files(root, seal)

    async def save_photo(self, chat_id: int, content: bytes) -> list[Json]:
        """Save a photo in all its sizes; returns its `PhotoSize` list, smallest first.

        Raises:
            NotAPhotoError: it is no readable picture.
        """
        sizes = await to_thread.run_sync(scaled, content)
        described, written = [], []
        for size in sizes:
            file_id, path = _new_name("photos", ".jpg")
            await to_thread.run_sync(self._write, path, size.content)
            described.append(_photo_size(file_id, size.width, size.height, len(size.content)))
            written.append((file_id, path))
        self._store.add_files(
            StoredFile(file_id, chat_id, path, "image/jpeg", Path(path).name, "photo", described)
            for file_id, path in written
        )
        return described

    async def save_document(self, chat_id: int, upload: Upload) -> Json:
        """Save a file as it is; returns its `Document`, with a thumbnail where it is a picture."""
        name = Path(upload.name.replace("\\", "/")).name or "file"
        suffix = Path(name).suffix.lower()
        # A name's ending can be a word of the patient's too; these are not.
        file_id, path = _new_name("documents", suffix if suffix in _ENDINGS else "")
        await to_thread.run_sync(self._write, path, upload.content)
        document: Json = {
            "file_id": file_id,
            "file_unique_id": secrets.token_urlsafe(9),
            "file_name": name,
            "mime_type": upload.mime,
            "file_size": len(upload.content),
        }
        files = []
        if upload.mime.startswith("image/") and (thumbnail := await self._thumbnail(chat_id, upload.content)):
            files.append(thumbnail)
            document["thumbnail"] = thumbnail.media
        files.append(StoredFile(file_id, chat_id, path, upload.mime, name, "document", document))
        self._store.add_files(files)
        return document

    async def _thumbnail(self, chat_id: int, content: bytes) -> StoredFile | None:
        try:
            size = (await to_thread.run_sync(scaled, content, (_THUMBNAIL,)))[-1]
        except NotAPhotoError:
            return None
        file_id, path = _new_name("thumbnails", ".jpg")
        await to_thread.run_sync(self._write, path, size.content)
        media = _photo_size(file_id, size.width, size.height, len(size.content))
        return StoredFile(file_id, chat_id, path, "image/jpeg", Path(path).name, "thumbnail", media)

    async def photo(self, chat_id: int, given: Upload | str) -> list[Json]:
        """The `PhotoSize` list of what a bot passes as `photo`.

        Raises:
            BadRequest: unreadable, or a text that is the id of no photo.
        """
        if isinstance(given, str):
            return cast("list[Json]", self._known(given, "photo").media)
        try:
            return await self.save_photo(chat_id, given.content)
        except NotAPhotoError:
            raise BadRequest("IMAGE_PROCESS_FAILED") from None

    async def document(self, chat_id: int, given: Upload | str) -> Json:
        """The `Document` of what a bot passes as `document`.

        Raises:
            BadRequest: an empty file, or a text that is the id of no document.
        """
        if isinstance(given, str):
            return cast("Json", self._known(given, "document").media)
        if not given.content:
            raise BadRequest("file must be non-empty")
        return await self.save_document(chat_id, given)

    def _known(self, file_id: str, kind: str) -> StoredFile:
        if file_id.startswith(("http://", "https://")):
            # Telegram would fetch it; the playground reaches nothing outside this machine.
            raise BadRequest("failed to get HTTP URL content")
        stored = self._store.file(file_id=file_id)
        if stored is None:
            raise BadRequest("wrong file identifier/HTTP URL specified")
        if stored.kind != kind:
            raise BadRequest(f"type of file mismatch: can't use file of type {stored.kind} as {kind}")
        return stored

    def describe(self, file_id: str) -> Json:
        """The `File` object of getFile.

        Raises:
            BadRequest: an unknown id, or a file over 20 MB.
        """
        stored = self._store.file(file_id=file_id)
        if stored is None or not (self._root / stored.path).is_file():
            raise BadRequest("wrong file_id or the file is temporarily unavailable")
        item = next(
            item
            for item in (stored.media if isinstance(stored.media, list) else [stored.media])
            if item["file_id"] == file_id
        )
        if item["file_size"] > DOWNLOAD_BYTES:
            raise BadRequest("file is too big")
        kept = {name: item[name] for name in ("file_id", "file_unique_id", "file_size")}
        return {**kept, "file_path": stored.path}

    def content(self, stored: StoredFile) -> bytes | None:
        """The bytes of a file, opened; None where it is not there any more."""
        try:
            sealed = (self._root / stored.path).read_bytes()
        except FileNotFoundError:
            return None
        return self._seal.open(sealed, content_place(stored.path))

    def _drop_unknown(self) -> None:
        """Delete what a killed process wrote and did not record any more."""
        known = self._store.paths()
        for file in filter(Path.is_file, self._root.rglob("*")):
            if str(file.relative_to(self._root)) not in known:
                file.unlink()

    def _write(self, path: str, content: bytes) -> None:
        (self._root / path).write_bytes(self._seal.seal(content, content_place(path)))

    def delete(self, paths: list[str]) -> None:
        """Delete files from disk; one that is already gone is no error."""
        for path in paths:
            (self._root / path).unlink(missing_ok=True)


def _new_name(folder: str, suffix: str) -> tuple[str, str]:
    """A file id and a path that nothing else has."""
    return f"AgAC{secrets.token_urlsafe(36)}", f"{folder}/file_{secrets.token_hex(8)}{suffix}"


def _photo_size(file_id: str, width: int, height: int, size: int) -> Json:
    return {
        "file_id": file_id,
        "file_unique_id": secrets.token_urlsafe(9),
        "width": width,
        "height": height,
        "file_size": size,
    }

"""The parameters of one Bot API call, from a query string, a form, a multipart form or a JSON body.

https://core.telegram.org/bots/api#making-requests: in forms every structure is a JSON string, and a file is
either a part with the parameter's name or a part that the parameter names as `attach://<part>`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from local.playground.errors import BadRequest
from local.playground.wire import Json


@dataclass(frozen=True)
class Upload:
    """A file as it arrived: its name, its declared type and its bytes."""

    name: str
    mime: str
    content: bytes


class Parameters:
    """Reads parameters as the types the methods want; Telegram's errors where they are something else."""

    def __init__(self, values: Mapping[str, object], uploads: Mapping[str, Upload] | None = None) -> None:
        self.values = values
        self.uploads = uploads or {}

    def part(self, values: Json) -> Parameters:
        """The fields of a nested object, which may refer to the same uploads."""
        return Parameters(values, self.uploads)

    def text(self, name: str) -> str:
        """The parameter as text; empty where it is missing."""
        value = self.values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        """The parameter as a whole number.

        Raises:
            BadRequest: it is something else.
        """
        value = self.values.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)  # type: ignore[call-overload,no-any-return]
        except (TypeError, ValueError):
            raise BadRequest(f'parameter "{name}" must be an Integer') from None

    def boolean(self, name: str) -> bool:
        """Whether the parameter is true."""
        return str(self.values.get(name, "")).lower() in ("true", "1", "yes")

    def structure(self, name: str) -> object:
        """The parameter as the JSON value it holds; None where it is missing.

        Raises:
            BadRequest: the text is not JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            return None if value == "" else value
        try:
            return json.loads(value)
        except ValueError:
            raise BadRequest(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def mapping(self, name: str) -> Json | None:
        """The parameter as a JSON object; None where it is missing.

        Raises:
            BadRequest: it is something else.
        """
        value = self.structure(name)
        if value is None or isinstance(value, dict):
            return value
        raise BadRequest(f'parameter "{name}" must be an Object')

    def sequence(self, name: str) -> list[object] | None:
        """The parameter as a JSON array; None where it is missing.

        Raises:
            BadRequest: it is something else.
        """
        value = self.structure(name)
        if value is None or isinstance(value, list):
            return value
        raise BadRequest(f'parameter "{name}" must be an Array')

    def file(self, name: str) -> Upload | str:
        """An uploaded file, or the text that stands in its place (a file_id or an address).

        Raises:
            BadRequest: neither is there.
        """
        if name in self.uploads:
            return self.uploads[name]
        value = self.text(name)
        if value.startswith("attach://"):
            if (attached := self.uploads.get(value.removeprefix("attach://"))) is not None:
                return attached
            raise BadRequest(f"there is no {name} in the request")
        if not value:
            raise BadRequest(f"there is no {name} in the request")
        return value


async def read_parameters(request: Request) -> Parameters:
    """All parameters of a call; those of the body win over the query string's.

    Raises:
        BadRequest: the body cannot be read as what its Content-Type says.
    """
    values: dict[str, object] = dict(request.query_params)
    uploads: dict[str, Upload] = {}
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        body = await request.body()
        try:
            decoded = json.loads(body) if body else {}
        except ValueError:
            raise BadRequest("can't parse request body as JSON") from None
        if not isinstance(decoded, dict):
            raise BadRequest("request body must be a JSON object")
        values |= decoded
    elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        try:
            form = await request.form()
        except HTTPException:
            raise BadRequest("can't parse the multipart form") from None
        for name, part in form.multi_items():
            if isinstance(part, UploadFile):
                uploads[name] = await read_upload(part)
            else:
                values[name] = part
        await form.close()
    return Parameters(values, uploads)


async def read_upload(part: UploadFile) -> Upload:
    """The whole of one part of a multipart form."""
    return Upload(part.filename or "file", part.content_type or "application/octet-stream", await part.read())

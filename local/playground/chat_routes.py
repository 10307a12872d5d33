"""The patient's side over HTTP, for the page and for tests: `/chat/…`, JSON, a bearer token per chat."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from local.playground import patients
from local.playground.errors import PatientError
from local.playground.parameters import Upload, read_upload
from local.playground.playground import Playground
from local.playground.profile import commands_shown_in, text_shown_in
from local.playground.store import Chat
from local.playground.wire import Json

_NOT_KEPT = {"Cache-Control": "no-store"}
_SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


class Newcomer(BaseModel):
    """Who opens a chat."""

    model_config = ConfigDict(frozen=True)

    first_name: str = Field(default="You", min_length=1, max_length=64)
    last_name: str = Field(default="", max_length=64)
    username: str = Field(default="", pattern=r"^\w{0,32}$")
    language_code: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


class Words(BaseModel):
    """A text message."""

    model_config = ConfigDict(frozen=True)

    text: str
    reply_to_message_id: int | None = None


class Press(BaseModel):
    """A pressed button."""

    model_config = ConfigDict(frozen=True)

    message_id: int
    data: str


class Blocking(BaseModel):
    """Whether the bot is blocked."""

    model_config = ConfigDict(frozen=True)

    blocked: bool


def chat_state(playground: Playground, chat: Chat) -> Json:
    """What a page needs to know before it shows messages."""
    language = str(chat.user.get("language_code", ""))
    return {
        "chat_id": chat.chat_id,
        "user": chat.user,
        "blocked": chat.blocked,
        "read_message_id": chat.read_message_id,
        "bot": {
            **playground.bot(),
            "description": text_shown_in(playground, language, "description"),
            "short_description": text_shown_in(playground, language, "short_description"),
            "commands": commands_shown_in(playground, chat),
        },
    }


async def _uploads(request: Request) -> tuple[list[Upload], str]:
    """The parts named `file`, in order, and the caption."""
    form = await request.form(max_files=20)
    uploads = [await read_upload(part) for part in form.getlist("file") if isinstance(part, UploadFile)]
    caption = form.get("caption", "")
    return uploads, caption if isinstance(caption, str) else ""


def _house(request: Request) -> Playground:
    playground: Playground = request.app.state.playground
    return playground


House = Annotated[Playground, Depends(_house)]


def _let_in(playground: House, chat_id: int, authorization: Annotated[str, Header()] = "") -> Chat:
    """The chat, for whoever holds its token."""
    session = authorization.removeprefix("Bearer ")
    chat = playground.store.chat(chat_id) if playground.store.session_fits(chat_id, session) else None
    if chat is None:
        raise PatientError("This chat does not exist (any more), or it is not yours.", status=404)
    return chat


Entered = Annotated[Chat, Depends(_let_in)]

router = APIRouter(prefix="/chat")


@router.post("/open")
async def open_chat(playground: House, newcomer: Newcomer) -> Json:
    """A new chat; the session token is told this once."""
    chat, session = patients.open_chat(playground, newcomer.model_dump())
    return {"session": session, **chat_state(playground, chat)}


@router.get("/{chat_id}")
async def state(playground: House, chat: Entered) -> Json:
    """The chat and the bot's profile."""
    return chat_state(playground, chat)


@router.delete("/{chat_id}")
async def forget(playground: House, chat: Entered) -> Json:
    """Delete the chat with everything in it."""
    playground.forget(chat.chat_id)
    return {"forgotten": True}


@router.get("/{chat_id}/messages")
async def history(
    playground: House,
    chat: Entered,
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Json:
    """Messages, oldest first; `before` pages backwards."""
    return {"messages": playground.store.history(chat.chat_id, before=before, limit=limit)}


@router.get("/{chat_id}/events")
async def events(playground: House, chat: Entered) -> StreamingResponse:
    """Live events: hello, message, edit, delete, read, action, draft, answer, reaction, profile."""
    return StreamingResponse(
        playground.events.stream(chat.chat_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )


@router.post("/{chat_id}/text")
async def text(playground: House, chat: Entered, words: Words) -> Json:
    """Send a text."""
    return {"messages": [patients.say(playground, chat, words.text, words.reply_to_message_id)]}


@router.post("/{chat_id}/photos")
async def photos(playground: House, chat: Entered, request: Request) -> Json:
    """Send photos as photos: parts `file`, and a `caption`."""
    return {"messages": await patients.send_photos(playground, chat, *await _uploads(request))}


@router.post("/{chat_id}/documents")
async def documents(playground: House, chat: Entered, request: Request) -> Json:
    """Send files as they are: parts `file`, and a `caption`."""
    return {"messages": await patients.send_documents(playground, chat, *await _uploads(request))}


@router.post("/{chat_id}/raw")
async def raw(playground: House, chat: Entered, partial: dict[str, Any], kind: str = "message") -> Json:
    """Send any other message or update."""
    return {"messages": [patients.receive_raw(playground, chat, partial, kind)]}


@router.post("/{chat_id}/press")
async def press(playground: House, chat: Entered, pressed: Press) -> Json:
    """Press a button."""
    query_id = patients.press(playground, chat, pressed.message_id, pressed.data)
    return {"callback_query_id": query_id}


@router.get("/{chat_id}/presses/{query_id}")
async def press_answer(playground: House, chat: Entered, query_id: str) -> Json:
    """The bot's answer to a pressed button; null while there is none."""
    return {"answer": playground.store.press_answer(chat.chat_id, query_id)}


@router.post("/{chat_id}/block")
async def block(playground: House, chat: Entered, blocking: Blocking) -> Json:
    """Block the bot, or let it write again."""
    patients.set_blocked(playground, chat, blocked=blocking.blocked)
    return {"blocked": blocking.blocked}


@router.get("/{chat_id}/file/{file_id}")
async def file(playground: House, chat: Entered, file_id: str) -> Response:
    """The bytes of a file of this chat; the browser keeps no copy."""
    content, mime, name = patients.file_for_patient(playground, chat, file_id)
    if mime in _SHOWN_INLINE:
        return Response(content, media_type=mime, headers=_NOT_KEPT)
    saved_as = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return Response(content, media_type="application/octet-stream", headers={**_NOT_KEPT, **saved_as})

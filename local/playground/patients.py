"""What a patient does in a chat, turned into messages and updates as Telegram makes them."""

from __future__ import annotations

import secrets

from local.playground.detect import with_detected
from local.playground.entities import FormattedText
from local.playground.errors import PatientError
from local.playground.parameters import Upload
from local.playground.photos import NotAPhotoError
from local.playground.playground import Playground
from local.playground.sending import ALBUM_LIMIT, CAPTION_LIMIT, TEXT_LIMIT, new_album_id
from local.playground.store import Chat
from local.playground.wire import UPDATE_KINDS, Json, now, private_chat, utf16_length

UPLOAD_BYTES = 50 * 1024 * 1024


def open_chat(playground: Playground, user: Json) -> tuple[Chat, str]:
    """A new chat for a new patient, and the token that lets its browser in.

    Args:
        user: `first_name`, `language_code` and, where known, `last_name` and `username`.
    """
    session = secrets.token_urlsafe(32)
    while playground.store.chat(chat_id := 10**9 + secrets.randbelow(9 * 10**9)) is not None:
        continue
    body = {"id": chat_id, "is_bot": False, **{field: value for field, value in user.items() if value}}
    playground.store.open_chat(body, session)
    return Chat(chat_id, body, blocked=False, read_message_id=0), session


def say(playground: Playground, chat: Chat, text: str, reply_to: int | None = None) -> Json:
    """A text message; commands, addresses and the like are marked as Telegram marks them.

    Raises:
        PatientError: nothing to send, or more than 4096 UTF-16 units.
    """
    fields = _words("text", "entities", text, TEXT_LIMIT)
    if not fields:
        raise PatientError("There is nothing to send.")
    if reply_to is not None and (target := playground.store.message(chat.chat_id, reply_to)) is not None:
        target.pop("reply_to_message", None)
        fields["reply_to_message"] = target
    return _receive(playground, chat, [fields])[0]


async def send_photos(playground: Playground, chat: Chat, uploads: list[Upload], caption: str) -> list[Json]:
    """Photos, each a message and an update of its own; several share a `media_group_id`.

    Raises:
        PatientError: none or more than ten, or one of them is no picture.
    """
    words = _words("caption", "caption_entities", caption, CAPTION_LIMIT)
    bodies: list[Json] = []
    for upload in _checked(uploads):
        try:
            sizes = await playground.files.save_photo(chat.chat_id, upload.content)
        except NotAPhotoError as error:
            raise PatientError(f"{upload.name}: {error}. It can be sent as a file.") from None
        bodies.append({"photo": sizes})
    return _receive(playground, chat, _album(bodies, words, caption_on=0))


async def send_documents(playground: Playground, chat: Chat, uploads: list[Upload], caption: str) -> list[Json]:
    """Files as they are; of several the caption stands under the last.

    Raises:
        PatientError: none or more than ten, or one is over 50 MB.
    """
    words = _words("caption", "caption_entities", caption, CAPTION_LIMIT)
    bodies = [{"document": await playground.files.save_document(chat.chat_id, upload)} for upload in _checked(uploads)]
    return _receive(playground, chat, _album(bodies, words, caption_on=-1))


def _checked(uploads: list[Upload]) -> list[Upload]:
    if not uploads:
        raise PatientError("There is nothing to send.")
    if len(uploads) > ALBUM_LIMIT:
        raise PatientError(f"At most {ALBUM_LIMIT} files can be sent at once.")
    for upload in uploads:
        if len(upload.content) > UPLOAD_BYTES:
            raise PatientError(f"{upload.name} is larger than 50 MB.", status=413)
        if not upload.content:
            raise PatientError(f"{upload.name} is empty.")
    return uploads


def _album(bodies: list[Json], words: Json, caption_on: int) -> list[Json]:
    bodies[caption_on].update(words)
    if len(bodies) > 1:
        album = new_album_id()
        for body in bodies:
            body["media_group_id"] = album
    return bodies


def _words(field: str, entities_field: str, text: str, limit: int) -> Json:
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n")
    styled = with_detected(FormattedText(cleaned).stripped())
    if utf16_length(styled.text) > limit:
        raise PatientError(f"This is longer than {limit} characters.")
    if not styled.text:
        return {}
    body: Json = {field: styled.text}
    if styled.entities:
        body[entities_field] = [entity.as_json() for entity in styled.entities]
    return body


def _receive(playground: Playground, chat: Chat, bodies: list[Json]) -> list[Json]:
    """Store messages with their updates, show them, and wake the bot."""
    if chat.blocked:
        set_blocked(playground, chat, blocked=False)
    common = {"from": chat.user, "chat": private_chat(chat.user), "date": now()}
    messages = playground.store.add_messages(
        chat.chat_id,
        [{**common, **body} for body in bodies],
        lambda message: playground.updates.envelope("message", message),
    )
    for message in messages:
        playground.events.publish(chat.chat_id, "message", message)
    playground.updates.wake()
    return messages


def receive_raw(playground: Playground, chat: Chat, partial: Json, kind: str) -> Json:
    """Any update: `partial` fills a message (sticker, voice, contact, edit …) or stands as the update itself.

    For `message` the id is new; for `edited_message` `partial` names the `message_id` and changes its fields;
    for every other kind it is sent as it is.

    Raises:
        PatientError: an unknown kind, or an edit of a message that is not the patient's.
    """
    if kind not in UPDATE_KINDS:
        raise PatientError(f"Unknown kind of update: choose one of {', '.join(UPDATE_KINDS)}.")
    if kind == "message":
        return _receive(playground, chat, [partial])[0]
    body = partial
    if kind == "edited_message":
        old = playground.store.message(chat.chat_id, int(partial.get("message_id", 0)))
        if old is None or old["from"]["is_bot"]:
            raise PatientError("There is no message of this patient with that id.", status=404)
        body = {**old, **partial, "edit_date": now()}
        playground.store.replace_message(body)
        playground.events.publish(chat.chat_id, "edit", body)
    _queue(playground, chat, kind, body, int(body.get("message_id", 0)))
    return body


def _queue(playground: Playground, chat: Chat, kind: str, body: Json, message_id: int = 0) -> None:
    update = playground.updates.envelope(kind, body)
    if update is not None:
        playground.store.add_update(chat.chat_id, message_id, update)
        playground.updates.wake()


def press(playground: Playground, chat: Chat, message_id: int, data: str) -> str:
    """Press a button of a message; returns the id of the callback query.

    Raises:
        PatientError: the message is gone or has no such button.
    """
    message = playground.store.message(chat.chat_id, message_id)
    keyboard = (message or {}).get("reply_markup", {}).get("inline_keyboard", [])
    if message is None or not any(button.get("callback_data") == data for row in keyboard for button in row):
        raise PatientError("This button is no longer there.", status=409)
    query_id = str(10**17 + secrets.randbelow(9 * 10**17))
    query = {
        "id": query_id,
        "from": chat.user,
        "message": {key: value for key, value in message.items() if key != "reaction"},
        "chat_instance": str(chat.chat_id * 7919),
        "data": data,
    }
    playground.store.add_press(query_id, chat.chat_id, 0, playground.updates.envelope("callback_query", query))
    playground.updates.wake()
    return query_id


def set_blocked(playground: Playground, chat: Chat, *, blocked: bool) -> None:
    """Stop or restart the bot, as in Telegram's menu; the bot learns of it by `my_chat_member`."""
    if chat.blocked == blocked:
        return
    playground.store.set_blocked(chat.chat_id, blocked)
    bot = playground.bot()
    states: list[Json] = [
        {"user": bot, "status": "member"},
        {"user": bot, "status": "kicked", "until_date": 0},
    ]
    body = {
        "chat": private_chat(chat.user),
        "from": chat.user,
        "date": now(),
        "old_chat_member": states[not blocked],
        "new_chat_member": states[blocked],
    }
    _queue(playground, chat, "my_chat_member", body)


def file_for_patient(playground: Playground, chat: Chat, file_id: str) -> tuple[bytes, str, str]:
    """The bytes, type and name of a file that a message of this chat carries.

    Raises:
        PatientError: there is no such file in this chat.
    """
    stored = playground.store.file(file_id=file_id)
    if stored is None or not playground.store.mentions_file(chat.chat_id, file_id):
        raise PatientError("There is no such file in this chat.", status=404)
    content = playground.files.content(stored)
    if content is None:
        raise PatientError("This file has been deleted.", status=404)
    return content, stored.mime, stored.name

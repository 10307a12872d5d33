"""The methods that put something into a chat: messages, photos, documents, albums, drafts, chat actions."""

from __future__ import annotations

import secrets

from local.playground.detect import with_detected
from local.playground.entities import FormattedText, parse_entities, parse_html
from local.playground.errors import BadRequest
from local.playground.markup import inline_keyboard
from local.playground.parameters import Parameters
from local.playground.playground import Playground
from local.playground.store import Chat
from local.playground.wire import Json, utf16_length

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ALBUM_LIMIT = 10
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def formatted(parameters: Parameters, field: str, entities_field: str) -> FormattedText:
    """A text with its entities, by `parse_mode` or by the list of entities.

    Raises:
        BadRequest: the markup cannot be read, or the parse mode is not HTML.
    """
    text = parameters.text(field).replace("\r\n", "\n").replace("\r", "\n")
    mode = parameters.text("parse_mode").lower()
    if mode == "html":
        styled = parse_html(text)
    elif mode:
        raise BadRequest("unsupported parse_mode: the playground reads HTML only")
    else:
        listed = [item for item in parameters.sequence(entities_field) or [] if isinstance(item, dict)]
        styled = parse_entities(text, listed)
    return with_detected(styled.stripped())


def message_text(parameters: Parameters) -> Json:
    """`text` and `entities` of a message.

    Limits are counted in UTF-16 units, so what fits here fits on Telegram however it counts.

    Raises:
        BadRequest: "message text is empty", "message is too long".
    """
    styled = formatted(parameters, "text", "entities")
    if not styled.text:
        raise BadRequest("message text is empty")
    if utf16_length(styled.text) > TEXT_LIMIT:
        raise BadRequest("message is too long")
    return _with_entities("text", "entities", styled)


def message_caption(parameters: Parameters) -> Json:
    """`caption` and `caption_entities` of a message; empty where there is no caption.

    Raises:
        BadRequest: "message caption is too long".
    """
    styled = formatted(parameters, "caption", "caption_entities")
    if utf16_length(styled.text) > CAPTION_LIMIT:
        raise BadRequest("message caption is too long")
    return _with_entities("caption", "caption_entities", styled) if styled.text else {}


def _with_entities(field: str, entities_field: str, styled: FormattedText) -> Json:
    body: Json = {field: styled.text}
    if styled.entities:
        body[entities_field] = [entity.as_json() for entity in styled.entities]
    return body


async def media_fields(playground: Playground, chat: Chat, item: Parameters, kind: str, field: str) -> Json:
    """The photo or document of a message, with its caption.

    Raises:
        BadRequest: the file or the caption cannot be sent.
    """
    body = message_caption(item)
    given = item.file(field)
    if kind == "photo":
        body["photo"] = await playground.files.photo(chat.chat_id, given)
        if item.boolean("has_spoiler"):
            body["has_media_spoiler"] = True
    elif kind == "document":
        body["document"] = await playground.files.document(chat.chat_id, given)
    else:
        raise BadRequest(f"media of type {kind} is not supported by the playground")
    return body


def _common(playground: Playground, chat: Chat, parameters: Parameters) -> Json:
    """What every kind of message may have: the message replied to, a keyboard, protection."""
    body: Json = {}
    reply = parameters.mapping("reply_parameters") or {"message_id": parameters.integer("reply_to_message_id")}
    if reply.get("message_id"):
        target = playground.store.message(chat.chat_id, int(reply["message_id"]))
        if target is not None:
            target.pop("reply_to_message", None)
            body["reply_to_message"] = target
        elif not (reply.get("allow_sending_without_reply") or parameters.boolean("allow_sending_without_reply")):
            raise BadRequest("message to be replied not found")
    if parameters.boolean("protect_content"):
        body["has_protected_content"] = True
    keyboard = inline_keyboard(parameters.structure("reply_markup"))
    if keyboard is not None:
        body["reply_markup"] = keyboard
    return body


async def send_message(playground: Playground, parameters: Parameters) -> Json:
    """sendMessage."""
    chat = playground.open_to_bot(parameters)
    body = {**message_text(parameters), **_common(playground, chat, parameters)}
    preview = parameters.mapping("link_preview_options")
    if preview:
        body["link_preview_options"] = preview
    return playground.post(chat, [body])[0]


async def send_photo(playground: Playground, parameters: Parameters) -> Json:
    """sendPhoto."""
    return await _send_media(playground, parameters, "photo")


async def send_document(playground: Playground, parameters: Parameters) -> Json:
    """sendDocument."""
    return await _send_media(playground, parameters, "document")


async def _send_media(playground: Playground, parameters: Parameters, kind: str) -> Json:
    chat = playground.open_to_bot(parameters)
    common = _common(playground, chat, parameters)
    media = await media_fields(playground, chat, parameters, kind, kind)
    return playground.post(chat, [{**media, **common}])[0]


async def send_media_group(playground: Playground, parameters: Parameters) -> list[Json]:
    """sendMediaGroup: an album of photos or of documents, all or nothing."""
    chat = playground.open_to_bot(parameters)
    items = [item for item in parameters.sequence("media") or [] if isinstance(item, dict)]
    if not items:
        raise BadRequest("there are no messages to send")
    if len(items) > ALBUM_LIMIT:
        raise BadRequest("too many messages to send as an album")
    kinds = {str(item.get("type")) for item in items}
    if len(kinds) > 1:
        raise BadRequest(f"{sorted(kinds)[0].capitalize()} can't be mixed with other media types")
    kind = kinds.pop()
    common = _common(playground, chat, parameters)
    common.pop("reply_markup", None)
    album = {"media_group_id": new_album_id()} if len(items) > 1 else {}
    bodies = [
        {**await media_fields(playground, chat, parameters.part(item), kind, "media"), **album, **common}
        for item in items
    ]
    return playground.post(chat, bodies)


def new_album_id() -> str:
    """A `media_group_id` that no other album has."""
    return str(10**16 + secrets.randbelow(9 * 10**16))


async def send_message_draft(playground: Playground, parameters: Parameters) -> bool:
    """sendMessageDraft: a preview of a message being written; the page drops it after 30 seconds."""
    chat = playground.open_to_bot(parameters)
    if not parameters.integer("draft_id"):
        raise BadRequest("RANDOM_ID_INVALID")
    styled = formatted(parameters, "text", "entities")
    if utf16_length(styled.text) > TEXT_LIMIT:
        raise BadRequest("message is too long")
    draft = {"draft_id": parameters.integer("draft_id"), **_with_entities("text", "entities", styled)}
    playground.events.publish(chat.chat_id, "draft", draft)
    return True


async def send_chat_action(playground: Playground, parameters: Parameters) -> bool:
    """sendChatAction: shown in the header for five seconds."""
    chat = playground.open_to_bot(parameters)
    action = parameters.text("action")
    if action not in _ACTIONS:
        raise BadRequest("wrong parameter action in request")
    playground.events.publish(chat.chat_id, "action", {"action": action})
    return True

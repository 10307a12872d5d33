"""The methods that change what is in a chat: edits, deletions, reactions, answers to pressed buttons."""

from __future__ import annotations

from local.playground.errors import BadRequest
from local.playground.markup import inline_keyboard
from local.playground.parameters import Parameters
from local.playground.playground import Playground
from local.playground.sending import media_fields, message_caption, message_text
from local.playground.store import Chat
from local.playground.wire import Json, now

DELETIONS = 100
CALLBACK_ANSWER_LIMIT = 200
_MEDIA = ("photo", "document", "has_media_spoiler")
_CAPTION = ("caption", "caption_entities")


def _editable(playground: Playground, parameters: Parameters) -> tuple[Chat, Json]:
    """The chat and the bot's own message a call names.

    Raises:
        BadRequest: "message to edit not found", "message can't be edited".
    """
    chat = playground.open_to_bot(parameters)
    message_id = parameters.integer("message_id")
    if not message_id:
        raise BadRequest("message identifier is not specified")
    message = playground.store.message(chat.chat_id, message_id)
    if message is None:
        raise BadRequest("message to edit not found")
    if not message["from"]["is_bot"]:
        raise BadRequest("message can't be edited")
    return chat, message


def _edit(
    playground: Playground,
    old: Json,
    parameters: Parameters,
    dropped: tuple[str, ...] = (),
    new: Json | None = None,
) -> Json:
    """Put `new` fields in the place of those `dropped`, set the keyboard, and show the result.

    Raises:
        BadRequest: "message is not modified".
    """
    message = {key: value for key, value in old.items() if key not in (*dropped, "reply_markup")} | (new or {})
    keyboard = inline_keyboard(parameters.structure("reply_markup"))
    if keyboard is not None:
        message["reply_markup"] = keyboard
    if message == old:
        raise BadRequest(
            "message is not modified: specified new message content and reply markup are exactly the same"
            " as a current content and reply markup of the message"
        )
    if dropped:
        message["edit_date"] = now()
    playground.store.replace_message(message)
    playground.events.publish(message["chat"]["id"], "edit", message)
    return message


async def edit_message_text(playground: Playground, parameters: Parameters) -> Json:
    """editMessageText; without `reply_markup` the keyboard goes."""
    text = message_text(parameters)
    message = _editable(playground, parameters)[1]
    if "text" not in message:
        raise BadRequest("there is no text in the message to edit")
    preview = parameters.mapping("link_preview_options")
    if preview:
        text["link_preview_options"] = preview
    dropped = ("text", "entities", "link_preview_options")
    return _edit(playground, message, parameters, dropped, text)


async def edit_message_caption(playground: Playground, parameters: Parameters) -> Json:
    """editMessageCaption; an empty caption removes it."""
    caption = message_caption(parameters)
    message = _editable(playground, parameters)[1]
    if "photo" not in message and "document" not in message:
        raise BadRequest("there is no caption in the message to edit")
    return _edit(playground, message, parameters, _CAPTION, caption)


async def edit_message_media(playground: Playground, parameters: Parameters) -> Json:
    """editMessageMedia: another photo or document in the same message."""
    chat, message = _editable(playground, parameters)
    item = parameters.mapping("media")
    if item is None:
        raise BadRequest("media is empty")
    media = await media_fields(playground, chat, parameters.part(item), str(item.get("type")), "media")
    dropped = ("text", "entities", "link_preview_options", *_MEDIA, *_CAPTION)
    return _edit(playground, message, parameters, dropped, media)


async def edit_message_reply_markup(playground: Playground, parameters: Parameters) -> Json:
    """editMessageReplyMarkup; such an edit leaves no "edited" mark."""
    message = _editable(playground, parameters)[1]
    return _edit(playground, message, parameters)


async def delete_message(playground: Playground, parameters: Parameters) -> bool:
    """deleteMessage; in a private chat the patient's messages too."""
    chat = playground.open_to_bot(parameters)
    message_id = parameters.integer("message_id") or 0
    if not playground.delete_messages(chat.chat_id, [message_id]):
        raise BadRequest("message to delete not found")
    return True


async def delete_messages(playground: Playground, parameters: Parameters) -> bool:
    """deleteMessages: up to 100; those that are gone already are skipped."""
    chat = playground.open_to_bot(parameters)
    ids = [int(item) for item in parameters.sequence("message_ids") or [] if isinstance(item, int)]
    if not ids:
        raise BadRequest("message identifiers are not specified")
    if len(ids) > DELETIONS:
        raise BadRequest("too many message identifiers specified")
    playground.delete_messages(chat.chat_id, ids)
    return True


async def set_message_reaction(playground: Playground, parameters: Parameters) -> bool:
    """setMessageReaction: at most one emoji per message; an empty list removes it."""
    chat = playground.open_to_bot(parameters)
    message_id = parameters.integer("message_id") or 0
    message = playground.store.message(chat.chat_id, message_id)
    if message is None:
        raise BadRequest("message to react not found")
    reactions = [item for item in parameters.sequence("reaction") or [] if isinstance(item, dict)]
    emoji = [str(item["emoji"]) for item in reactions if item.get("type") == "emoji" and item.get("emoji")]
    if len(reactions) > 1 or len(emoji) != len(reactions):
        raise BadRequest("REACTION_INVALID")
    message.pop("reaction", None)
    # Not a field of Telegram's Message: clients keep it beside the message, and so does this one.
    playground.store.replace_message({**message, "reaction": emoji[0]} if emoji else message)
    playground.events.publish(chat.chat_id, "reaction", {"message_id": message_id, "emoji": "".join(emoji)})
    return True


async def answer_callback_query(playground: Playground, parameters: Parameters) -> bool:
    """answerCallbackQuery: once per query, a short notice or an alert."""
    text = parameters.text("text")
    if len(text) > CALLBACK_ANSWER_LIMIT:
        raise BadRequest("MESSAGE_TOO_LONG")
    query = parameters.text("callback_query_id")
    answer = {"callback_query_id": query, "text": text, "show_alert": parameters.boolean("show_alert")}
    chat_id = playground.store.answer_press(query, answer)
    if chat_id is None:
        raise BadRequest("query is too old and response timeout expired or query ID is invalid")
    playground.events.publish(chat_id, "answer", answer)
    return True


async def get_file(playground: Playground, parameters: Parameters) -> Json:
    """getFile: a path for the download, up to 20 MB."""
    return playground.files.describe(parameters.text("file_id"))

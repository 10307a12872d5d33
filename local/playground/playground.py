"""The parts of one playground, held together; every route and every method works on this."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from local.key import read_keys
from local.playground.errors import BadRequest, Forbidden
from local.playground.events import Events
from local.playground.faults import Faults
from local.playground.files import Files
from local.playground.parameters import Parameters
from local.playground.sealing import open_seal
from local.playground.settings import PlaygroundSettings
from local.playground.store import Chat, Store
from local.playground.updates import Updates
from local.playground.wire import Json, bot_user, now, private_chat
from local.settings import LocalSettings


class Playground:
    """One bot, its chats, and everything said in them; lives, sealed, in the data folder of the settings.

    Raises KeyLost, KeyMisplaced.
    """

    def __init__(self, settings: PlaygroundSettings) -> None:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.settings = settings
        seal = open_seal(settings.data, read_keys(LocalSettings()))
        self.store = Store(settings.data / "playground.sqlite3", seal)
        self.files = Files(settings.data / "files", self.store, seal)
        self.events = Events()
        self.faults = Faults()
        self.updates = Updates(self.store, self.events)

    def close(self) -> None:
        """Close the store; unconfirmed updates stay in it."""
        self.store.close()

    def token_fits(self, token: str) -> bool:
        """Whether `token` is the bot's; compared in constant time."""
        return secrets.compare_digest(token.encode(), self.settings.token.get_secret_value().encode())

    def bot(self) -> Json:
        """The bot as a `User`."""
        name = (self.store.profile("name:") or {}).get("name") or self.settings.name
        return bot_user(self.settings.token.get_secret_value(), name, self.settings.username)

    def known_chat(self, parameters: Parameters) -> Chat:
        """The chat a call names.

        Raises:
            BadRequest: "chat not found", or no `chat_id`.
        """
        if not parameters.text("chat_id"):
            raise BadRequest("chat_id is empty")
        try:
            chat = self.store.chat(int(parameters.text("chat_id")))
        except (ValueError, OverflowError):
            chat = None
        if chat is None:
            raise BadRequest("chat not found")
        return chat

    def open_to_bot(self, parameters: Parameters) -> Chat:
        """The chat a call wants to write into.

        Raises:
            BadRequest: "chat not found".
            Forbidden: the patient blocked the bot.
        """
        chat = self.known_chat(parameters)
        if chat.blocked:
            raise Forbidden("bot was blocked by the user")
        return chat

    def post(self, chat: Chat, bodies: list[Json]) -> list[Json]:
        """Store messages of the bot and show them."""
        common = {"from": self.bot(), "chat": private_chat(chat.user), "date": now()}
        messages = self.store.add_messages(chat.chat_id, [{**common, **body} for body in bodies])
        for message in messages:
            self.events.publish(chat.chat_id, "message", message)
        return messages

    def delete_messages(self, chat_id: int, message_ids: Iterable[int]) -> list[int]:
        """Delete messages with their files, on disk too; those that were there."""
        gone, paths = self.store.delete_messages(chat_id, message_ids)
        self.files.delete(paths)
        self.events.publish(chat_id, "delete", {"message_ids": gone})
        return gone

    def forget(self, chat_id: int) -> None:
        """Delete a chat with its messages, files and unconfirmed updates, on disk too."""
        self.files.delete(self.store.forget(chat_id))
        self.events.close(chat_id)

"""What of an update every handler needs: the chat, the message, its id as a source."""

from dataclasses import dataclass

from telegram import Message, Update

from bot.characters import plain


@dataclass(frozen=True)
class Incoming:
    """A message in a chat. `source` names the update for good: the same update dealt with twice has one
    effect.
    """

    chat_id: int
    message: Message
    source: str
    language: str | None

    @property
    def words(self) -> str:
        """The text, or the caption of a photo, in plain characters."""
        return plain(self.message.text or self.message.caption or "")


def incoming(update: Update) -> Incoming:
    """The message of an update that has one (the filters see to that)."""
    message = update.effective_message
    assert message is not None
    language = update.effective_user.language_code if update.effective_user else None
    return Incoming(message.chat_id, message, f"update:{update.update_id}", language)

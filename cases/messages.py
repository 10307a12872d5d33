"""The messages that stand in a chat, by number alone: what a bot needs to know to delete them there.

Numbers are noted as messages come (`cases.inbox`) and go (the bot), and leave with their patient or, where nobody
became a patient, after two days: Telegram lets a bot delete no older message.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from cases.database import CaseDatabase
from cases.tables import ChatMessageRow, PatientRow

DELETABLE: Final = timedelta(hours=48)
"""Source: core.telegram.org/bots/api#deletemessage."""


def note(db: CaseDatabase, chat_id: int, message_ids: Iterable[int]) -> None:
    """These messages stand in the chat; noting one twice changes nothing."""
    with db.write() as session:
        note_in(session, chat_id, message_ids, db.now())


def note_in(session: Session, chat_id: int, message_ids: Iterable[int], now: datetime) -> None:
    """`note`, inside a transaction that stores what the messages brought."""
    for message_id in message_ids:
        if session.get(ChatMessageRow, (chat_id, message_id)) is None:
            session.add(ChatMessageRow(chat_id=chat_id, message_id=message_id, noted=now))


def of_chat(db: CaseDatabase, chat_id: int, within: timedelta | None = None) -> list[int]:
    """The messages known to stand in the chat, oldest first; only those noted `within` so long, where given."""
    known = select(ChatMessageRow.message_id).where(ChatMessageRow.chat_id == chat_id)
    if within is not None:
        known = known.where(ChatMessageRow.noted > db.now() - within)
    with db.read() as session:
        return list(session.scalars(known.order_by(ChatMessageRow.message_id)))


def drop_strangers(session: Session, now: datetime) -> None:
    """Forget the numbers of messages in chats that have no patient, once nobody could delete them any more."""
    patient = exists().where(PatientRow.chat_id == ChatMessageRow.chat_id)
    session.execute(delete(ChatMessageRow).where(~patient, ChatMessageRow.noted <= now - DELETABLE))

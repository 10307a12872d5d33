"""Where each submission is shown: in a chat one message, written anew whenever the submission stands otherwise."""

from dataclasses import dataclass
from functools import reduce

from sqlalchemy import ColumnElement, Engine, Text, cast, delete, func, insert, literal, select, update

from knowledge import people, tables
from knowledge.database import reading, writing
from knowledge.submission import State, is_other

_CARDS, _SUBMISSIONS = tables.submission_cards, tables.submissions


@dataclass(frozen=True, slots=True)
class Card:
    """One message, or the place for it. `stands`: what the submission has come to, which the message does not show."""

    submission: int
    chat_id: int
    reply_to: int | None
    message_id: int | None
    stands: str


def place(engine: Engine, submission: int, chat_id: int, reply_to: int | None = None) -> int | None:
    """From now on a new message shows the submission in this chat; the id of the one that did until now."""
    mine = (_CARDS.c.submission == submission, _CARDS.c.chat_id == chat_id)
    with writing(engine) as connection:
        before = connection.execute(select(_CARDS.c.message_id).where(*mine)).scalar()
        connection.execute(delete(_CARDS).where(*mine))
        connection.execute(insert(_CARDS).values(submission=submission, chat_id=chat_id, reply_to=reply_to, shown=""))
        return before


def outdated(engine: Engine) -> list[Card]:
    """The cards that do not show how their submission stands, of people who are on the list, oldest first."""
    stands, listed = _stands(), tables.dermatologists.c
    card = _CARDS.c
    asked = (
        select(card.submission, card.chat_id, card.reply_to, card.message_id, stands.label("stands"))
        .join_from(_CARDS, _SUBMISSIONS)
        .join(tables.dermatologists, listed.telegram_id == card.chat_id)
        .where(card.shown != stands, listed.removed.is_(None))
        .order_by(card.submission)
    )
    with reading(engine) as connection:
        return [Card(**row._mapping) for row in connection.execute(asked)]


def written(engine: Engine, card: Card, message_id: int | None) -> None:
    """The message `message_id` shows now how the submission `stands`; where it moved meanwhile nothing is noted."""
    column = _CARDS.c
    same = (column.submission == card.submission, column.chat_id == card.chat_id)
    unmoved = column.message_id.is_(None) if card.message_id is None else column.message_id == card.message_id
    with writing(engine) as connection:
        connection.execute(update(_CARDS).where(*same, unmoved).values(message_id=message_id, shown=card.stands))


def shown_by(engine: Engine, chat_id: int, message_id: int) -> int | None:
    """The submission that this message shows."""
    column = _CARDS.c
    asked = select(column.submission).where(column.chat_id == chat_id, column.message_id == message_id)
    with reading(engine) as connection:
        return connection.execute(asked).scalar()


def ask_approvers(engine: Engine) -> int:
    """Gives everybody a card who can approve what waits for a second person and has none yet; how many."""
    column = _SUBMISSIONS.c
    waiting = select(column.number, column.author).where(column.state == State.WAITING, column.decided_by.is_(None))
    with reading(engine) as connection:
        rows = connection.execute(waiting).all()
        cards = connection.execute(select(_CARDS.c.submission, _CARDS.c.chat_id)) if rows else ()
        having = {(card.submission, card.chat_id) for card in cards}
    missing = [
        (row.number, person.telegram_id)
        for row in rows
        for person in people.allowed(engine)
        if is_other(person.name, row.author) and (row.number, person.telegram_id) not in having
    ]
    for submission, chat_id in missing:
        place(engine, submission, chat_id)
    return len(missing)


def _stands() -> ColumnElement[str]:
    column = _SUBMISSIONS.c
    parts = (column.state, column.progress, column.decided_by, cast(column.replaces, Text), column.details)
    return reduce(lambda so_far, part: so_far + "|" + func.coalesce(part, ""), parts, literal(""))

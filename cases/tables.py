"""The tables of the patient's record. Words, photos, history, findings, advice and payloads are sealed; the
rest is plain.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A counted primary key; SQLite counts up only columns declared INTEGER."""


class UtcTime(TypeDecorator[datetime]):
    """A moment with its zone, kept in UTC; SQLite has no zones, so it is stored there without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC; a moment without a zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, with the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of all tables; a number once used is not used again, so an old button never reaches another
    person's row.
    """

    # Every constraint has a name, so that a migration can change it; SQLite cannot otherwise.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    __table_args__: Any = ({"sqlite_autoincrement": True},)


class KeyCheckRow(Table):
    """One row: a known text sealed with the key of this database, so that a wrong key is noticed at once."""

    __tablename__ = "key_check"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class PatientRow(Table):
    """Whoever writes in one chat. `photos_refused_until`: the photos announced were such as must not be kept."""

    __tablename__ = "patients"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    language: Mapped[str] = mapped_column(String(35))
    photos_refused_until: Mapped[datetime | None] = mapped_column(UtcTime)
    created: Mapped[datetime] = mapped_column(UtcTime)


class ConsentRow(Table):
    """One consent: for what, to which version of the text, from when, until when."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(16))
    given: Mapped[datetime] = mapped_column(UtcTime)
    withdrawn: Mapped[datetime | None] = mapped_column(UtcTime)


class CaseRow(Table):
    """One case; `number` is the order of arrival, `touched` when a stage was last completed or tried, `stalled` since
    when its stage waits for a part that is not there; `explainable` whether the model that looked at its photos can
    show what it looked at (none: before it was noted); `last_press` the last button press that was dealt with.
    """

    __tablename__ = "cases"
    __table_args__ = (UniqueConstraint("patient_id", "source"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    source: Mapped[str | None] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16), index=True)
    words: Mapped[bytes] = mapped_column(LargeBinary)
    history: Mapped[bytes] = mapped_column(LargeBinary)
    history_revision: Mapped[int] = mapped_column(Integer, default=0)
    findings: Mapped[bytes | None] = mapped_column(LargeBinary)
    advice: Mapped[bytes | None] = mapped_column(LargeBinary)
    advice_revision: Mapped[int | None] = mapped_column(Integer)
    status_message_id: Mapped[int | None] = mapped_column(BigInteger)
    last_press: Mapped[str | None] = mapped_column(String(128))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    stalled: Mapped[datetime | None] = mapped_column(UtcTime)
    explainable: Mapped[bool | None] = mapped_column(Boolean)
    created: Mapped[datetime] = mapped_column(UtcTime)
    touched: Mapped[datetime] = mapped_column(UtcTime)

    patient: Mapped[PatientRow] = relationship(lazy="joined", innerjoin=True)
    photos: Mapped[list["PhotoRow"]] = relationship(lazy="selectin", order_by="PhotoRow.id")


class PhotoRow(Table):
    """One photo; its bytes are read only when asked for. `source`: the update it came with."""

    __tablename__ = "photos"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    source: Mapped[str | None] = mapped_column(String(128))
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created: Mapped[datetime] = mapped_column(UtcTime)


class TurnRow(Table):
    """One thing said. `opening`: the words that opened the case, which its advice answers."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("patient_id", "source"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    source: Mapped[str | None] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(16))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    answers: Mapped[int | None] = mapped_column(ForeignKey("turns.id"), unique=True)
    opening: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    stalled: Mapped[datetime | None] = mapped_column(UtcTime)
    created: Mapped[datetime] = mapped_column(UtcTime)
    touched: Mapped[datetime] = mapped_column(UtcTime)

    case: Mapped[CaseRow] = relationship()


class LeaseRow(Table):
    """Who is at work on what, until when at the latest. `token` tells two leases of one owner apart."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    owner: Mapped[str] = mapped_column(String(128))
    token: Mapped[str] = mapped_column(String(32))
    expires: Mapped[datetime] = mapped_column(UtcTime)


class InboxRow(Table):
    """One update of a chat (0: of none, or done), in order of arrival; `payload` is sealed, and None once the update is
    done. `replays`: how often it was begun again after a crash.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index(
            "ix_inbox_waiting",
            "number",
            sqlite_where=text("payload IS NOT NULL"),
            postgresql_where=text("payload IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    update_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    replays: Mapped[int] = mapped_column(Integer, default=0)
    received: Mapped[datetime] = mapped_column(UtcTime)


class OutboxRow(Table):
    """One message to be sent. `ended`: when it was sent or dropped; its payload is then gone."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[str] = mapped_column(String(16))
    reference: Mapped[str] = mapped_column(String(64))
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    dedupe: Mapped[str] = mapped_column(String(128), unique=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due: Mapped[datetime] = mapped_column(UtcTime)
    owner: Mapped[str | None] = mapped_column(String(128))
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime)
    ended: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    dropped: Mapped[str | None] = mapped_column(String(128))


class ChatMessageRow(Table):
    """A message that stands in a chat, by its number alone, so that `forget` can have it deleted there."""

    __tablename__ = "chat_messages"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    noted: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = ({"sqlite_with_rowid": False},)


class ForgottenRow(Table):
    """A number that a patient had who was erased: a restored backup erases them again."""

    __tablename__ = "forgotten"

    __table_args__ = ()

    patient_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    erased: Mapped[datetime] = mapped_column(UtcTime)


class FeedbackRow(Table):
    """Whether the answer helped, in the patient's latest word."""

    __tablename__ = "feedback"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    helpful: Mapped[bool]
    created: Mapped[datetime] = mapped_column(UtcTime)


class HeartbeatRow(Table):
    """A process that lives, or did: its last sign of life, by its own clock. `skew`: that clock less the
    database's, in seconds.
    """

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(192), primary_key=True)
    part: Mapped[str] = mapped_column(String(32))
    machine: Mapped[str] = mapped_column(String(128))
    version: Mapped[str] = mapped_column(String(32))
    started: Mapped[datetime] = mapped_column(UtcTime)
    beat: Mapped[datetime] = mapped_column(UtcTime)
    skew: Mapped[float] = mapped_column(Float)


class SchemaSupportRow(Table):
    """One row: `oldest` is the newest revision an older program must know to go on with these tables."""

    __tablename__ = "schema_support"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    oldest: Mapped[str] = mapped_column(String(32))

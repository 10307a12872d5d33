"""The tables of the library's database, for SQLAlchemy Core. `knowledge/migrations` creates them.

Every publication keeps its whole text and its chunks for good, so that a citation stays openable; it is live
while `retired` is empty, at most one of a `key` at a time. The full-text tables and the vector index hold live
text only and can be rebuilt from here.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the naive time in UTC that is stored."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """From the stored time to one that knows its zone."""
        return value.replace(tzinfo=UTC) if value else None


metadata = MetaData()

publications = Table(
    "publication",
    metadata,
    Column("number", Integer, primary_key=True),
    # Key and file name may be empty in the tables, so that the program before can still write in a rolling upgrade.
    Column("key", String(120), index=True),
    Column("slug", String(80), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("language", String(20), nullable=False),
    Column("reviewed", Date),
    Column("review_by", Date, nullable=False),
    Column("valid_from", Date),
    Column("source", Text, nullable=False),
    Column("file_name", Text),
    Column("document", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("author", Text, nullable=False),
    Column("approved_by", Text),
    Column("published", UtcDateTime, nullable=False),
    Column("restores", Integer),
    Column("retired", UtcDateTime),
    Column("retired_by", Text),
    sqlite_autoincrement=True,
)

FACTS = "publication_facts"
"""An index of SQLite's over every column of `publication` but the text; see `knowledge.catalogue`."""

chunks = Table(
    "chunk",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("chunk_id", String(16), nullable=False, index=True),
    Column("publication", ForeignKey("publication.number"), nullable=False, index=True),
    Column("heading", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("page", Integer),
    UniqueConstraint("publication", "chunk_id"),
    sqlite_autoincrement=True,
)

names = Table(
    "name",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("name_id", String(16), nullable=False, index=True),
    Column("publication", ForeignKey("publication.number"), nullable=False, index=True),
    Column("phrase", Text, nullable=False),
    UniqueConstraint("publication", "name_id"),
    sqlite_autoincrement=True,
)

vectors = Table(
    "vector",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("numbers", LargeBinary, nullable=False),
)
"""Vectors already computed, by the hash of model and text: little-endian 32-bit floats."""

index_generations = Table(
    "index_generation",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("generation", String(16), nullable=False, unique=True),
    Column("model", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Which of Chroma's collections are ours; the highest number is live.

A new row is what switches a rebuild in.
"""

deeds = Table(
    "deed",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("time", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(20), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Who did what, written in the same transaction as the deed; never changed."""

submissions = Table(
    "submission",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("received", UtcDateTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("details", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("progress", Text, nullable=False),
    Column("edition", Text),
    Column("report", Text),
    Column("replaces", Integer),
    Column("decided", UtcDateTime),
    Column("decided_by", Text),
    Column("attempts", Integer),
    sqlite_autoincrement=True,
)
"""Documents on their way into the library. `details`, `edition` and `report` are JSON.

`attempts` counts readings that began and did not end yet.
"""

submission_cards = Table(
    "submission_card",
    metadata,
    Column("submission", ForeignKey("submission.number"), primary_key=True),
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reply_to", BigInteger),
    Column("message_id", BigInteger),
    Column("shown", Text, nullable=False),
)
"""The one message of a chat that shows a submission. `shown`: where it stood when the message was last written."""

dermatologists = Table(
    "dermatologist",
    metadata,
    Column("telegram_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("removed", UtcDateTime),
)
"""Who may change the library from a chat."""

invitations = Table(
    "invitation",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("used", UtcDateTime),
)
"""Each lets one person in, once; the token itself is nowhere kept."""

schema_support = Table(
    "library_support",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("oldest", String(32), nullable=False),
)
"""One row: `oldest` is the newest revision an older program must know to go on with these tables."""

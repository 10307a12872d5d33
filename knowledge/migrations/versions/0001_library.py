"""Creates the library: publications, chunks, names, vectors, and the full-text tables over live text.

SQLite's are FTS5; Postgres' are tsvectors with the words' document frequencies.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates every table."""
    op.create_table(
        "publication",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("reviewed", sa.Date),
        sa.Column("review_by", sa.Date, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("published", sa.DateTime, nullable=False),
        sa.Column("retired", sa.DateTime),
        sa.Column("retired_by", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_publication_slug", "publication", ["slug"])
    # At most one publication of a condition is live, whatever the code above does.
    op.create_index(
        "one_live_publication",
        "publication",
        ["slug"],
        unique=True,
        sqlite_where=sa.text("retired IS NULL"),
        postgresql_where=sa.text("retired IS NULL"),
    )
    for table, key in (("chunk", "chunk_id"), ("name", "name_id")):
        texts = ("heading", "section", "text") if table == "chunk" else ("phrase",)
        op.create_table(
            table,
            sa.Column("row", sa.Integer, primary_key=True),
            sa.Column(key, sa.String(16), nullable=False),
            sa.Column("publication", sa.Integer, sa.ForeignKey("publication.number"), nullable=False),
            *(sa.Column(text, sa.Text, nullable=False) for text in texts),
            sa.UniqueConstraint("publication", key),
            sqlite_autoincrement=True,
        )
        op.create_index(f"ix_{table}_{key}", table, [key])
    op.create_table(
        "vector",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("numbers", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "index_generation",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("generation", sa.String(16), nullable=False, unique=True),
        sa.Column("model", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        stemmed = "tokenize='porter unicode61 remove_diacritics 2'"
        op.execute(f"CREATE VIRTUAL TABLE chunk_words USING fts5(title, section, text, {stemmed})")
        op.execute(f"CREATE VIRTUAL TABLE name_words USING fts5(phrase, {stemmed})")
        return
    for table in ("chunk", "name"):
        op.create_table(
            f"{table}_words",
            sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("words", TSVECTOR, nullable=False),
        )
        op.create_index(f"ix_{table}_words", f"{table}_words", ["words"], postgresql_using="gin")
        # In how many rows each word stands: what BM25 weighs a word by, which Postgres does not keep.
        op.create_table(
            f"{table}_word_spread",
            sa.Column("word", sa.Text, primary_key=True),
            sa.Column("rows", sa.Integer, nullable=False),
        )


def downgrade() -> None:
    """Drops every table."""
    spread = () if op.get_bind().dialect.name == "sqlite" else ("chunk_word_spread", "name_word_spread")
    words = ("chunk_words", "name_words", *spread)
    for table in (*words, "index_generation", "vector", "name", "chunk", "publication"):
        op.drop_table(table)

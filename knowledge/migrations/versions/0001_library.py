"""Creates the library: publications, chunks, names, vectors, and the full-text tables over live text."""

import sqlalchemy as sa
from alembic import op

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
        "one_live_publication", "publication", ["slug"], unique=True, sqlite_where=sa.text("retired IS NULL")
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
    stemmed = "tokenize='porter unicode61 remove_diacritics 2'"
    op.execute(f"CREATE VIRTUAL TABLE chunk_words USING fts5(title, section, text, {stemmed})")
    op.execute(f"CREATE VIRTUAL TABLE name_words USING fts5(phrase, {stemmed})")


def downgrade() -> None:
    """Drops every table."""
    for table in ("chunk_words", "name_words", "index_generation", "vector", "name", "chunk", "publication"):
        op.drop_table(table)

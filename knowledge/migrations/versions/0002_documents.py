"""Documents beside guidelines with pages, keys and validity; who did what; submissions; dermatologists."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns and tables; what was published keeps its slug as key."""
    for column in (
        sa.Column("key", sa.String(120)),
        sa.Column("file_name", sa.Text),
        sa.Column("valid_from", sa.Date),
        sa.Column("approved_by", sa.Text),
        sa.Column("restores", sa.Integer),
    ):
        op.add_column("publication", column)
    op.execute("UPDATE publication SET key = slug, file_name = slug || '.md'")
    op.add_column("chunk", sa.Column("page", sa.Integer))
    op.drop_index("one_live_publication", "publication")
    op.create_index(
        "one_live_publication",
        "publication",
        ["key"],
        unique=True,
        sqlite_where=sa.text("retired IS NULL"),
        postgresql_where=sa.text("retired IS NULL"),
    )
    op.create_index("ix_publication_key", "publication", ["key"])
    op.create_index("ix_chunk_publication", "chunk", ["publication"])
    op.create_index("ix_name_publication", "name", ["publication"])
    op.create_table(
        "deed",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("time", sa.DateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "submission",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("received", sa.DateTime, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("edition", sa.Text),
        sa.Column("report", sa.Text),
        sa.Column("replaces", sa.Integer),
        sa.Column("decided", sa.DateTime),
        sa.Column("decided_by", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dermatologist",
        sa.Column("telegram_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("removed", sa.DateTime),
    )
    op.create_table(
        "invitation",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("expires", sa.DateTime, nullable=False),
        sa.Column("used", sa.DateTime),
    )


def downgrade() -> None:
    """Takes them away; documents that are no guidelines are retired, since only guidelines had a place."""
    for table in ("invitation", "dermatologist", "submission", "deed"):
        op.drop_table(table)
    op.execute("DELETE FROM name WHERE publication IN (SELECT number FROM publication WHERE key <> slug)")
    op.execute("DELETE FROM chunk WHERE publication IN (SELECT number FROM publication WHERE key <> slug)")
    op.execute("DELETE FROM publication WHERE key <> slug")
    for index, table in (
        ("ix_name_publication", "name"),
        ("ix_chunk_publication", "chunk"),
        ("ix_publication_key", "publication"),
        ("one_live_publication", "publication"),
    ):
        op.drop_index(index, table)
    op.create_index(
        "one_live_publication",
        "publication",
        ["slug"],
        unique=True,
        sqlite_where=sa.text("retired IS NULL"),
        postgresql_where=sa.text("retired IS NULL"),
    )
    op.drop_column("chunk", "page")
    for column in ("restores", "approved_by", "valid_from", "file_name", "key"):
        op.drop_column("publication", column)

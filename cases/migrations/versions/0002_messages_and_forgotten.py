"""Which messages stand in a chat, and which patients were erased: numbers only, for `forget` and for backups."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "chat_messages",
        sa.Column("chat_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("noted", TIME, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forgotten",
        sa.Column("patient_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("erased", TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop both: `forget` then leaves the chat as it is, and a restored backup brings the erased back."""
    op.drop_table("forgotten")
    op.drop_table("chat_messages")

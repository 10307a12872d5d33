"""Whose update it is, so that one bot of several takes a chat's updates; until when a patient's photos are refused."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of updates that wait meanwhile it is not known whose they are, and none is refused."""
    op.add_column("inbox", sa.Column("chat_id", sa.BigInteger(), nullable=False, server_default="0"))
    waits = sa.text("payload IS NOT NULL")
    op.create_index("ix_inbox_waiting", "inbox", ["number"], sqlite_where=waits, postgresql_where=waits)
    op.add_column("patients", sa.Column("photos_refused_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("patients", "photos_refused_until")
    op.drop_index("ix_inbox_waiting", "inbox")
    op.drop_column("inbox", "chat_id")

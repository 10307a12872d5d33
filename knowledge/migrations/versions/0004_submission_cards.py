"""Where submissions are shown: one message for each chat, in place of the one chat that was to be told once."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
contract = True
"""The two columns of 0003 that go were used by no release."""


def upgrade() -> None:
    """Adds the table, and takes away what it replaces."""
    op.create_table(
        "submission_card",
        sa.Column("submission", sa.Integer, sa.ForeignKey("submission.number"), primary_key=True),
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("reply_to", sa.BigInteger),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("shown", sa.Text, nullable=False),
    )
    for column in ("told", "chat_id"):
        op.drop_column("submission", column)


def downgrade() -> None:
    """Takes the table away; who was told is forgotten."""
    op.drop_table("submission_card")
    op.add_column("submission", sa.Column("chat_id", sa.BigInteger))
    op.add_column("submission", sa.Column("told", sa.String(12)))

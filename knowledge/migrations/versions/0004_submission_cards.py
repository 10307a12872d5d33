"""Where submissions are shown: one message for each chat."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "submission_card",
        sa.Column("submission", sa.Integer, sa.ForeignKey("submission.number"), primary_key=True),
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("reply_to", sa.BigInteger),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("shown", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("submission_card")

"""How often the reading of a submission began, the chat that sent it, and what that chat was told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns that may stay empty, so that the program before can still write."""
    op.add_column("submission", sa.Column("attempts", sa.Integer))
    op.add_column("submission", sa.Column("chat_id", sa.BigInteger))
    op.add_column("submission", sa.Column("told", sa.String(12)))


def downgrade() -> None:
    """Takes them away."""
    for column in ("told", "chat_id", "attempts"):
        op.drop_column("submission", column)

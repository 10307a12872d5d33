"""How often the reading of a submission began."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a column that may stay empty, so that the program before can still write."""
    op.add_column("submission", sa.Column("attempts", sa.Integer))


def downgrade() -> None:
    """Takes it away."""
    op.drop_column("submission", "attempts")

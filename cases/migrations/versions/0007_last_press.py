"""Which button press of a case was dealt with last, so that one that comes again after a crash changes nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column that may stay empty."""
    op.add_column("cases", sa.Column("last_press", sa.String(128)))


def downgrade() -> None:
    """Takes it away."""
    op.drop_column("cases", "last_press")

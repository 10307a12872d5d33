"""Whether the model that looked at a case's photos can show what it looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of earlier cases it is not known."""
    op.add_column("cases", sa.Column("explainable", sa.Boolean()))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("cases", "explainable")

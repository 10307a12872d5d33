"""Which programs may still use these tables during a rolling upgrade."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table."""
    op.create_table(
        "library_support",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("oldest", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Drops it; it holds nothing of the library."""
    op.drop_table("library_support")

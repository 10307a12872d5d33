"""What a fault leaves to be known: since when work stalls, how often an update was replayed, which update a photo came
with.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns; work under way counts as not stalled, updates as never replayed."""
    op.add_column("cases", sa.Column("stalled", TIME))
    op.add_column("turns", sa.Column("stalled", TIME))
    op.add_column("photos", sa.Column("source", sa.String(128)))
    op.add_column("inbox", sa.Column("replays", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("inbox", "replays")
    op.drop_column("photos", "source")
    op.drop_column("turns", "stalled")
    op.drop_column("cases", "stalled")

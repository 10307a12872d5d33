"""Heartbeats of all processes, and which programs may still use these tables during a rolling upgrade."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two new tables."""
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(192), primary_key=True),
        sa.Column("part", sa.String(32), nullable=False),
        sa.Column("machine", sa.String(128), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("started", TIME, nullable=False),
        sa.Column("beat", TIME, nullable=False),
        sa.Column("skew", sa.Float(), nullable=False),
    )
    op.create_table(
        "schema_support",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("oldest", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Drop them; they hold nothing of a patient."""
    op.drop_table("schema_support")
    op.drop_table("heartbeats")

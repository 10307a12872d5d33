"""A covering index for SQLite over all of a publication but its text: no search reads whole documents any more."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FACTS = (
    *("number", "retired", "slug", "key", "title", "version", "jurisdiction", "language", "reviewed", "review_by"),
    *("valid_from", "source", "file_name", "sha256", "author", "approved_by", "published", "restores", "retired_by"),
)


def upgrade() -> None:
    """Creates it. Postgres needs none: it keeps long texts apart from their rows."""
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("publication_facts", "publication", list(FACTS))


def downgrade() -> None:
    """Drops it."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("publication_facts", "publication")

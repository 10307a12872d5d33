"""The patient's record: patients, consents, cases, photos, turns, feedback, inbox, outbox, leases, the key's
check.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make all tables."""
    _people()
    _cases()
    _what_hangs_on_cases()
    _queues()


def downgrade() -> None:
    """Drop all tables, and with them every record."""
    for table in (
        "key_check",
        "leases",
        "outbox",
        "inbox",
        "feedback",
        "turns",
        "photos",
        "cases",
        "consents",
        "patients",
    ):
        op.drop_table(table)


def _people() -> None:
    op.create_table(
        "patients",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=False, unique=True),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consents",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id"), nullable=False, index=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("given", TIME, nullable=False),
        sa.Column("withdrawn", TIME),
        sqlite_autoincrement=True,
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id"), nullable=False),
        sa.Column("source", sa.String(128)),
        sa.Column("status", sa.String(16), nullable=False, index=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("history", sa.LargeBinary(), nullable=False),
        sa.Column("history_revision", sa.Integer(), nullable=False),
        sa.Column("findings", sa.LargeBinary()),
        sa.Column("advice", sa.LargeBinary()),
        sa.Column("advice_revision", sa.Integer()),
        sa.Column("status_message_id", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("touched", TIME, nullable=False),
        sa.UniqueConstraint("patient_id", "source"),
        sqlite_autoincrement=True,
    )


def _what_hangs_on_cases() -> None:
    op.create_table(
        "photos",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "turns",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id"), nullable=False),
        sa.Column("source", sa.String(128)),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("answers", NUMBER, sa.ForeignKey("turns.id"), unique=True),
        sa.Column("opening", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("touched", TIME, nullable=False),
        sa.UniqueConstraint("patient_id", "source"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "feedback",
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("created", TIME, nullable=False),
    )


def _queues() -> None:
    op.create_table(
        "inbox",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("update_id", sa.BigInteger(), nullable=False, unique=True),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("received", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("dedupe", sa.String(128), nullable=False, unique=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("owner", sa.String(128)),
        sa.Column("leased_until", TIME),
        sa.Column("ended", TIME, index=True),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("dropped", sa.String(128)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("expires", TIME, nullable=False),
    )
    op.create_table(
        "key_check",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )

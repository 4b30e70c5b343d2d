"""What is said to the lake, and the answers to keyed requests."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Counted, Instant

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "outbox",
        sa.Column("outbox_id", Counted, autoincrement=True, nullable=False),
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("line", sa.UnicodeText(), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.Column("batch_id", sa.String(32)),
        sa.Column("batched_at", Instant()),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_batch_id", "outbox", ["batch_id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("body_digest", sa.String(64), nullable=False),
        sa.Column("answer_status", sa.Integer(), nullable=False),
        sa.Column("answer_body", sa.UnicodeText(), nullable=False),
        sa.Column("answer_headers", sa.JSON(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key_digest", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_answered_at", "idempotency_keys", ["answered_at"])


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("idempotency_keys")
    op.drop_table("outbox")

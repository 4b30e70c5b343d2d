"""What arrived of each meter, and which segments and jobs are counted."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Instant

revision, down_revision = "readings_1", "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "meter_receipts",
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("meter_id", sa.Unicode(200), nullable=False),
        sa.Column("first_received_at", Instant(), nullable=False),
        sa.Column("last_received_at", Instant(), nullable=False),
        sa.Column("readings_until", Instant(), nullable=False),
        sa.Column("blocks", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "meter_id", name="pk_meter_receipts"),
    )
    op.create_table(
        "counted_once",
        sa.Column("counted_name", sa.String(64), nullable=False),
        sa.Column("counted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("counted_name", name="pk_counted_once"),
    )
    op.create_index("ix_counted_once_counted_at", "counted_once", ["counted_at"])


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("counted_once")
    op.drop_table("meter_receipts")

"""What deleted meters were."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Instant

revision, down_revision = "meters_1", "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "deleted_meters",
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("meter_id", sa.Unicode(128), nullable=False),
        sa.Column("fuel", sa.Unicode(20), nullable=False),
        sa.Column("direction", sa.Unicode(20), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "meter_id", name="pk_deleted_meters"),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("deleted_meters")

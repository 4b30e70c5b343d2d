"""Limits of maximum demand."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Instant

revision, down_revision = "demand_1", "meters_1"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "max_demand_limits",
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("meter_id", sa.Unicode(128), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("min", sa.Double(), nullable=False),
        sa.Column("target", sa.Double(), nullable=False),
        sa.Column("max", sa.Double(), nullable=False),
        sa.Column("unit", sa.Unicode(4), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id", "meter_id"], ["meters.partner_id", "meters.meter_id"],
            name="fk_max_demand_limits_meters",
        ),
        sa.PrimaryKeyConstraint(
            "partner_id", "meter_id", "valid_from", name="pk_max_demand_limits"
        ),
    )  # fmt: skip


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("max_demand_limits")

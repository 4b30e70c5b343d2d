"""Maximum demand and its limits; what waits for the lake has a kind."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Instant

revision, down_revision = "demand_1", "meters_1"


def upgrade() -> None:
    """Make the tables and the column."""
    # What waits already is of homes.
    op.add_column(
        "outbox", sa.Column("kind", sa.String(20), nullable=False, server_default="registrations")
    )
    op.create_table(
        "max_demand",
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("meter_id", sa.Unicode(128), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("demand", sa.Double(), nullable=False),
        sa.Column("unit", sa.Unicode(4), nullable=False),
        sa.Column("quality", sa.Unicode(20), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "meter_id", "month", name="pk_max_demand"),
    )
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
    """Remove the tables and the column."""
    op.drop_table("max_demand_limits")
    op.drop_table("max_demand")
    op.drop_column("outbox", "kind", mssql_drop_default=True)

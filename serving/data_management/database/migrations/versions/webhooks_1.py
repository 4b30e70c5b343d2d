"""Webhooks and what is sent to them."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Instant

revision, down_revision = "webhooks_1", "jobs_1"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.String(32), nullable=False),
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("url", sa.Unicode(2000), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("description", sa.Unicode(200), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.String(100), nullable=False),
        sa.Column("old_secret", sa.String(100)),
        sa.Column("old_until", Instant()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_partner_id_webhook_id", "webhooks", ["partner_id", "webhook_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("delivery_id", sa.String(32), nullable=False),
        sa.Column("webhook_id", sa.String(32), nullable=False),
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("event_id", sa.String(40), nullable=False),
        sa.Column("event_type", sa.String(40), nullable=False),
        sa.Column("body", sa.UnicodeText(), nullable=False),
        sa.Column("delivery_state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer_status", sa.Integer()),
        sa.Column("problem", sa.Unicode(200)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant()),
        sa.Column("next_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_webhook_deliveries"),
    )
    op.create_index(
        "ix_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id", "delivery_id"]
    )
    op.create_index(
        "ix_webhook_deliveries_next_at", "webhook_deliveries", ["delivery_state", "next_at"]
    )


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")

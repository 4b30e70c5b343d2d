"""Bulk jobs and what was refused of them."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Instant

revision, down_revision = "jobs_1", "readings_1"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("partner_id", sa.Unicode(128), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("form", sa.String(40), nullable=False),
        sa.Column("file_name", sa.Unicode(200), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("meter_id", sa.Unicode(200), nullable=False),
        sa.Column("job_state", sa.String(12), nullable=False),
        sa.Column("all_or_nothing", sa.Boolean(), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("is_cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_refused", sa.BigInteger(), nullable=False),
        sa.Column("is_new", sa.Boolean()),
        sa.Column("problem", sa.UnicodeText()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant()),
        sa.Column("ended_at", Instant()),
        sa.Column("held_by", sa.String(32)),
        sa.Column("held_until", Instant()),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_partner_id_job_id", "jobs", ["partner_id", "job_id"])
    op.create_index("ix_jobs_job_state", "jobs", ["job_state"])
    op.create_table(
        "job_errors",
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("error_id", sa.String(12), nullable=False),
        sa.Column("member", sa.Unicode(200), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.UnicodeText(), nullable=False),
        sa.Column("payload", sa.UnicodeText(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "error_id", name="pk_job_errors"),
    )


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("job_errors")
    op.drop_table("jobs")

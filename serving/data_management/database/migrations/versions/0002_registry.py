"""Users, locations, meters, profiles, tariffs and consents."""

import sqlalchemy as sa
from alembic import op

from serving.data_management.database.state import Instant

revision, down_revision = "0002", "0001"


def _id(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Unicode(128), nullable=False)


def _times() -> "tuple[sa.Column[object], ...]":
    return tuple(sa.Column(n, Instant(), nullable=False) for n in ("created_at", "updated_at"))


def _of_location(table: str) -> sa.ForeignKeyConstraint:
    key = ["partner_id", "location_id"]
    return sa.ForeignKeyConstraint(
        key, [f"locations.{c}" for c in key], name=f"fk_{table}_locations"
    )


def _of_user(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    key = ["partner_id", "user_id"]
    return sa.ForeignKeyConstraint(
        key, [f"users.{c}" for c in key], name=f"fk_{table}_users", ondelete=ondelete
    )


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "users",
        _id("partner_id"),
        _id("user_id"),
        sa.Column("name", sa.Unicode(200)),
        sa.Column("email", sa.Unicode(254)),
        sa.Column("phone", sa.Unicode(20)),
        sa.Column("language_code", sa.Unicode(35)),
        sa.Column("country_code", sa.Unicode(2)),
        *_times(),
        sa.PrimaryKeyConstraint("partner_id", "user_id", name="pk_users"),
    )
    op.create_table(
        "locations",
        _id("partner_id"),
        _id("location_id"),
        _id("user_id"),
        sa.Column("name", sa.Unicode(200)),
        sa.Column("country_code", sa.Unicode(2), nullable=False),
        sa.Column("street_address", sa.Unicode(200)),
        sa.Column("postal_code", sa.Unicode(20)),
        sa.Column("city", sa.Unicode(200)),
        sa.Column("time_zone", sa.Unicode(64), nullable=False),
        sa.Column("latitude", sa.Double()),
        sa.Column("longitude", sa.Double()),
        sa.Column("price_zone", sa.Unicode(32)),
        sa.Column("said_at", Instant()),
        *_times(),
        _of_user("locations"),
        sa.PrimaryKeyConstraint("partner_id", "location_id", name="pk_locations"),
    )
    op.create_index("ix_locations_user_id", "locations", ["partner_id", "user_id"])
    op.create_table(
        "meters",
        _id("partner_id"),
        _id("meter_id"),
        _id("location_id"),
        sa.Column("fuel", sa.Unicode(20), nullable=False),
        sa.Column("direction", sa.Unicode(20), nullable=False),
        sa.Column("is_sub_meter", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Unicode(200)),
        sa.Column("supply_start", sa.Date(), nullable=False),
        sa.Column("supply_end", sa.Date()),
        sa.Column("fuse_ampere", sa.Double()),
        sa.Column("kwh_per_m3", sa.Double()),
        sa.Column("register_digits", sa.Integer()),
        *_times(),
        _of_location("meters"),
        sa.PrimaryKeyConstraint("partner_id", "meter_id", name="pk_meters"),
    )
    op.create_index("ix_meters_location_id", "meters", ["partner_id", "location_id"])
    op.create_table(
        "home_profiles",
        _id("partner_id"),
        _id("location_id"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", sa.JSON(none_as_null=True)),
        *_times(),
        _of_location("home_profiles"),
        sa.PrimaryKeyConstraint("partner_id", "location_id", "valid_from", name="pk_home_profiles"),
    )
    op.create_table(
        "tariffs",
        _id("partner_id"),
        _id("location_id"),
        _id("tariff_id"),
        sa.Column("fuel", sa.Unicode(20), nullable=False),
        sa.Column("direction", sa.Unicode(20), nullable=False),
        sa.Column("currency", sa.Unicode(3), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("vat", sa.Double(), nullable=False),
        sa.Column("elements", sa.JSON(), nullable=False),
        *_times(),
        _of_location("tariffs"),
        sa.PrimaryKeyConstraint("partner_id", "location_id", "tariff_id", name="pk_tariffs"),
    )
    op.create_table(
        "consents",
        _id("partner_id"),
        _id("user_id"),
        _id("consent_id"),
        sa.Column("said_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version_id", sa.Unicode(128), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        *_times(),
        _of_user("consents", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(
            "partner_id", "user_id", "consent_id", "said_number", name="pk_consents"
        ),
    )


def downgrade() -> None:
    """Remove the tables."""
    for table in ("consents", "tariffs", "home_profiles", "meters", "locations", "users"):
        op.drop_table(table)

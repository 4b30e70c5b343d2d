"""Profile documents in the state's database, in the transaction of their change."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKeyConstraint, Unicode, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving.data_management.database.state import Base, Instant
from serving.data_management.profile_stores.port import ProfileVersion
from serving.data_management.requests.asking import Change


class ProfileRow(Base):
    """A version of a home's profile; the document is personal."""

    __tablename__ = "home_profiles"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partner_id", "location_id"], ["locations.partner_id", "locations.location_id"],
            name="fk_home_profiles_locations",
        ),
    )  # fmt: skip
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    location_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    document: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class ProfilesInState:
    """A ProfileStore."""

    def versions(self, session: Session, partner_id: str, location_id: str) -> list[ProfileVersion]:
        """Return all versions of a home by their first day."""
        mine = (ProfileRow.partner_id == partner_id) & (ProfileRow.location_id == location_id)
        rows = session.scalars(select(ProfileRow).where(mine).order_by(ProfileRow.valid_from))
        return [ProfileVersion(r.valid_from, r.document, r.created_at, r.updated_at) for r in rows]

    def put(self, change: Change, location_id: str, version: ProfileVersion) -> None:
        """Keep a version; the one of the same day is replaced."""
        row = ProfileRow(
            partner_id=change.partner_id,
            location_id=location_id,
            valid_from=version.valid_from,
            document=None if version.document is None else dict(version.document),
            created_at=version.created_at,
            updated_at=version.updated_at,
        )
        change.session.merge(row)

    def remove(self, change: Change, location_id: str) -> None:
        """Remove all versions of a home."""
        mine = ProfileRow.partner_id == change.partner_id, ProfileRow.location_id == location_id
        change.session.execute(delete(ProfileRow).where(*mine))

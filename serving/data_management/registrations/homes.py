"""A location's row, and all that is said of a home to the lake: a whole document a change.

The document is that of docs/inputs.md. What hangs on a location (meters, tariffs, profile) is
a part of it. What is deleted is said once more, as a tombstone (``is_deleted``); a tariff then ends
on the day on which it begins, which silver reads as withdrawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Double, ForeignKeyConstraint, Index, Unicode
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving.data_management.database.state import Base, Instant
from serving.data_management.requests.asking import Change, UnknownResource, next_instant

_PLACE = (
    "location_id", "user_id", "country_code", "postal_code", "city", "time_zone", "latitude",
    "longitude", "price_zone",
)  # fmt: skip


class LocationRow(Base):
    """A home or site; ``said_at`` is when the lake was told of it last."""

    __tablename__ = "locations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partner_id", "user_id"], ["users.partner_id", "users.user_id"],
            name="fk_locations_users",
        ),
        Index("ix_locations_user_id", "partner_id", "user_id"),
    )  # fmt: skip
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    location_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    user_id: Mapped[str] = mapped_column(Unicode(128))
    name: Mapped[str | None] = mapped_column(Unicode(200))
    country_code: Mapped[str] = mapped_column(Unicode(2))
    street_address: Mapped[str | None] = mapped_column(Unicode(200))
    postal_code: Mapped[str | None] = mapped_column(Unicode(20))
    city: Mapped[str | None] = mapped_column(Unicode(200))
    time_zone: Mapped[str] = mapped_column(Unicode(64))
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    price_zone: Mapped[str | None] = mapped_column(Unicode(32))
    said_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Part:
    """A part of the document: what is said of it, and how it is removed with its location.

    ``removed`` deletes the rows and returns their tombstones.
    """

    name: str
    said: Callable[[Change, str], Any]
    removed: Callable[[Change, str], Any]


Row = TypeVar("Row")


def listed(
    name: str, rows_at: Callable[[Session, str, str], list[Row]],
    told: Callable[[Row], dict[str, Any]], gone: Callable[[Row], dict[str, Any]],
) -> Part:  # fmt: skip
    """Return the part that is a row an item: ``told`` says one, ``gone`` is its tombstone."""

    def said(change: Change, location_id: str) -> list[dict[str, Any]]:
        return [told(row) for row in rows_at(change.session, change.partner_id, location_id)]

    def removed(change: Change, location_id: str) -> list[dict[str, Any]]:
        rows = rows_at(change.session, change.partner_id, location_id)
        for row in rows:
            change.session.delete(row)
        return [gone(row) for row in rows]

    return Part(name, said, removed)


def home_of(session: Session, partner_id: str, location_id: str) -> LocationRow:
    """Return a partner's location; UnknownResource."""
    if row := session.get(LocationRow, (partner_id, location_id)):
        return row
    raise UnknownResource(f"you have no location {location_id}", cure="PUT it first")


def say_home(change: Change, home: LocationRow, **besides: Any) -> None:
    """Say a home as it is now; ``besides`` are tombstones to a list, or another profile."""
    change.session.flush()
    parts = {part.name: part.said(change, home.location_id) for part in change.parts}
    for name, more in besides.items():
        parts[name] = [*parts[name], *more] if isinstance(more, list) else more
    _say(change, home, parts)


def say_removed(change: Change, home: LocationRow) -> None:
    """Remove a home with all that hangs on it, and say so."""
    parts = {part.name: part.removed(change, home.location_id) for part in change.parts}
    _say(change, home, {**parts, "is_deleted": True})
    change.session.flush()
    change.session.delete(home)


def _say(change: Change, home: LocationRow, parts: Mapping[str, Any]) -> None:
    home.said_at = next_instant(change.at, home.said_at)
    document = {
        **{name: getattr(home, name) for name in _PLACE},
        "known_at": home.said_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **parts,
    }
    told = {name: value for name, value in document.items() if value is not None}
    if not told.get("max_demand_limits"):
        # Few homes have any.
        told.pop("max_demand_limits", None)
    change.say(told, at=home.said_at)

"""A meter's row, and what is said of it to the lake with its location."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Double, ForeignKeyConstraint, Index, Unicode, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving.data_management.database.state import Base, Instant
from serving.data_management.outlets.receipts import MeterReceipt
from serving.data_management.registrations.demand_rows import take_back_all
from serving.data_management.registrations.homes import listed
from serving.data_management.requests.asking import Change

_TOLD = (
    "meter_id", "fuel", "direction", "is_sub_meter", "supply_start", "supply_end", "fuse_ampere",
    "kwh_per_m3", "register_digits",
)  # fmt: skip


class MeterRow(Base):
    """A meter."""

    __tablename__ = "meters"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partner_id", "location_id"], ["locations.partner_id", "locations.location_id"],
            name="fk_meters_locations",
        ),
        Index("ix_meters_location_id", "partner_id", "location_id"),
    )  # fmt: skip
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    meter_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    location_id: Mapped[str] = mapped_column(Unicode(128))
    fuel: Mapped[str] = mapped_column(Unicode(20))
    direction: Mapped[str] = mapped_column(Unicode(20))
    is_sub_meter: Mapped[bool]
    name: Mapped[str | None] = mapped_column(Unicode(200))
    supply_start: Mapped[date] = mapped_column(Date)
    supply_end: Mapped[date | None] = mapped_column(Date)
    fuse_ampere: Mapped[float | None] = mapped_column(Double)
    kwh_per_m3: Mapped[float | None] = mapped_column(Double)
    register_digits: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class DeletedMeterRow(Base):
    """What a meter was that is deleted: who registers it again says the same."""

    __tablename__ = "deleted_meters"
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    meter_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    fuel: Mapped[str] = mapped_column(Unicode(20))
    direction: Mapped[str] = mapped_column(Unicode(20))
    deleted_at: Mapped[datetime] = mapped_column(Instant)


def meters_at(session: Session, partner_id: str, location_id: str) -> list[MeterRow]:
    """Return the meters of a location by id."""
    mine = (MeterRow.partner_id == partner_id) & (MeterRow.location_id == location_id)
    return list(session.scalars(select(MeterRow).where(mine).order_by(MeterRow.meter_id)))


def _told(row: MeterRow) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in _TOLD}
    plain = {n: v.isoformat() if isinstance(v, date) else v for n, v in found.items()}
    return {name: value for name, value in plain.items() if value is not None}


def gone(row: MeterRow) -> dict[str, Any]:
    """Return the tombstone of a meter."""
    return {**_told(row), "is_deleted": True}


def forget(change: Change, told: Sequence[Mapping[str, Any]]) -> None:
    """Remove what arrived of meters by their tombstones; what each of them was is kept.

    Their months are taken back.
    """
    ids = [one["meter_id"] for one in told]
    mine = MeterReceipt.partner_id == change.partner_id
    change.session.execute(delete(MeterReceipt).where(mine, MeterReceipt.meter_id.in_(ids)))
    take_back_all(change, ids)
    for one in told:
        was = {name: one[name] for name in ("meter_id", "fuel", "direction")}
        change.session.merge(
            DeletedMeterRow(partner_id=change.partner_id, **was, deleted_at=change.at)
        )


def _removed(change: Change, location_id: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = _LISTED.removed(change, location_id)
    forget(change, told)
    return told


_LISTED = listed("meters", meters_at, _told, gone)
PART = replace(_LISTED, removed=_removed)

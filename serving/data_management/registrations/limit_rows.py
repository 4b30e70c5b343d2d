"""A limit of a meter's maximum demand: its row, and what is said of it with its location."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Double, ForeignKeyConstraint, Unicode, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving.data_management.database.state import Base, Instant
from serving.data_management.registrations.homes import Part
from serving.data_management.registrations.meter_rows import MeterRow
from serving.data_management.requests.asking import Change

NAME = "max_demand_limits"


class MaxDemandLimitRow(Base):
    """A limit of a meter, from a month on."""

    __tablename__ = "max_demand_limits"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partner_id", "meter_id"], ["meters.partner_id", "meters.meter_id"],
            name="fk_max_demand_limits_meters",
        ),
    )  # fmt: skip
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    meter_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    min: Mapped[float] = mapped_column(Double)
    target: Mapped[float] = mapped_column(Double)
    max: Mapped[float] = mapped_column(Double)
    unit: Mapped[str] = mapped_column(Unicode(4))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


def limits_of(session: Session, partner_id: str, meter_id: str) -> list[MaxDemandLimitRow]:
    """Return the limits of a meter, the oldest first."""
    mine = (MaxDemandLimitRow.partner_id == partner_id) & (MaxDemandLimitRow.meter_id == meter_id)
    in_order = MaxDemandLimitRow.valid_from
    return list(session.scalars(select(MaxDemandLimitRow).where(mine).order_by(in_order)))


def removed(change: Change, rows: list[MaxDemandLimitRow]) -> list[dict[str, Any]]:
    """Remove limits, before their meters, and return their tombstones."""
    for row in rows:
        change.session.delete(row)
    change.session.flush()
    return [{**_told(row), "is_deleted": True} for row in rows]


def _limits_at(change: Change, location_id: str) -> list[MaxDemandLimitRow]:
    of_meter = (MeterRow.partner_id == MaxDemandLimitRow.partner_id) & (
        MeterRow.meter_id == MaxDemandLimitRow.meter_id
    )
    here = (MeterRow.partner_id == change.partner_id) & (MeterRow.location_id == location_id)
    in_order = (MaxDemandLimitRow.meter_id, MaxDemandLimitRow.valid_from)
    found = select(MaxDemandLimitRow).join(MeterRow, of_meter).where(here).order_by(*in_order)
    return list(change.session.scalars(found))


def _told(row: MaxDemandLimitRow) -> dict[str, Any]:
    return {
        "meter_id": row.meter_id, "valid_from": row.valid_from.isoformat(), "min": row.min,
        "target": row.target, "max": row.max, "unit": row.unit,
    }  # fmt: skip


def _said(change: Change, location_id: str) -> list[dict[str, Any]]:
    return [_told(row) for row in _limits_at(change, location_id)]


def _removed(change: Change, location_id: str) -> list[dict[str, Any]]:
    return removed(change, _limits_at(change, location_id))


# Before the meters: they are removed in this order.
PART = Part(NAME, _said, _removed)

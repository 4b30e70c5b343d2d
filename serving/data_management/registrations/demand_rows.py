"""What a partner said of a meter's highest power in a month, and how the lake is told."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Double, Unicode, false, select
from sqlalchemy.orm import Mapped, mapped_column

from serving.data_management.database.state import Base, Instant
from serving.data_management.requests.asking import Change, next_instant
from serving.data_management.requests.outbox import DEMAND


class MaxDemandRow(Base):
    """The maximum of one month; one that was taken back stays, for what is said after it."""

    __tablename__ = "max_demand"
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    meter_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    demand: Mapped[float] = mapped_column(Double)
    unit: Mapped[str] = mapped_column(Unicode(4))
    quality: Mapped[str] = mapped_column(Unicode(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    is_deleted: Mapped[bool] = mapped_column(server_default=false(), default=False)
    updated_at: Mapped[datetime] = mapped_column(Instant)


def say(change: Change, row: MaxDemandRow, values: dict[str, Any]) -> None:
    """Tell the lake what is said of a month now; what is said last counts there."""
    line = {
        "meter_id": row.meter_id, "month": row.month.isoformat(), **values,
        "known_at": row.updated_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }  # fmt: skip
    change.say(line, at=row.updated_at, kind=DEMAND)


def take_back(change: Change, row: MaxDemandRow) -> None:
    """Take a month back, here and from the lake."""
    row.is_deleted, row.updated_at = True, next_instant(change.at, row.updated_at)
    say(change, row, {"is_deleted": True})


def take_back_all(change: Change, meter_ids: Collection[str]) -> None:
    """Take the months of meters back."""
    theirs = (MaxDemandRow.partner_id == change.partner_id) & MaxDemandRow.meter_id.in_(meter_ids)
    for row in change.session.scalars(select(MaxDemandRow).where(theirs, ~MaxDemandRow.is_deleted)):
        take_back(change, row)

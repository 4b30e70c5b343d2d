"""The highest power of a meter in a month, as its operator metered it; PUT, GET, list, DELETE.

What is said goes to the lake as a line of the kind ``demand``, as files and jobs have them; what
came by those is not listed here.
"""

from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import Path, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serving import documented
from serving.cursors import Cursor
from serving.data_management.blocks.blocks import Fault, Faults, Meter
from serving.data_management.bulk.demand_checks import check_month
from serving.data_management.meters import meter_of
from serving.data_management.registrations.demand_rows import MaxDemandRow, say, take_back
from serving.data_management.registrations.homes import home_of
from serving.data_management.registrations.meter_rows import MeterRow
from serving.data_management.requests.asking import (
    Answer,
    Change,
    Read,
    UnknownResource,
    Write,
    next_instant,
    resource,
)
from serving.data_management.requests.fields import (
    MeterId,
    Month,
    Power,
    Registered,
    Said,
    is_changed,
    refuse,
    version_of,
)
from serving.data_management.requests.paging import Limit, Page, page_of

router = resource("max demand")
EXAMPLE = {
    "meter_id": "571313180400014077", "month": "2025-01-01", "demand": 6.5, "unit": "kW",
    "quality": "measured",
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip
OfMonth = Annotated[
    Month, Path(description="First day of the local month.", examples=["2025-01-01"])
]


class MaxDemandFields(BaseModel):
    """What was metered."""

    demand: Power = Field(description="The maximum of the month.")
    unit: Literal["kW", "kVA"] = Field(default="kW", description="kVA is for electricity.")
    quality: Literal["measured", "estimated"] = "measured"


class MaxDemandSaid(MaxDemandFields, Said):
    """A maximum as a partner says it."""

    model_config = documented.said(EXAMPLE, "meter_id", "month")


class MaxDemand(MaxDemandFields, Registered):
    """A maximum as it was said last."""

    meter_id: str
    month: date


class MaxDemands(Page[MaxDemand]):
    """A page of maxima, the oldest month first; ``next_cursor`` is null on the last."""


@router.put(
    "/v1/meters/{meter_id}/max-demand/{month}", operation_id="put_max_demand",
    summary="Say or correct the maximum demand of a month",
    responses=documented.put(MaxDemand, EXAMPLE),
)  # fmt: skip
def put_demand(  # noqa: D103 - the summary says it
    meter_id: MeterId, month: OfMonth, said: MaxDemandSaid, write: Write
) -> Response:
    return write.answer_change(partial(_put, meter_id, month, said))


@router.get(
    "/v1/meters/{meter_id}/max-demand/{month}", operation_id="max_demand",
    summary="The maximum demand of a month", responses=documented.read(MaxDemand, EXAMPLE),
)  # fmt: skip
def demand(meter_id: MeterId, month: OfMonth, read: Read) -> Response:  # noqa: D103
    return read.answer(partial(_one, read.partner_id, meter_id, month))


@router.get(
    "/v1/meters/{meter_id}/max-demand", operation_id="max_demands",
    summary="The maximum demand of the months of a meter, a page at a time",
    responses=documented.listed(MaxDemands, EXAMPLE),
)  # fmt: skip
def demands(  # noqa: D103 - the summary says it
    meter_id: MeterId, read: Read, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return read.answer(partial(_page, read.partner_id, meter_id, limit, cursor))


@router.delete(
    "/v1/meters/{meter_id}/max-demand/{month}", operation_id="delete_max_demand",
    status_code=204, summary="Take the maximum demand of a month back",
    responses=documented.deleted(),
)  # fmt: skip
def delete_demand(meter_id: MeterId, month: OfMonth, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_deleted, meter_id, month))


def _put(meter_id: str, month: date, said: MaxDemandSaid, change: Change) -> Answer:
    meter = meter_of(change.session, change.partner_id, meter_id)
    key = {"partner_id": change.partner_id, "meter_id": meter_id, "month": month}
    row = change.session.get(MaxDemandRow, tuple(key.values()))
    is_new = row is None or row.is_deleted
    change.expects(version_of(MaxDemand, None if is_new else row))
    refuse(_broken(meter, month, said, change))
    values, at = said.model_dump(), next_instant(change.at, row.updated_at if row else None)
    if row is None:
        row = MaxDemandRow(**key, **values, is_deleted=False)
        change.session.add(row)
    if is_new:
        row.created_at = at
    is_changed(row, {**values, "is_deleted": False}, at)
    # The same again too: a file or a job may have said another since.
    row.updated_at = at
    say(change, row, values)
    return MaxDemand.model_validate(row).answer(is_new=is_new)


def _broken(meter: MeterRow, month: date, said: MaxDemandSaid, change: Change) -> dict[str, str]:
    home = home_of(change.session, change.partner_id, meter.location_id)
    known = Meter(meter.fuel, home.time_zone, meter.supply_start, meter.supply_end)
    faults: list[Fault] = []
    check_month(month, known, change.at, Faults(faults))
    broken = {fault.field: fault.message for fault in faults}
    if said.unit == "kVA" and meter.fuel != "elec":
        broken["unit"] = "kVA is for meters of electricity"
    return broken


def _deleted(meter_id: str, month: date, change: Change) -> Answer:
    meter_of(change.session, change.partner_id, meter_id)
    row = _found(change.session, change.partner_id, meter_id, month)
    change.expects(version_of(MaxDemand, row))
    take_back(change, row)
    return Answer(None, 204)


def _found(session: Session, partner_id: str, meter_id: str, month: date) -> MaxDemandRow:
    row = session.get(MaxDemandRow, (partner_id, meter_id, month))
    if row is not None and not row.is_deleted:
        return row
    raise UnknownResource(
        f"nothing was said of {month:%Y-%m} here",
        cure="PUT it; what came by file is taken back by file, with is_deleted",
    )


def _one(partner_id: str, meter_id: str, month: date, session: Session) -> Answer:
    meter_of(session, partner_id, meter_id)
    return MaxDemand.model_validate(_found(session, partner_id, meter_id, month)).answer()


def _page(partner_id: str, meter_id: str, limit: int, cursor: str, session: Session) -> Answer:
    meter_of(session, partner_id, meter_id)
    of_meter = (MaxDemandRow.meter_id == meter_id) & ~MaxDemandRow.is_deleted
    mine = select(MaxDemandRow).where(MaxDemandRow.partner_id == partner_id, of_meter)
    rows = session.scalars(mine.order_by(MaxDemandRow.month)).all()
    shown, following = page_of(rows, _month, cursor=cursor, limit=limit)
    items = [MaxDemand.model_validate(row) for row in shown]
    return MaxDemands(items=items, next_cursor=following).answer()


def _month(row: MaxDemandRow) -> str:
    return row.month.isoformat()

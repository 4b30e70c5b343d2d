"""Limits of a meter's maximum demand: min, target and max from a month on; PUT, GET, list, DELETE.

A limit is valid to the next of its meter, as in silver.max_demand_limits.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Path, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from serving import documented
from serving.cursors import Cursor
from serving.data_management.meters import meter_of
from serving.data_management.registrations.homes import home_of, say_home
from serving.data_management.registrations.limit_rows import (
    MaxDemandLimitRow,
    limits_of,
    removed,
)
from serving.data_management.requests.asking import (
    Answer,
    Change,
    Read,
    UnknownResource,
    Write,
    resource,
)
from serving.data_management.requests.fields import (
    Broken,
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

router = resource("max demand limits")
EXAMPLE = {
    "meter_id": "571313180400014077", "valid_from": "2025-01-01", "min": 2.0, "target": 5.0,
    "max": 9.0, "unit": "kW", "valid_to": None,
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip
_NUMBERS = ("min", "target", "max")
ValidFrom = Annotated[
    Month,
    Path(description="First day of the local month it holds from.", examples=["2025-01-01"]),
]


class MaxDemandLimitFields(BaseModel):
    """What the highest power of a month should stay in; min < target < max."""

    min: Power = Field(description="Lowest of the range.")
    target: Power = Field(description="What the home means to stay below.")
    max: Power = Field(description="What it may draw.")
    unit: Literal["kW", "kVA"] = Field(
        default="kW", description="Of all three; kVA is for electricity."
    )


class MaxDemandLimitSaid(MaxDemandLimitFields, Said):
    """A limit as a partner says it."""

    model_config = documented.said(EXAMPLE, "meter_id", "valid_from", "valid_to")

    @classmethod
    def broken(cls, said: Mapping[str, Any]) -> Iterator[Broken]:
        """The three are in order."""
        lowest, target, most = (_number(said.get(name)) for name in _NUMBERS)
        if lowest is not None and target is not None and target <= lowest:
            yield ("target",), "is above min"
        if target is not None and most is not None and most <= target:
            yield ("max",), "is above target"
        elif target is None and lowest is not None and most is not None and most <= lowest:
            yield ("max",), "is above min"


class MaxDemandLimit(MaxDemandLimitFields, Registered):
    """A limit as registered; ``valid_to`` is where the next begins."""

    AS_IT_IS: ClassVar[frozenset[str]] = frozenset({"valid_to"})
    meter_id: str
    valid_from: date
    valid_to: date | None = None


class MaxDemandLimits(Page[MaxDemandLimit]):
    """A page of limits, the oldest first; ``next_cursor`` is null on the last."""


@router.put(
    "/v1/meters/{meter_id}/max-demand-limits/{valid_from}", operation_id="put_max_demand_limit",
    summary="Create or replace the limit of a meter's maximum demand from a month on",
    responses=documented.put(MaxDemandLimit, EXAMPLE),
)  # fmt: skip
def put_limit(  # noqa: D103 - the summary says it
    meter_id: MeterId, valid_from: ValidFrom, said: MaxDemandLimitSaid, write: Write
) -> Response:
    return write.answer_change(partial(_put, meter_id, valid_from, said))


@router.get(
    "/v1/meters/{meter_id}/max-demand-limits/{valid_from}", operation_id="max_demand_limit",
    summary="One limit of a meter", responses=documented.read(MaxDemandLimit, EXAMPLE),
)  # fmt: skip
def limit(meter_id: MeterId, valid_from: ValidFrom, read: Read) -> Response:  # noqa: D103
    return read.answer(partial(_one, read.partner_id, meter_id, valid_from))


@router.get(
    "/v1/meters/{meter_id}/max-demand-limits", operation_id="max_demand_limits",
    summary="The limits of a meter, a page at a time",
    responses=documented.listed(MaxDemandLimits, EXAMPLE),
)  # fmt: skip
def limits(  # noqa: D103 - the summary says it
    meter_id: MeterId, read: Read, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return read.answer(partial(_page, read.partner_id, meter_id, limit, cursor))


@router.delete(
    "/v1/meters/{meter_id}/max-demand-limits/{valid_from}",
    operation_id="delete_max_demand_limit", status_code=204, summary="Delete a limit of a meter",
    responses=documented.deleted(),
)  # fmt: skip
def delete_limit(meter_id: MeterId, valid_from: ValidFrom, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_deleted, meter_id, valid_from))


def _put(meter_id: str, valid_from: date, said: MaxDemandLimitSaid, change: Change) -> Answer:
    meter = meter_of(change.session, change.partner_id, meter_id)
    key = {"partner_id": change.partner_id, "meter_id": meter_id, "valid_from": valid_from}
    row = change.session.get(MaxDemandLimitRow, tuple(key.values()))
    change.expects(version_of(MaxDemandLimit, row))
    if said.unit == "kVA" and meter.fuel != "elec":
        refuse({"unit": "kVA is for meters of electricity"})
    values = said.model_dump()
    if is_new := row is None:
        row = MaxDemandLimitRow(**key, **values, created_at=change.at, updated_at=change.at)
        change.session.add(row)
    if is_changed(row, values, change.at) or is_new:
        say_home(change, home_of(change.session, change.partner_id, meter.location_id))
    every = limits_of(change.session, change.partner_id, meter_id)
    return _shown(row, every).answer(is_new=is_new)


def _deleted(meter_id: str, valid_from: date, change: Change) -> Answer:
    meter = meter_of(change.session, change.partner_id, meter_id)
    row = _found(change.session, change.partner_id, meter_id, valid_from)
    change.expects(version_of(MaxDemandLimit, row))
    home = home_of(change.session, change.partner_id, meter.location_id)
    say_home(change, home, max_demand_limits=removed(change, [row]))
    return Answer(None, 204)


def _found(session: Session, partner_id: str, meter_id: str, valid_from: date) -> MaxDemandLimitRow:
    if row := session.get(MaxDemandLimitRow, (partner_id, meter_id, valid_from)):
        return row
    raise UnknownResource(f"the meter has no limit from {valid_from} on", cure="PUT it first")


def _one(partner_id: str, meter_id: str, valid_from: date, session: Session) -> Answer:
    meter_of(session, partner_id, meter_id)
    row = _found(session, partner_id, meter_id, valid_from)
    return _shown(row, limits_of(session, partner_id, meter_id)).answer()


def _page(partner_id: str, meter_id: str, limit: int, cursor: str, session: Session) -> Answer:
    meter_of(session, partner_id, meter_id)
    every = limits_of(session, partner_id, meter_id)
    rows, following = page_of(every, _valid_from, cursor=cursor, limit=limit)
    items = [_shown(row, every) for row in rows]
    return MaxDemandLimits(items=items, next_cursor=following).answer()


def _valid_from(row: MaxDemandLimitRow) -> str:
    return row.valid_from.isoformat()


def _shown(row: MaxDemandLimitRow, every: list[MaxDemandLimitRow]) -> MaxDemandLimit:
    shown = MaxDemandLimit.model_validate(row)
    later = [other.valid_from for other in every if other.valid_from > row.valid_from]
    shown.valid_to = min(later, default=None)
    return shown


def _number(said: object) -> float | None:
    return None if isinstance(said, bool) or not isinstance(said, int | float) else float(said)

"""Meters: what is metered at a location; PUT, GET, list, DELETE by the client's id.

Fuel, direction and location never change; fuel and direction not after a deletion either, as the
readings of the meter are still those. On any day a location has one main meter of import and
one of export for a fuel; where one takes over from another, the last day may be the next one's
first. Sub-meters there may be any number. Meters that the lake knows by file alone count like
those that are registered here.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serving import documented
from serving.cursors import Cursor
from serving.data_management.registrations.homes import LocationRow, home_of, say_home
from serving.data_management.registrations.known_homes import Metered, OfLake
from serving.data_management.registrations.limit_rows import limits_of, removed
from serving.data_management.registrations.meter_rows import (
    DeletedMeterRow,
    MeterRow,
    forget,
    gone,
    meters_at,
)
from serving.data_management.registrations.meter_rules import changed, second_main
from serving.data_management.requests.asking import (
    Answer,
    Change,
    Read,
    UnknownResource,
    Write,
    resource,
)
from serving.data_management.requests.fields import (
    PLAIN,
    Broken,
    Day,
    Flag,
    MeterId,
    Ref,
    Registered,
    Said,
    Text,
    day_of,
    is_changed,
    refuse,
    version_of,
)
from serving.data_management.requests.paging import Limit, Page, page
from serving.data_management.sync import Synced

router = resource("meters")
Fuel = Literal["elec", "gas", "district_heating"]
Direction = Literal["import", "export", "consumption", "production"]
Keys = set[tuple[str, str]]
_OF_DELETED = ("fuel", "direction")


EXAMPLE = {
    "meter_id": "571313180400014077", "location_id": "home-17", "fuel": "elec",
    "direction": "import", "is_sub_meter": False, "name": "Main meter",
    "supply_start": "2025-01-01", "supply_end": None, "fuse_ampere": 20.0, "kwh_per_m3": None,
    "register_digits": None, "sync_status": "waiting_for_data",
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip


class MeterFields(BaseModel):
    """What a meter meters, and since when."""

    location_id: Ref = Field(description="Where it is; that never changes.")
    fuel: Fuel = Field(description="Never changes, not after a deletion either.")
    direction: Direction = Field(
        description="Never changes, not after a deletion either; seen from the home."
    )
    is_sub_meter: Flag = Field(default=False, description="Meters a part, as a heat pump.")
    name: Text | None = None
    supply_start: Day = Field(description="First local day of supply.")
    supply_end: Day | None = Field(default=None, description="Last local day of supply.")
    fuse_ampere: Annotated[float, Field(strict=True, ge=1, le=10_000)] | None = Field(
        default=None, description="Main fuse (A); bounds the power that can be true."
    )
    kwh_per_m3: Annotated[float, Field(strict=True, ge=1, le=50)] | None = Field(
        default=None, description="Conversion of gas volume to energy."
    )
    register_digits: Annotated[int, Field(strict=True, ge=3, le=12)] | None = Field(
        default=None, description="Digits of its registers before the decimal point."
    )


class MeterSaid(MeterFields, Said):
    """A meter as a partner says it."""

    model_config = documented.said(EXAMPLE, "meter_id", "sync_status")

    @classmethod
    def broken(cls, said: Mapping[str, Any]) -> Iterator[Broken]:
        """What no meter can be."""
        fuel, direction = said.get("fuel"), said.get("direction")
        start, end = day_of(said.get("supply_start")), day_of(said.get("supply_end"))
        if fuel == "gas" and direction == "export":
            yield ("direction",), "gas cannot be exported"
        if fuel == "district_heating" and direction not in ("import", None):
            yield ("direction",), "district heating is import only"
        if start and end and end < start:
            yield ("supply_end",), "supply ends before it starts"


class Meter(MeterFields, Registered):
    """A meter as registered; ``waiting_for_data`` until the lake has the first of its readings."""

    AS_IT_IS: ClassVar[frozenset[str]] = frozenset({"sync_status"})
    meter_id: str
    sync_status: Literal["ok", "waiting_for_data"] = "waiting_for_data"


class Meters(Page[Meter]):
    """A page of meters by id; ``next_cursor`` is null on the last."""


OfLocation = Annotated[
    str, Query(max_length=128, pattern=PLAIN, description="Only those of this location.")
]


@router.put(
    "/v1/meters/{meter_id}", operation_id="put_meter", summary="Create or replace a meter",
    responses=documented.put(Meter, EXAMPLE),
)  # fmt: skip
def put_meter(  # noqa: D103 - the summary says it
    meter_id: MeterId, said: MeterSaid, write: Write, synced: Synced, of_lake: OfLake
) -> Response:
    have_data = synced.of({(write.partner_id, meter_id)})
    by_file = of_lake.meters(write.partner_id, ids={meter_id}, at={said.location_id})
    return write.answer_change(partial(_put, meter_id, said, have_data, by_file))


@router.get(
    "/v1/meters/{meter_id}", operation_id="meter", summary="One meter, and whether it has data",
    responses=documented.read(Meter, EXAMPLE),
)  # fmt: skip
def meter(meter_id: MeterId, read: Read, synced: Synced) -> Response:  # noqa: D103
    have_data = synced.of({(read.partner_id, meter_id)})
    return read.answer(
        lambda s: _shown([meter_of(s, read.partner_id, meter_id)], have_data)[0].answer()
    )


@router.get(
    "/v1/meters", operation_id="meters", summary="Your meters, a page at a time",
    responses=documented.listed(Meters, EXAMPLE),
)  # fmt: skip
def meters(  # noqa: D103 - the summary says it
    read: Read,
    synced: Synced,
    location_id: OfLocation = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    return read.answer(partial(_page, read.partner_id, location_id, limit, cursor, synced))


@router.delete(
    "/v1/meters/{meter_id}", operation_id="delete_meter", status_code=204,
    summary="Delete a meter", responses=documented.deleted(),
)  # fmt: skip
def delete_meter(meter_id: MeterId, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_deleted, meter_id))


def meter_of(session: Session, partner_id: str, meter_id: str) -> MeterRow:
    """Return a partner's meter; UnknownResource."""
    if row := session.get(MeterRow, (partner_id, meter_id)):
        return row
    raise UnknownResource(f"you have no meter {meter_id}", cure="PUT it first")


def _put(
    meter_id: str, said: MeterSaid, have_data: Keys, by_file: Mapping[str, Metered], change: Change
) -> Answer:
    key = {"partner_id": change.partner_id, "meter_id": meter_id}
    row = change.session.get(MeterRow, tuple(key.values()))
    change.expects(version_of(Meter, row))
    home = change.session.get(LocationRow, (change.partner_id, said.location_id))
    was = by_file.get(meter_id) if row is None else row
    refuse(_broken(meter_id, was, home, said, by_file, change))
    values = said.model_dump()
    if is_new := row is None:
        row = MeterRow(**key, **values, created_at=change.at, updated_at=change.at)
        change.session.add(row)
    if is_changed(row, values, change.at) or is_new:
        assert home is not None
        say_home(change, home)
    return _shown([row], have_data)[0].answer(is_new=is_new)


def _broken(
    meter_id: str, was: MeterRow | Metered | None, home: LocationRow | None, said: MeterSaid,
    by_file: Mapping[str, Metered], change: Change,
) -> dict[str, str]:  # fmt: skip
    if broken := _changed(meter_id, was, said, change):
        return broken
    if home is None:
        return {"location_id": f"you have no location {said.location_id}"}
    here = meters_at(change.session, change.partner_id, said.location_id)
    of_partner = change.partner_id
    # Of a meter that is registered here too, what is registered counts, wherever it is.
    others = [
        meter for meter in by_file.values()
        if not change.session.get(MeterRow, (of_partner, meter.meter_id))
    ]  # fmt: skip
    told = second_main(meter_id, said, [*here, *others])
    return {"is_sub_meter": told} if told else {}


def _changed(
    meter_id: str, was: MeterRow | Metered | None, said: MeterSaid, change: Change
) -> dict[str, str]:
    """Return the errors of what never changes; a meter that was deleted may come elsewhere."""
    if was is not None:
        return changed(was, said)
    before = change.session.get(DeletedMeterRow, (change.partner_id, meter_id))
    return changed(before, said, _OF_DELETED, "it was deleted, and was") if before else {}


def _deleted(meter_id: str, change: Change) -> Answer:
    row = meter_of(change.session, change.partner_id, meter_id)
    change.expects(version_of(Meter, row))
    home = home_of(change.session, change.partner_id, row.location_id)
    limits = removed(change, limits_of(change.session, change.partner_id, meter_id))
    change.session.delete(row)
    told = [gone(row)]
    forget(change, told)
    say_home(change, home, meters=told, max_demand_limits=limits)
    return Answer(None, 204)


def _page(
    partner_id: str, location_id: str, limit: int, cursor: str, synced: Synced, session: Session
) -> Answer:
    mine = select(MeterRow).where(MeterRow.partner_id == partner_id)
    if location_id:
        mine = mine.where(MeterRow.location_id == location_id)
    rows, following = page(session, mine, (MeterRow.meter_id,), cursor=cursor, limit=limit)
    have_data = synced.of({(row.partner_id, row.meter_id) for row in rows})
    return Meters(items=_shown(list(rows), have_data), next_cursor=following).answer()


def _shown(rows: list[MeterRow], have_data: Keys) -> list[Meter]:
    shown = [Meter.model_validate(row) for row in rows]
    for one, row in zip(shown, rows, strict=True):
        if (row.partner_id, row.meter_id) in have_data:
            one.sync_status = "ok"
    return shown

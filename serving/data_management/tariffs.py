"""Tariffs: what a home pays for a fuel and direction; PUT, GET, list, DELETE by the client's id.

A tariff without an end is valid to the next one, as in silver.tariffs; two that say they hold on
one day are refused, and so is one that leaves times without a price. Prices are without VAT.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Response
from pydantic import BaseModel, Field, field_serializer
from sqlalchemy import JSON, Date, Double, ForeignKeyConstraint, Unicode, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving import documented
from serving.cursors import Cursor
from serving.data_management.database.state import Base, Instant
from serving.data_management.registrations.homes import LocationRow, home_of, listed, say_home
from serving.data_management.registrations.tariff_elements import Elements, as_told
from serving.data_management.registrations.tariff_prices import unpriced
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
    Day,
    LocationId,
    Registered,
    Said,
    TariffId,
    day_of,
    is_changed,
    refuse,
    version_of,
)
from serving.data_management.requests.paging import Limit, Page, page

router = resource("tariffs")


class TariffRow(Base):
    """A tariff of a location."""

    __tablename__ = "tariffs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partner_id", "location_id"], ["locations.partner_id", "locations.location_id"],
            name="fk_tariffs_locations",
        ),
    )  # fmt: skip
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    location_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    tariff_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    fuel: Mapped[str] = mapped_column(Unicode(20))
    direction: Mapped[str] = mapped_column(Unicode(20))
    currency: Mapped[str] = mapped_column(Unicode(3))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    vat: Mapped[float] = mapped_column(Double)
    elements: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


EXAMPLE = {
    "location_id": "home-17", "tariff_id": "spot-2025", "fuel": "elec", "direction": "import",
    "currency": "SEK", "valid_from": "2025-01-01", "valid_to": None, "vat": 0.25,
    "elements": [
        {"kind": "standing_charge", "amount": 45.0, "per": "month"},
        {"kind": "spot", "multiplier": 1.0, "surcharge_per_kwh": 0.08},
        {"kind": "time_of_use", "periods": [
            {"weekdays": [1, 2, 3, 4, 5], "from": "06:00", "to": "22:00", "price_per_kwh": 0.76},
            {"price_per_kwh": 0.31},
        ]},
        {"kind": "capacity", "price_per_kw": 81.25, "window_minutes": 60, "days": 3},
    ],
    "valid_until": None,
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip


class TariffFields(BaseModel):
    """What is paid, and when."""

    fuel: Literal["elec", "gas", "district_heating"]
    direction: Literal["import", "export"] = Field(
        default="import", description="Import is paid for; an export is credited."
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217.")]
    valid_from: Day = Field(description="First local day it holds.")
    valid_to: Day | None = Field(
        default=None, description="Local day it no longer holds; without one, the next one's first."
    )
    vat: Annotated[float, Field(strict=True, ge=0, le=1, description="As a share: 0.25.")]
    elements: Elements


class TariffSaid(TariffFields, Said):
    """A tariff as a partner says it."""

    model_config = documented.said(EXAMPLE, "location_id", "tariff_id", "valid_until")

    @classmethod
    def broken(cls, said: Mapping[str, Any]) -> Iterator[Broken]:
        """Only electricity is exported, and a tariff holds on some day."""
        if said.get("direction") == "export" and said.get("fuel") in ("gas", "district_heating"):
            yield ("direction",), "only electricity is exported"
        start, end = day_of(said.get("valid_from")), day_of(said.get("valid_to"))
        if start and end and end <= start:
            yield ("valid_to",), "is after valid_from; to take a tariff back, delete it"


class Tariff(TariffFields, Registered):
    """A tariff as registered; ``valid_until`` is where it ends, by itself or as the next begins."""

    AS_IT_IS: ClassVar[frozenset[str]] = frozenset({"valid_until"})
    location_id: str
    tariff_id: str
    valid_until: date | None = None

    @field_serializer("elements")
    def _as_told(self, elements: Elements) -> list[dict[str, Any]]:
        return as_told(elements)


class Tariffs(Page[Tariff]):
    """A page of tariffs by id; ``next_cursor`` is null on the last."""


@router.put(
    "/v1/locations/{location_id}/tariffs/{tariff_id}", operation_id="put_tariff",
    summary="Create or replace a tariff", responses=documented.put(Tariff, EXAMPLE),
)  # fmt: skip
def put_tariff(  # noqa: D103 - the summary says it
    location_id: LocationId, tariff_id: TariffId, said: TariffSaid, write: Write
) -> Response:
    return write.answer_change(partial(_put, location_id, tariff_id, said))


@router.get(
    "/v1/locations/{location_id}/tariffs/{tariff_id}", operation_id="tariff",
    summary="One tariff", responses=documented.read(Tariff, EXAMPLE),
)  # fmt: skip
def tariff(location_id: LocationId, tariff_id: TariffId, read: Read) -> Response:  # noqa: D103
    return read.answer(partial(_one, read.partner_id, location_id, tariff_id))


@router.get(
    "/v1/locations/{location_id}/tariffs", operation_id="tariffs",
    summary="The tariffs of a location, a page at a time",
    responses=documented.listed(Tariffs, EXAMPLE),
)  # fmt: skip
def tariffs(  # noqa: D103 - the summary says it
    location_id: LocationId, read: Read, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return read.answer(partial(_page, read.partner_id, location_id, limit, cursor))


@router.delete(
    "/v1/locations/{location_id}/tariffs/{tariff_id}", operation_id="delete_tariff",
    status_code=204, summary="Delete a tariff", responses=documented.deleted(),
)  # fmt: skip
def delete_tariff(location_id: LocationId, tariff_id: TariffId, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_deleted, location_id, tariff_id))


def _put(location_id: str, tariff_id: str, said: TariffSaid, change: Change) -> Answer:
    home = home_of(change.session, change.partner_id, location_id)
    others = _of(change.session, change.partner_id, location_id)
    row = next((other for other in others if other.tariff_id == tariff_id), None)
    change.expects(version_of(Tariff, row))
    refuse(_unpriced(said, home) | _overlaps(tariff_id, said, others))
    values = said.model_dump() | {"elements": as_told(said.elements)}
    withdrawn: list[dict[str, Any]] = []
    if is_new := row is None:
        key = {"partner_id": change.partner_id, "location_id": location_id, "tariff_id": tariff_id}
        row = TariffRow(**key, **values, created_at=change.at, updated_at=change.at)
        change.session.add(row)
    elif _series(row) != _series(said) or row.valid_from != said.valid_from:
        withdrawn = [_gone(row)]
    if is_changed(row, values, change.at) or is_new:
        say_home(change, home, tariffs=withdrawn)
    return _shown(row, [*others, row]).answer(is_new=is_new)


def _unpriced(said: TariffSaid, home: LocationRow) -> dict[str, str]:
    return unpriced(
        said.elements, fuel=said.fuel, price_zone=home.price_zone, valid_from=said.valid_from,
        valid_to=said.valid_to,
    )  # fmt: skip


def _overlaps(tariff_id: str, said: TariffSaid, others: list[TariffRow]) -> dict[str, str]:
    """Return the error of a tariff that holds on a day of another; an open one ends at the next."""
    for other in others:
        if other.tariff_id == tariff_id or _series(other) != _series(said):
            continue
        first, then = (said, other) if said.valid_from < other.valid_from else (other, said)
        until = first.valid_to or then.valid_from
        if first.valid_from == then.valid_from or until > then.valid_from:
            span = f"{other.valid_from} to {other.valid_to or 'the next'}"
            return {"valid_from": f"overlaps the tariff {other.tariff_id} ({span})"}
    return {}


def _series(tariff: TariffRow | TariffSaid) -> tuple[str, str]:
    return tariff.fuel, tariff.direction


def _deleted(location_id: str, tariff_id: str, change: Change) -> Answer:
    home = home_of(change.session, change.partner_id, location_id)
    row = _found(change.session, change.partner_id, location_id, tariff_id)
    change.expects(version_of(Tariff, row))
    change.session.delete(row)
    say_home(change, home, tariffs=[_gone(row)])
    return Answer(None, 204)


def _found(session: Session, partner_id: str, location_id: str, tariff_id: str) -> TariffRow:
    if row := session.get(TariffRow, (partner_id, location_id, tariff_id)):
        return row
    raise UnknownResource(f"the location has no tariff {tariff_id}", cure="PUT it first")


def _one(partner_id: str, location_id: str, tariff_id: str, session: Session) -> Answer:
    home_of(session, partner_id, location_id)
    row = _found(session, partner_id, location_id, tariff_id)
    return _shown(row, _of(session, partner_id, location_id)).answer()


def _page(partner_id: str, location_id: str, limit: int, cursor: str, session: Session) -> Answer:
    home_of(session, partner_id, location_id)
    mine = (TariffRow.partner_id == partner_id) & (TariffRow.location_id == location_id)
    rows, following = page(
        session, select(TariffRow).where(mine), (TariffRow.tariff_id,), cursor=cursor, limit=limit
    )
    every = _of(session, partner_id, location_id)
    return Tariffs(items=[_shown(row, every) for row in rows], next_cursor=following).answer()


def _shown(row: TariffRow, every: list[TariffRow]) -> Tariff:
    shown = Tariff.model_validate(row)
    starts = [
        other.valid_from
        for other in every
        if _series(other) == _series(row) and other.valid_from > row.valid_from
    ]
    ends = [end for end in (row.valid_to, min(starts, default=None)) if end is not None]
    shown.valid_until = min(ends, default=None)
    return shown


def at_spot(session: Session, partner_id: str, location_id: str) -> list[str]:
    """Return the ids of a location's tariffs that have a spot price."""
    every = _of(session, partner_id, location_id)
    return [row.tariff_id for row in every if any(e["kind"] == "spot" for e in row.elements)]


def _of(session: Session, partner_id: str, location_id: str) -> list[TariffRow]:
    mine = (TariffRow.partner_id == partner_id) & (TariffRow.location_id == location_id)
    in_order = (TariffRow.valid_from, TariffRow.tariff_id)
    return list(session.scalars(select(TariffRow).where(mine).order_by(*in_order)))


def _told(row: TariffRow) -> dict[str, Any]:
    until = {"valid_to": row.valid_to.isoformat()} if row.valid_to else {}
    return {
        "tariff_id": row.tariff_id, "fuel": row.fuel, "direction": row.direction,
        "currency": row.currency, "valid_from": row.valid_from.isoformat(), **until,
        "vat": row.vat, "elements": row.elements,
    }  # fmt: skip


def _gone(row: TariffRow) -> dict[str, Any]:
    """Return a tariff that holds on no day: silver takes the one before back into force."""
    return {**_told(row), "valid_to": row.valid_from.isoformat()}


PART = listed("tariffs", _of, _told, _gone)

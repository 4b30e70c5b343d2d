"""Locations: the centre of all; PUT, GET, list, DELETE by the client's id.

A location never changes its user. One that the lake knows by file alone keeps its point and price
zone where its first PUT does not say them. What hangs on it (meters, profiles, tariffs) goes with
it: the contract leaves that open, and none of them can be without a location.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serving import documented
from serving.cursors import Cursor
from serving.data_management.registrations.homes import LocationRow, home_of, say_home, say_removed
from serving.data_management.registrations.known_homes import OfLake, Place
from serving.data_management.requests.asking import Answer, Change, Read, Write, resource
from serving.data_management.requests.fields import (
    PLAIN,
    Broken,
    Country,
    LocationId,
    Ref,
    Registered,
    Said,
    Text,
    Zone,
    is_changed,
    refuse,
    version_of,
)
from serving.data_management.requests.paging import Limit, Page, page
from serving.data_management.tariffs import at_spot
from serving.data_management.users import UserRow

router = resource("locations")


EXAMPLE = {
    "location_id": "home-17", "user_id": "user-17", "name": "Home", "country_code": "SE",
    "street_address": "Storgatan 1", "postal_code": "411 20", "city": "Göteborg",
    "time_zone": "Europe/Stockholm", "latitude": 57.7, "longitude": 11.97, "price_zone": "SE3",
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip


class LocationFields(BaseModel):
    """Where a location is, and whose."""

    user_id: Ref = Field(description="Whose it is; that never changes.")
    name: Text | None = None
    country_code: Country
    street_address: Text | None = Field(default=None, description="Stays here: no table has it.")
    postal_code: Annotated[Text, Field(max_length=20)] | None = None
    city: Text | None = None
    time_zone: Zone
    latitude: Annotated[float, Field(strict=True, ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(strict=True, ge=-180, le=180)] | None = None
    price_zone: (
        Annotated[str, Field(max_length=32, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$")] | None
    ) = Field(
        default=None,
        description="Bidding zone of the spot price, as in SE3; tariffs at spot need it.",
    )


class LocationSaid(LocationFields, Said):
    """A location as a partner says it: a postal code or city, unless it has a point."""

    model_config = documented.said(EXAMPLE, "location_id")

    @classmethod
    def broken(cls, said: Mapping[str, Any]) -> Iterator[Broken]:
        """A point has two coordinates, and an address or a point there must be."""
        has_latitude, has_longitude = (said.get(n) is not None for n in ("latitude", "longitude"))
        if has_latitude != has_longitude:
            missing = "longitude" if has_latitude else "latitude"
            yield (missing,), "a point has a latitude and a longitude"
        has_address = any(said.get(name) is not None for name in ("postal_code", "city"))
        if not has_address and not has_latitude and not has_longitude:
            yield ("postal_code",), "postal_code or city is needed, unless there is a point"


class Location(LocationFields, Registered):
    """A location as registered."""

    location_id: str


class Locations(Page[Location]):
    """A page of locations by id; ``next_cursor`` is null on the last."""


OfUser = Annotated[
    str, Query(max_length=128, pattern=PLAIN, description="Only those of this user.")
]


@router.put(
    "/v1/locations/{location_id}", operation_id="put_location",
    summary="Create or replace a location", responses=documented.put(Location, EXAMPLE),
)  # fmt: skip
def put_location(  # noqa: D103 - the summary says it
    location_id: LocationId, said: LocationSaid, write: Write, of_lake: OfLake
) -> Response:
    place = of_lake.place(write.partner_id, location_id)
    return write.answer_change(partial(_put, location_id, said, place))


@router.get(
    "/v1/locations/{location_id}", operation_id="location", summary="One location",
    responses=documented.read(Location, EXAMPLE),
)  # fmt: skip
def location(location_id: LocationId, read: Read) -> Response:  # noqa: D103 - the summary says it
    return read.answer(
        lambda s: Location.model_validate(home_of(s, read.partner_id, location_id)).answer()
    )


@router.get(
    "/v1/locations", operation_id="locations", summary="Your locations, a page at a time",
    responses=documented.listed(Locations, EXAMPLE),
)  # fmt: skip
def locations(  # noqa: D103 - the summary says it
    read: Read, user_id: OfUser = "", limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return read.answer(partial(_page, read.partner_id, user_id, limit, cursor))


@router.delete(
    "/v1/locations/{location_id}", operation_id="delete_location", status_code=204,
    summary="Delete a location with its meters, profiles and tariffs",
    responses=documented.deleted(),
)  # fmt: skip
def delete_location(location_id: LocationId, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_deleted, location_id))


def _put(location_id: str, said: LocationSaid, place: Place | None, change: Change) -> Answer:
    key = {"partner_id": change.partner_id, "location_id": location_id}
    row = change.session.get(LocationRow, tuple(key.values()))
    change.expects(version_of(Location, row))
    refuse(_broken(location_id, row, said, change))
    values = said.model_dump()
    if is_new := row is None:
        values |= _kept(said, place)
        row = LocationRow(**key, **values, created_at=change.at, updated_at=change.at)
        change.session.add(row)
    if is_changed(row, values, change.at) or is_new:
        say_home(change, row)
    return Location.model_validate(row).answer(is_new=is_new)


def _kept(said: LocationSaid, place: Place | None) -> dict[str, Any]:
    """Return what is known of a place and was not said; of a point both or none."""
    if place is None:
        return {}
    kept: dict[str, Any] = {}
    if not said.model_fields_set & {"latitude", "longitude"}:
        kept |= {"latitude": place.latitude, "longitude": place.longitude}
    if "price_zone" not in said.model_fields_set:
        kept["price_zone"] = place.price_zone
    return kept


def _broken(
    location_id: str, row: LocationRow | None, said: LocationSaid, change: Change
) -> dict[str, str]:
    if row is not None and row.user_id != said.user_id:
        return {"user_id": f"never changes: the location is that of {row.user_id}"}
    if change.session.get(UserRow, (change.partner_id, said.user_id)) is None:
        return {"user_id": f"you have no user {said.user_id}"}
    has_lost_zone = row is not None and row.price_zone is not None and said.price_zone is None
    needing = at_spot(change.session, change.partner_id, location_id) if has_lost_zone else []
    if needing:
        return {"price_zone": f"the tariff {needing[0]} has the spot price of a zone"}
    return {}


def _deleted(location_id: str, change: Change) -> Answer:
    home = home_of(change.session, change.partner_id, location_id)
    change.expects(version_of(Location, home))
    say_removed(change, home)
    return Answer(None, 204)


def _page(partner_id: str, user_id: str, limit: int, cursor: str, session: Session) -> Answer:
    mine = select(LocationRow).where(LocationRow.partner_id == partner_id)
    if user_id:
        mine = mine.where(LocationRow.user_id == user_id)
    rows, following = page(session, mine, (LocationRow.location_id,), cursor=cursor, limit=limit)
    items = [Location.model_validate(row) for row in rows]
    return Locations(items=items, next_cursor=following).answer()

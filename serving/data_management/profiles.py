"""Profiles: what is true of a home from a day on, in versions; PUT, GET, list, DELETE by the day.

A version is whole: what it does not say is not known from then on. One that is deleted is said to
the lake as what holds then instead, the version before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from serving import documented
from serving.cursors import Cursor
from serving.data_management.profile_stores.port import ProfileStore, ProfileVersion
from serving.data_management.registrations.homes import LocationRow, Part, home_of, say_home
from serving.data_management.registrations.questions import (
    QUESTIONS,
    ProfileFields,
    completion,
    questionnaire,
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
    Day,
    LocationId,
    Registered,
    Said,
)
from serving.data_management.requests.paging import Limit, Page, page_of

router = resource("profiles")
Versions = list[ProfileVersion]
EXAMPLE = {
    "location_id": "home-17", "valid_from": "2025-01-01", "valid_to": None,
    "profile_type": "residential", "house_type": "house_detached", "living_area_m2": 140.0,
    "persons": 4, "heating_type_primary": "air_water_pump", "heating_type_secondary": None,
    "electric_cars": 1, "electric_car_charging": "home", "stoves": 1, "gas_stoves": None,
    "dishwashers": 1, "washing_machines": 1, "dryers": 1, "fridges": 1, "freezers": 1,
    "saunas": 0, "completion_percentage": 93,
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip


class ProfileSaid(ProfileFields, Said):
    """A version as a partner says it."""

    model_config = documented.said(
        EXAMPLE, "location_id", "valid_from", "valid_to", "completion_percentage"
    )

    @classmethod
    def broken(cls, said: Mapping[str, Any]) -> Iterator[Broken]:
        """What depends on another answer needs it."""
        for name, question in QUESTIONS.items():
            if said.get(name) is not None and not question.follows(said):
                yield (name,), f"is taken only where {question.condition}"


class Profile(ProfileFields, Registered):
    """A version as registered; ``valid_to`` is where the next begins."""

    AS_IT_IS: ClassVar[frozenset[str]] = frozenset({"valid_to", "completion_percentage"})
    location_id: str
    valid_from: date
    valid_to: date | None
    completion_percentage: int = Field(description="How much of what is asked is answered.")


class Profiles(Page[Profile]):
    """A page of versions, the oldest first; ``next_cursor`` is null on the last."""


class Setting(BaseModel):
    """A key to ask for; after another one, where ``asked_after`` is answered (from a number on)."""

    key: str
    data_type: Literal["single_select", "number", "integer"]
    possible_values: list[str]
    minimum: float | None
    maximum: float | None
    asked_after: str | None
    asked_from: int | None
    needed_for: list[str]


class Questionnaire(BaseModel):
    """What to ask, in order."""

    settings: list[Setting]


_SETTING = {
    "key": "persons", "data_type": "integer", "possible_values": [], "minimum": 0, "maximum": 100,
    "asked_after": None, "asked_from": None, "needed_for": [],
}  # fmt: skip
ValidFrom = Annotated[Day, InPath(description="First local day it holds.", examples=["2025-01-01"])]
OfType = Annotated[Literal["residential", "business"], Query(description="Kind of profile.")]
InCountry = Annotated[str, Query(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]


async def _kept(request: Request) -> ProfileStore:
    found: ProfileStore = request.app.state.profiles
    return found


Store = Annotated[ProfileStore, Depends(_kept)]


@router.put(
    "/v1/locations/{location_id}/profiles/{valid_from}", operation_id="put_profile",
    summary="Create or replace the version of a profile that holds from a day on",
    responses=documented.put(Profile, EXAMPLE),
)  # fmt: skip
def put_profile(  # noqa: D103 - the summary says it
    location_id: LocationId, valid_from: ValidFrom, said: ProfileSaid, write: Write, store: Store
) -> Response:
    document = said.model_dump(mode="json", exclude_none=True)
    return write.answer_change(partial(_put, store, location_id, valid_from, document))


@router.get(
    "/v1/locations/{location_id}/profiles/{valid_from}", operation_id="profile",
    summary="One version of a profile", responses=documented.read(Profile, EXAMPLE),
)  # fmt: skip
def profile(  # noqa: D103 - the summary says it
    location_id: LocationId, valid_from: ValidFrom, read: Read, store: Store
) -> Response:
    return read.answer(partial(_one, store, read.partner_id, location_id, valid_from))


@router.get(
    "/v1/locations/{location_id}/profiles", operation_id="profiles",
    summary="The versions of a profile, the oldest first",
    responses=documented.listed(Profiles, EXAMPLE),
)  # fmt: skip
def profiles(  # noqa: D103 - the summary says it
    location_id: LocationId, read: Read, store: Store, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return read.answer(partial(_page, store, read.partner_id, location_id, limit, cursor))


@router.delete(
    "/v1/locations/{location_id}/profiles/{valid_from}", operation_id="delete_profile",
    status_code=204, summary="Delete a version: the one before holds on",
    responses=documented.deleted(),
)  # fmt: skip
def delete_profile(  # noqa: D103 - the summary says it
    location_id: LocationId, valid_from: ValidFrom, write: Write, store: Store
) -> Response:
    return write.answer_change(partial(_deleted, store, location_id, valid_from))


@router.get(
    "/v1/profile-settings", response_model=Questionnaire, operation_id="profile_settings",
    summary="What to ask of a home or business in a country",
    responses=documented.answers({"settings": [_SETTING]}, 422, 503),
)  # fmt: skip
def profile_settings(  # noqa: D103 - the summary says it
    read: Read, country_code: InCountry = "SE", profile_type: OfType = "residential"
) -> Response:
    asked = questionnaire(profile_type, country_code)
    return read.answer(lambda _: Answer({"settings": asked}))


def part(store: ProfileStore) -> Part:
    """Return the part of a home's document: the newest version."""

    def said(change: Change, location_id: str) -> dict[str, Any] | None:
        held = _held(store.versions(change.session, change.partner_id, location_id))
        return _told(held[-1].valid_from, held[-1].document) if held else None

    def removed(change: Change, location_id: str) -> None:
        store.remove(change, location_id)

    return Part("profile", said, removed)


def _put(
    store: ProfileStore, location_id: str, day: date, document: dict[str, Any], change: Change
) -> Answer:
    home = home_of(change.session, change.partner_id, location_id)
    before = store.versions(change.session, change.partner_id, location_id)
    old = next((v for v in _held(before) if v.valid_from == day), None)
    change.expects(None if old is None else _shown(old, before, home).version)
    made_at = old.created_at if old else change.at
    version = ProfileVersion(day, document, made_at, change.at)
    if old and old.document == document:
        version = old
    after = _with(before, version)
    if version is not old:
        store.put(change, location_id, version)
        _say(change, home, before, after)
    return _shown(version, after, home).answer(is_new=old is None)


def _deleted(store: ProfileStore, location_id: str, day: date, change: Change) -> Answer:
    home = home_of(change.session, change.partner_id, location_id)
    before = store.versions(change.session, change.partner_id, location_id)
    old = _found(before, day)
    change.expects(_shown(old, before, home).version)
    gone = replace(old, document=None, updated_at=change.at)
    store.put(change, location_id, gone)
    _say(change, home, before, _with(before, gone))
    return Answer(None, 204)


def _say(change: Change, home: LocationRow, before: Versions, after: Versions) -> None:
    """Say each day from which something else holds now; what was taken back has the one before."""
    was, now = dict(_holding(before)), dict(_holding(after))
    for day, document in now.items():
        if was.get(day) != document:
            say_home(change, home, profile=_told(day, document))


def _holding(versions: Versions) -> Iterator[tuple[date, Mapping[str, Any]]]:
    holds: Mapping[str, Any] = {}
    for version in versions:
        holds = holds if version.document is None else version.document
        yield version.valid_from, holds


def _told(day: date, document: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"valid_from": day.isoformat(), **(document or {})}


def _with(versions: Versions, one: ProfileVersion) -> Versions:
    others = [v for v in versions if v.valid_from != one.valid_from]
    return sorted([*others, one], key=lambda v: v.valid_from)


def _held(versions: Versions) -> Versions:
    return [v for v in versions if v.document is not None]


def _found(versions: Versions, day: date) -> ProfileVersion:
    for version in _held(versions):
        if version.valid_from == day:
            return version
    raise UnknownResource(f"the location has no profile from {day}", cure="PUT it first")


def _shown(version: ProfileVersion, versions: Versions, home: LocationRow) -> Profile:
    days = [v.valid_from for v in _held(versions)]
    ends = dict(pairwise(days))
    document = version.document or {}
    return Profile(
        **document,
        location_id=home.location_id,
        valid_from=version.valid_from,
        valid_to=ends.get(version.valid_from),
        completion_percentage=completion(document, home.country_code),
        created_at=version.created_at,
        updated_at=version.updated_at,
    )


def _one(
    store: ProfileStore, partner_id: str, location_id: str, day: date, session: Session
) -> Answer:
    home = home_of(session, partner_id, location_id)
    versions = store.versions(session, partner_id, location_id)
    return _shown(_found(versions, day), versions, home).answer()


def _page(
    store: ProfileStore,
    partner_id: str,
    location_id: str,
    limit: int,
    cursor: str,
    session: Session,
) -> Answer:
    home = home_of(session, partner_id, location_id)
    held = _held(store.versions(session, partner_id, location_id))
    found, following = page_of(held, lambda v: v.valid_from.isoformat(), cursor=cursor, limit=limit)
    items = [_shown(version, held, home) for version in found]
    return Profiles(items=items, next_cursor=following).answer()

"""A location id -> the home, where the caller may see it; and how far its data reach."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from fastapi.concurrency import run_in_threadpool

from lake.errors import LakeError
from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.addresses import plain
from serving.answers import Ask

_LOCATIONS = "silver.locations"
REACH_TABLES = (
    "gold.energy_quarter_hourly",
    "gold.energy_hourly",
    "gold.energy_daily",
    "gold.energy_monthly",
)
# From these too is told what was known at an earlier time.
HISTORY_TABLES = ("silver.energy_in_context", "silver.energy_revisions")

_SERIES = ("partner_id", "location_id", "fuel", "direction")


class UnknownLocation(LakeError):
    """No location of this id, or not one of the caller's: both look the same."""

    code = "unknown-location"


class AmbiguousLocation(LakeError):
    """Only a token of all partners can meet this."""

    code = "ambiguous-location"


@dataclass(frozen=True)
class Location:
    """Whose home it is, and its clock."""

    partner_id: str
    location_id: str
    time_zone: str

    @property
    def zone(self) -> ZoneInfo:
        """The location's clock."""
        return ZoneInfo(self.time_zone)

    @property
    def where(self) -> str:
        """The SQL condition that every question about this home has."""
        partner, location = literal(self.partner_id), literal(self.location_id)
        return f"partner_id = {partner} AND location_id = {location}"

    def series(self, fuel: str, direction: str) -> str:
        """Return the SQL condition of one of this home's series."""
        return f"{self.where} AND fuel = {literal(fuel)} AND direction = {literal(direction)}"

    def instant(self, at: object) -> str | None:
        """Return an instant of a table as ISO 8601 with the location's offset."""
        return at.astimezone(self.zone).isoformat() if isinstance(at, datetime) else None


@lru_cache(maxsize=20_000)
def _found(
    lake: Reader, state: str, partner_id: str | None, location_id: str
) -> tuple[Location, ...]:
    del state  # of the table: a new one is a new question
    mine = f" AND partner_id = {literal(partner_id)}" if partner_id is not None else ""
    rows = lake.rows(
        f"SELECT partner_id, time_zone FROM {_LOCATIONS} "
        f"WHERE location_id = {literal(location_id)} AND deleted_at IS NULL{mine}"
    )
    return tuple(Location(str(r["partner_id"]), location_id, str(r["time_zone"])) for r in rows)


async def home(
    ask: Ask,
    location_id: str,
    partner_id: Annotated[
        str | None, Query(description="Only for tokens of all partners: whose location.")
    ] = None,
) -> Location:
    """Return the caller's location; UnknownLocation, AmbiguousLocation."""
    location_id = plain(location_id)
    own = ask.who.partner_id
    if own is not None and partner_id not in (None, own):
        raise UnknownLocation(f"you have no location {location_id}")
    state = ask.state(_LOCATIONS)
    found = await run_in_threadpool(_found, ask.lake, state, own or partner_id, location_id)
    if not found:
        raise UnknownLocation(f"you have no location {location_id}", cure="see /v1/locations")
    if len(found) > 1:
        raise AmbiguousLocation(f"several have a location {location_id}", cure="add partner_id")
    return found[0]


Home = Annotated[Location, Depends(home)]


@lru_cache(maxsize=20_000)
def _reach(lake: Reader, state: str, home: Location, fuel: str, direction: str) -> datetime | None:
    del state
    series = home.series(fuel, direction)
    days = lake.rows(
        "SELECT max(local_date) AS last, max(ends_at) AS ends_at "
        f"FROM gold.energy_daily WHERE {series}"
    )
    last, ends_at = days[0]["last"], days[0]["ends_at"]
    of_month = _read_by_the_month(lake, series, after=last)
    if of_month is not None:
        return of_month.astimezone(UTC)
    if last is None or not isinstance(ends_at, datetime):
        return None
    day = f"local_month = {literal(str(last)[:7])} AND local_date = DATE {literal(str(last))}"
    reaches = [
        row["ends_at"]
        for table in REACH_TABLES[:2]
        for row in lake.rows(
            f"SELECT max(ends_at) AS ends_at FROM {table} WHERE {series} AND {day}"
        )
    ]
    known = [at for at in reaches if isinstance(at, datetime)]
    return max(known, default=ends_at).astimezone(UTC)


def _read_by_the_month(lake: Reader, series: str, *, after: object) -> datetime | None:
    """Return the end of the newest month that has no day, nor one later than it."""
    later = "" if after is None else f" AND local_month > {literal(str(after)[:7])}"
    months = lake.rows(
        "SELECT max(ends_at) AS ends_at FROM gold.energy_monthly "
        f"WHERE {series} AND energy_kwh IS NOT NULL{later}"
    )
    ends_at = months[0]["ends_at"]
    return ends_at if isinstance(ends_at, datetime) else None


def data_until(lake: Reader, home: Location, *, fuel: str, direction: str) -> str | None:
    """Return the end of the newest interval with a reading, null where there is none at all.

    Of a home that is read by the month it is the end of the month that the reading counts in.
    """
    # What was known once is asked for once.
    reach = _reach if lake.at is None else _reach.__wrapped__
    return home.instant(reach(lake, lake.state(*REACH_TABLES), home, fuel, direction))


def reaches(lake: Reader, where: str) -> list[Row]:
    """Return from when and until when each series of many homes has data: three queries for all.

    ``where`` is a SQL condition on homes, series and days. A row has ``partner_id``,
    ``location_id``, ``fuel``, ``direction``, ``data_from`` and, as data_until() says it,
    ``data_until``.
    """
    series = ", ".join(_SERIES)
    months = {
        _key(row): row
        for row in lake.rows(
            f"SELECT {series}, min(starts_at) AS data_from, max(ends_at) AS data_until, "
            "min(local_month) AS first, max(local_month) AS last FROM gold.energy_monthly "
            f"WHERE {where} AND energy_kwh IS NOT NULL GROUP BY {series} ORDER BY {series}"
        )
    }
    found = [_by_day_and_month(row, months.pop(_key(row), None)) for row in _by_day(lake, where)]
    return sorted((*found, *map(_told, months.values())), key=_key)


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in _SERIES)


def _told(row: Row) -> Row:
    return {name: row[name] for name in (*_SERIES, "data_from", "data_until")}


def _by_day_and_month(days: Row, months: Row | None) -> Row:
    """Return how far days reach, and months before or after them that are told without days."""
    told = _told(days)
    if months is None:
        return told
    if str(months["first"]) < str(days["first"])[:7]:
        told["data_from"] = months["data_from"]
    if str(months["last"]) > str(days["last"])[:7]:
        told["data_until"] = months["data_until"]
    return told


def _by_day(lake: Reader, where: str) -> list[Row]:
    """Return from when and until when each series has data by the day, and its days."""
    series = ", ".join(_SERIES)
    days = lake.rows(
        f"SELECT {series}, min(starts_at) AS data_from, max(ends_at) AS data_until, "
        "min(local_date) AS first, max(local_date) AS last FROM gold.energy_daily "
        f"WHERE {where} GROUP BY {series} ORDER BY {series}"
    )
    last = sorted({str(row["last"]) for row in days})
    if not last:
        return []
    newest = (
        f"{where} AND local_month IN ({', '.join(map(literal, sorted({d[:7] for d in last})))}) "
        f"AND local_date IN ({', '.join(f'DATE {literal(day)}' for day in last)})"
    )
    within = {
        tuple(row[name] for name in (*_SERIES, "local_date")): row["ends_at"]
        for row in lake.rows(
            f"SELECT {series}, local_date, max(ends_at) AS ends_at FROM ("
            + " UNION ALL ".join(
                f"SELECT {series}, local_date, ends_at FROM {table} WHERE {newest}"
                for table in REACH_TABLES[:2]
            )
            + f") GROUP BY {series}, local_date"
        )
    }
    return [
        {
            **row,
            "data_until": within.get(
                tuple(row[name] for name in (*_SERIES, "last")), row["data_until"]
            ),
        }
        for row in days
    ]


def newest_of_all(lake: Reader, home: Location) -> str | None:
    """Return how far the data of a home reach in any of its series, null where it has none."""
    series = lake.rows(
        " UNION ".join(
            f"SELECT fuel, direction FROM {table} WHERE {home.where}" for table in REACH_TABLES[2:]
        )
    )
    reaches = (
        data_until(lake, home, fuel=str(one["fuel"]), direction=str(one["direction"]))
        for one in series
    )
    return max(filter(None, reaches), key=datetime.fromisoformat, default=None)

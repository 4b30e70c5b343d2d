"""gold.data_quality_daily, silver.quarantine, reading_flags -> how complete and sound data are."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import HISTORY_TABLES, REACH_TABLES, Home, Location, data_until
from serving.parameters import AsOf, From, To
from serving.periods import Periods, periods

router = APIRouter(tags=["data quality"])
_TABLES = (
    "gold.data_quality_daily", "silver.quarantine", "silver.meters", "silver.reading_flags",
)  # fmt: skip
_COLUMNS = (
    "observed_intervals", "expected_intervals", "completeness", "estimated_share",
    "has_price", "has_temperature",
)  # fmt: skip
_ABSENT = dict.fromkeys(_COLUMNS, None) | {"observed_intervals": 0, "completeness": 0.0}


class Day(TypedDict):
    """One local day; a day without any reading has completeness 0."""

    local_date: str
    observed_intervals: int
    expected_intervals: int | None
    completeness: float
    estimated_share: float | None
    has_price: bool | None
    has_temperature: bool | None


class Series(TypedDict):
    """The days of one fuel and direction."""

    fuel: str
    direction: str
    data_until: str | None
    days: list[Day]


class Waiting(TypedDict):
    """How many values of the location's meters, or its registration, wait for repair, and why."""

    table_name: str
    reason: str
    rows: int


class Flagged(TypedDict):
    """How many readings of one meter and local day break one rule of validation.

    Readings of severity error are left out of the energy; those of severity warning count.
    """

    local_date: str
    meter_id: str
    direction: str
    rule: str
    severity: str
    rows: int


Quality = TypedDict(
    "Quality",
    {
        "location_id": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "series": list[Series],
        "quarantine": list[Waiting],
        "flags": list[Flagged],
    },
)
_DAY = {
    "local_date": "2025-10-26",
    "observed_intervals": 99,
    "expected_intervals": 100,
    "completeness": 0.99,
    "estimated_share": 0.02,
    "has_price": True,
    "has_temperature": True,
}
EXAMPLE = {
    "location_id": "ideal-105",
    "time_zone": "Europe/London",
    "from": "2025-10-26T00:00:00+01:00",
    "to": "2025-10-27T00:00:00+00:00",
    "data_until": "2025-10-27T00:00:00+00:00",
    "series": [
        {
            "fuel": "elec",
            "direction": "import",
            "data_until": "2025-10-27T00:00:00+00:00",
            "days": [_DAY],
        }
    ],
    "quarantine": [{"table_name": "silver.meter_readings", "reason": "negative", "rows": 2}],
    "flags": [
        {
            "local_date": "2025-10-26",
            "meter_id": "ideal-105-e",
            "direction": "import",
            "rule": "spike",
            "severity": "warning",
            "rows": 1,
        }
    ],
}
AnyFuel = Annotated[
    Literal["elec", "gas", "district_heating"] | None, Query(description="Only this fuel.")
]


@router.get(
    "/v1/locations/{location_id}/data-quality",
    response_model=Quality,
    operation_id="data_quality",
    summary="Completeness a day, and what waits in quarantine",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def data_quality(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: From, end: To, fuel: AnyFuel = None, as_of: AsOf = None
) -> Response:
    span = periods(start, end, resolution="P1D", zone=home.zone)
    made = partial(_quality, ask.lake_as_of(as_of), home, span, fuel)
    return await ask.answer((*_TABLES, *REACH_TABLES, *HISTORY_TABLES), made)


def _quality(lake: Reader, home: Location, span: Periods, fuel: str | None) -> Body:
    series = list(_series(lake, home, span, fuel))
    reaches = [str(one["data_until"]) for one in series if one["data_until"]]
    return {
        "location_id": home.location_id,
        "time_zone": home.time_zone,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": max(reaches, key=datetime.fromisoformat, default=None),
        "series": series,
        # What waits and what is flagged have no history: they are told of now.
        "quarantine": _waiting(lake, home) if lake.at is None else [],
        "flags": _flags(lake, home, span, fuel) if lake.at is None else [],
    }


def _series(lake: Reader, home: Location, span: Periods, fuel: str | None) -> Iterator[Row]:
    first, last = span.days
    only = f" AND fuel = {literal(fuel)}" if fuel else ""
    rows = lake.rows(
        f"SELECT fuel, direction, local_date, {', '.join(_COLUMNS)} FROM {_TABLES[0]} "
        f"WHERE {home.where} AND local_date BETWEEN {literal(first)} AND {literal(last)}{only} "
        "ORDER BY fuel, direction, local_date"
    )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for (of, direction), found in groupby(rows, lambda r: (str(r["fuel"]), str(r["direction"]))):
        by_day = {row["local_date"]: row for row in found}
        yield {
            "fuel": of,
            "direction": direction,
            "data_until": data_until(lake, home, fuel=of, direction=direction),
            "days": [_day(day, by_day.get(day, _ABSENT)) for day in days],
        }


def _day(day: date, row: Row) -> Row:
    return {"local_date": day.isoformat(), **{column: row[column] for column in _COLUMNS}}


def _flags(lake: Reader, home: Location, span: Periods, fuel: str | None) -> list[Row]:
    first, last = span.days
    only = f" AND fuel = {literal(fuel)}" if fuel else ""
    rows = lake.rows(
        "SELECT local_date, meter_id, direction, rule, severity, "
        'CAST(sum(intervals) AS BIGINT) AS "rows" FROM silver.reading_flags '
        f"WHERE {home.where} AND local_date BETWEEN {literal(first)} AND {literal(last)}{only} "
        "GROUP BY local_date, meter_id, direction, rule, severity "
        "ORDER BY local_date, meter_id, direction, rule"
    )
    return [row | {"local_date": str(row["local_date"])} for row in rows]


def _waiting(lake: Reader, home: Location) -> list[Row]:
    return lake.rows(
        'SELECT table_name, reason, count(*) AS "rows" FROM ('
        "SELECT q.table_name, unnest(q.reasons) AS reason FROM silver.quarantine q "
        f"WHERE q.partner_id = {literal(home.partner_id)} AND ("
        f"(q.table_name = 'silver.meter_readings' AND q.entity_id IN "
        f"(SELECT meter_id FROM silver.meters WHERE {home.where})) "
        "OR (q.table_name IN ('silver.locations', 'silver.meters', 'silver.home_profiles', "
        "'silver.tariffs') "
        f"AND q.entity_id = {literal(home.location_id)}))"
        ") GROUP BY table_name, reason ORDER BY table_name, reason"
    )

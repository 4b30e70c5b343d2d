"""gold.energy_* -> consumption, import, export and production of a home, a period at a time."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, NotRequired

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import HISTORY_TABLES, REACH_TABLES, Home, Location
from serving.insights.adding import ALWAYS, INCLUDED, added_up
from serving.insights.series import OfSeries, of_series
from serving.parameters import AsOf, From, Fuel, To, words
from serving.periods import Periods, Resolution, periods
from silver.contracts import DIRECTIONS

router = APIRouter(tags=["energy"])
_HALF_HOURS = "silver.energy_in_context"
_TABLES = {
    "PT15M": "gold.energy_quarter_hourly",
    "PT30M": "gold.energy_quarter_hourly",
    "PT1H": "gold.energy_hourly",
    "P1D": "gold.energy_daily",
    "P1W": "gold.energy_weekly",
    "P1M": "gold.energy_monthly",
    "P1Y": "gold.energy_yearly",
}
# What was known once is added up from these.
_MADE_FROM = {
    "gold.energy_weekly": "gold.energy_daily",
    "gold.energy_yearly": "gold.energy_monthly",
}
_HALF_HOUR_S = 1800
# Lengths that half hours are made of and quarters are not: 30 minutes, 10, 6 and less.
_LENGTHS = [s for s in range(1, _HALF_HOUR_S + 1) if _HALF_HOUR_S % s == 0 and 900 % s]
_NAMES = [f"PT{s // 60}M" if s % 60 == 0 else f"PT{s}S" for s in _LENGTHS]
_BY_MONTH = (*REACH_TABLES[:2], _HALF_HOURS)
# The columns of gold that an interval of silver stands for by itself.
_OF_AN_INTERVAL = {
    "observed_intervals": "1",
    "expected_intervals": "1",
    "estimated_share": "CASE quality WHEN 'estimated' THEN 1.0 ELSE 0.0 END",
    "cost": "energy_kwh * price_per_kwh",
    "co2_kg": "CASE WHEN direction = 'import' THEN energy_kwh * co2_kg_per_kwh END",
    "degree_days": "CAST(NULL AS DOUBLE)",
    "cooling_degree_days": "CAST(NULL AS DOUBLE)",
    "substituted_kwh": "CAST(NULL AS DOUBLE)",
    "peak_kw": "energy_kwh * 3600000000.0 / "
    "(arrow_cast(ends_at, 'Int64') - arrow_cast(starts_at, 'Int64'))",
    "peak_at": "starts_at",
}


class Element(TypedDict):
    """One period, half-open; null where there is no data, and never zero instead.

    `temperature_c` and the degree days are those of the metered hours, beside whose energy they
    stand: of a day that was metered in part (`completeness`) not those of the whole day, and of a
    longer period not those of days without a reading.
    """

    starts_at: str
    ends_at: str
    energy_kwh: float | None
    observed_intervals: int
    expected_intervals: int | None
    completeness: float | None
    estimated_share: float | None
    cost: NotRequired[float | None]
    currency: NotRequired[str | None]
    co2_kg: NotRequired[float | None]
    temperature_c: NotRequired[float | None]
    degree_days: NotRequired[float | None]
    cooling_degree_days: NotRequired[float | None]
    peak_kw: NotRequired[float | None]
    peak_at: NotRequired[str | None]
    substituted_kwh: NotRequired[float | None]


class Energy(OfSeries):
    """Energy of a series, one element a period."""

    unit: str
    elements: list[Element]


EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "elec",
    "direction": "consumption",
    "resolution": "P1D",
    "unit": "kWh",
    "time_zone": "Europe/London",
    "from": "2025-10-26T00:00:00+01:00",
    "to": "2025-10-27T00:00:00+00:00",
    "data_until": "2025-10-27T00:00:00+00:00",
    "elements": [
        {
            "starts_at": "2025-10-26T00:00:00+01:00",
            "ends_at": "2025-10-27T00:00:00+00:00",
            "energy_kwh": 9.81,
            "observed_intervals": 99,
            "expected_intervals": 100,
            "completeness": 0.99,
            "estimated_share": 0.0,
        }
    ],
}
Include = Annotated[
    list[str] | None,
    Query(description=f"Any of {', '.join(INCLUDED)}; completeness is always there."),
]


def _endpoint(direction: str) -> Callable[..., Awaitable[Response]]:
    async def energy(
        ask: Ask, home: Home, start: From, end: To,
        resolution: Resolution = "P1D", fuel: Fuel = "elec", include: Include = None,
        as_of: AsOf = None,
    ) -> Response:  # fmt: skip
        span = periods(start, end, resolution=resolution, zone=home.zone)
        extras = words(include, allowed=tuple(INCLUDED), name="include")
        made = partial(_energy, ask.lake_as_of(as_of), home, span, fuel, direction, extras)
        told_by = _sources(resolution, is_as_of=as_of is not None)
        return await ask.answer((*REACH_TABLES, *told_by, *HISTORY_TABLES), made)

    return energy


for _direction in DIRECTIONS:
    router.add_api_route(
        f"/v1/locations/{{location_id}}/{_direction}",
        _endpoint(_direction),
        name=_direction,
        operation_id=_direction,
        summary=f"{_direction.capitalize()} of a location, one element a period",
        response_model=Energy,
        responses=answers(EXAMPLE | {"direction": _direction}, 304, 404, 422),
    )


def _energy(
    lake: Reader, home: Location, span: Periods, fuel: str, direction: str, include: frozenset[str]
) -> Body:
    rows = [
        row
        for table in _sources(span.resolution, is_as_of=lake.at is not None)
        for row in _rows(lake, home, span, fuel, direction, include, table)
    ]
    return {
        **of_series(lake, home, span, fuel=fuel, direction=direction),
        "unit": "kWh",
        "elements": added_up(rows, span, include=include),
    }


def _sources(resolution: str, *, is_as_of: bool) -> tuple[str, ...]:
    """Half hours are two quarters, or what meters said that no quarter can hold."""
    table = _TABLES[resolution]
    table = _MADE_FROM.get(table, table) if is_as_of else table
    return (table, _HALF_HOURS) if resolution == "PT30M" else (table,)


def _rows(
    lake: Reader, home: Location, span: Periods, fuel: str, direction: str,
    include: frozenset[str], table: str,
) -> list[Row]:  # fmt: skip
    columns = [*ALWAYS, *(c for word in sorted(include) for c in INCLUDED[word])]
    first, last = span.days
    says_it = f"direction = {literal(direction)}"
    if table == _HALF_HOURS and direction == "consumption":
        # Silver has import that is consumption once; gold says it under both names.
        says_it = f"({says_it} OR is_consumption)"
    conditions = [
        home.where,
        f"fuel = {literal(fuel)} AND {says_it}",
        f"local_date BETWEEN {literal(first)} AND {literal(last)}",
    ]
    if table in _BY_MONTH or lake.at is not None:
        conditions.append(f"local_month BETWEEN '{first:%Y-%m}' AND '{last:%Y-%m}'")
    if table == _HALF_HOURS:
        conditions.append(f"resolution IN ({', '.join(map(literal, _NAMES))})")
        columns = [f"{_OF_AN_INTERVAL.get(c, c)} AS {c}" for c in columns]
    rows = lake.rows(f"SELECT {', '.join(columns)} FROM {table} WHERE {' AND '.join(conditions)}")
    return [row for row in rows if table != _HALF_HOURS or _is_within_one(row, span)]


def _is_within_one(row: Row, span: Periods) -> bool:
    """Tell whether an interval lies across no edge, as gold adds them up; those of 30 min count."""
    start, end = row["starts_at"], row["ends_at"]
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    number = span.at(start)
    is_whole = (end - start).total_seconds() == _HALF_HOUR_S
    return is_whole or (0 <= number < len(span) and end.timestamp() <= span.edges[number + 1])

"""gold.base_load_daily -> what a home draws all the time, a day at a time."""

from datetime import date, timedelta
from functools import partial
from statistics import median
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location
from serving.insights.series import OfSeries, of_series
from serving.parameters import From, To, Used
from serving.periods import Periods, periods
from serving.refusals import Refusal, refusal

router = APIRouter(tags=["base load"])
_TABLE = "gold.base_load_daily"
_COLUMNS = (
    "base_load_kw", "base_load_kwh", "base_load_share", "observed_hours", "expected_hours",
)  # fmt: skip
_ABSENT: Row = dict.fromkeys(_COLUMNS, None) | {"observed_hours": 0}


class BaseLoadDay(TypedDict):
    """One local day; null where less than three quarters of its hours were metered whole."""

    local_date: str
    base_load_kw: float | None
    base_load_kwh: float | None
    base_load_share: float | None
    observed_hours: int
    expected_hours: int | None


class BaseLoad(OfSeries):
    """The base loads of a series, and the median of those that are known (kW)."""

    typical_kw: float | None
    elements: list[BaseLoadDay]
    refusal: Refusal | None


EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "elec",
    "direction": "consumption",
    "resolution": "P1D",
    "time_zone": "Europe/London",
    "from": "2025-10-26T00:00:00+01:00",
    "to": "2025-10-27T00:00:00+00:00",
    "data_until": "2025-10-27T00:00:00+00:00",
    "typical_kw": 0.12,
    "elements": [
        {
            "local_date": "2025-10-26",
            "base_load_kw": 0.12,
            "base_load_kwh": 3.0,
            "base_load_share": 0.31,
            "observed_hours": 25,
            "expected_hours": 25,
        }
    ],
    "refusal": None,
}
AlwaysFuel = Annotated[Literal["elec", "gas"], Query(description="What is metered.")]


@router.get(
    "/v1/locations/{location_id}/baseload",
    response_model=BaseLoad,
    operation_id="baseload",
    summary="What a location draws all the time, a local day at a time",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def baseload(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: From, end: To,
    fuel: AlwaysFuel = "elec", direction: Used = "consumption",
) -> Response:  # fmt: skip
    span = periods(start, end, resolution="P1D", zone=home.zone)
    made = partial(_base_load, ask.lake, home, span, fuel, direction)
    return await ask.answer((_TABLE, *REACH_TABLES), made)


def _base_load(lake: Reader, home: Location, span: Periods, fuel: str, direction: str) -> Body:
    first, last = span.days
    rows: list[Any] = lake.rows(
        f"SELECT local_date, {', '.join(_COLUMNS)} FROM {_TABLE} "
        f"WHERE {home.series(fuel, direction)} "
        f"AND local_date BETWEEN {literal(first)} AND {literal(last)}"
    )
    by_day = {row["local_date"]: row for row in rows}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    known = [row["base_load_kw"] for row in rows if row["base_load_kw"] is not None]
    return {
        **of_series(lake, home, span, fuel=fuel, direction=direction),
        "typical_kw": median(known) if known else None,
        "elements": [_day(day, by_day.get(day, _ABSENT)) for day in days],
        "refusal": None if known else _nothing(rows),
    }


def _day(day: date, row: Row) -> Row:
    return {"local_date": day.isoformat(), **{column: row[column] for column in _COLUMNS}}


def _nothing(rows: list[Any]) -> Refusal:
    return refusal(
        "too_few_hours",
        "A base load needs a day of which three quarters of the hours were metered whole.",
        days_with_hours=len(rows),
        most_hours_a_day=max((row["observed_hours"] for row in rows), default=0),
        share_of_hours_needed=0.75,
    )

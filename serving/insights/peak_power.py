"""gold.peak_power_daily -> the highest mean power of a home and its instant, by day or month."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location
from serving.insights.series import OfSeries, of_series
from serving.parameters import Direction, From, Fuel, To
from serving.periods import Periods, periods

router = APIRouter(tags=["energy"])
_TABLE = "gold.peak_power_daily"
_MINUTES = {"PT6M": 6, "PT10M": 10, "PT15M": 15, "PT30M": 30, "PT1H": 60}
Window = Annotated[
    Literal["PT6M", "PT10M", "PT15M", "PT30M", "PT1H"],
    Query(description="How long the power is the mean of; a meter's own interval divides it."),
]
ByDay = Annotated[Literal["P1D", "P1W", "P1M", "P1Y"], Query(description="Length of a period.")]


class Peak(TypedDict):
    """One period, half-open; null where no window of it was metered whole.

    Of the days with a peak, `observed_intervals` counts the windows that were metered whole and
    `expected_intervals` all that they have.
    """

    starts_at: str
    ends_at: str
    peak_kw: float | None
    peak_at: str | None
    observed_intervals: int
    expected_intervals: int | None


class Peaks(OfSeries):
    """The peaks of a series (kW), each the mean of a window."""

    window: str
    unit: str
    elements: list[Peak]


EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "elec",
    "direction": "import",
    "resolution": "P1D",
    "window": "PT1H",
    "unit": "kW",
    "time_zone": "Europe/London",
    "from": "2025-10-26T00:00:00+01:00",
    "to": "2025-10-27T00:00:00+00:00",
    "data_until": "2025-10-27T00:00:00+00:00",
    "elements": [
        {
            "starts_at": "2025-10-26T00:00:00+01:00",
            "ends_at": "2025-10-27T00:00:00+00:00",
            "peak_kw": 3.2,
            "peak_at": "2025-10-26T17:00:00+00:00",
            "observed_intervals": 25,
            "expected_intervals": 25,
        }
    ],
}


@router.get(
    "/v1/locations/{location_id}/peak-power",
    response_model=Peaks,
    operation_id="peak_power",
    summary="Highest mean power of a location and its instant, one element a period",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def peak_power(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: From, end: To, resolution: ByDay = "P1D",
    window: Window = "PT1H", fuel: Fuel = "elec", direction: Direction = "import",
) -> Response:  # fmt: skip
    span = periods(start, end, resolution=resolution, zone=home.zone)
    made = partial(_peaks, ask.lake, home, span, window, fuel, direction)
    return await ask.answer((*REACH_TABLES, _TABLE), made)


def _peaks(
    lake: Reader, home: Location, span: Periods, window: str, fuel: str, direction: str
) -> Body:
    first, last = span.days
    rows = lake.rows(
        "SELECT local_date, peak_kw, peak_at, observed_intervals, expected_intervals "
        f"FROM {_TABLE} WHERE {home.series(fuel, direction)} "
        f"AND window_minutes = {_MINUTES[window]} "
        f"AND local_date BETWEEN {literal(first)} AND {literal(last)} ORDER BY local_date"
    )
    by_period = {
        n: list(found) for n, found in groupby(rows, lambda day: span.of_day(day["local_date"]))
    }
    return {
        **of_series(lake, home, span, fuel=fuel, direction=direction),
        "window": window,
        "unit": "kW",
        "elements": [_peak(by_period.get(n, ()), span, n, home) for n in range(len(span))],
    }


def _power(row: Row) -> float:
    kw = row["peak_kw"]
    assert isinstance(kw, float)
    return kw


def _peak(days: Sequence[Row], span: Periods, number: int, home: Location) -> Row:
    # Of equal peaks the first: the days come in order.
    highest = max(days, key=_power, default={})
    observed, expected = (
        sum(count for day in days if isinstance(count := day[f"{which}_intervals"], int))
        for which in ("observed", "expected")
    )
    return {
        "starts_at": span.local(number),
        "ends_at": span.local(number + 1),
        "peak_kw": highest.get("peak_kw"),
        "peak_at": home.instant(highest.get("peak_at")),
        "observed_intervals": observed,
        "expected_intervals": expected or None,
    }

"""gold.peak_power_daily -> the highest mean power of a home and its instant, by day or month.

Beside a month's own peak stand what the operator metered and the limit that holds
(silver.max_demand, silver.max_demand_limits).
"""

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
_DEMAND, _LIMITS, _METERS = "silver.max_demand", "silver.max_demand_limits", "silver.meters"
# Of meters that follow one another.
_LAST_METER = "m.supply_start NULLS FIRST, d.meter_id"
_MINUTES = {"PT6M": 6, "PT10M": 10, "PT15M": 15, "PT30M": 30, "PT1H": 60}
Window = Annotated[
    Literal["PT6M", "PT10M", "PT15M", "PT30M", "PT1H"],
    Query(description="How long the power is the mean of; a meter's own interval divides it."),
]
ByDay = Annotated[Literal["P1D", "P1W", "P1M", "P1Y"], Query(description="Length of a period.")]


class Bounds(TypedDict):
    """What the highest power of the month should stay in, in `unit` (kW or kVA)."""

    min: float
    target: float
    max: float
    unit: str


class Peak(TypedDict):
    """One period, half-open; null where no window of it was metered whole.

    Of the days with a peak, `observed_intervals` counts the windows that were metered whole and
    `expected_intervals` all that they have. `max_demand` is the maximum of the month as its
    operator metered it, in `max_demand_unit` (kW or kVA), `max_demand_limit` what it should stay
    in; null where none was sent, and of periods that are no months.
    """

    starts_at: str
    ends_at: str
    peak_kw: float | None
    peak_at: str | None
    observed_intervals: int
    expected_intervals: int | None
    max_demand: float | None
    max_demand_unit: str | None
    max_demand_limit: Bounds | None


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
            "max_demand": None,
            "max_demand_unit": None,
            "max_demand_limit": None,
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
    return await ask.answer((*REACH_TABLES, _TABLE, _DEMAND, _LIMITS, _METERS), made)


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
    told = _told(lake, home, span, fuel, direction) if span.resolution == "P1M" else {}
    return {
        **of_series(lake, home, span, fuel=fuel, direction=direction),
        "window": window,
        "unit": "kW",
        "elements": [
            _peak(by_period.get(n, ()), span, n, home) | told.get(n, _UNTOLD)
            for n in range(len(span))
        ],
    }


def _told(lake: Reader, home: Location, span: Periods, fuel: str, direction: str) -> dict[int, Row]:
    """Return what was metered by operators and the limit that holds, by the number of the month.

    Of a month with several main meters, as where one was exchanged, the highest maximum in the unit
    of the last one, and the limit of the last one that is supplied.
    """
    first, last = span.days
    of_meter = (
        f"JOIN {_METERS} m ON m.partner_id = d.partner_id AND m.meter_id = d.meter_id "
        f"WHERE d.partner_id = {literal(home.partner_id)} "
        f"AND d.location_id = {literal(home.location_id)} AND m.location_id = d.location_id "
        f"AND m.fuel = {literal(fuel)} AND m.direction = {literal(direction)} "
        "AND NOT m.is_sub_meter AND m.deleted_at IS NULL"
    )
    metered = lake.rows(
        f"SELECT d.month, d.demand AS max_demand, d.unit AS max_demand_unit FROM {_DEMAND} d "
        f"{of_meter} AND d.month BETWEEN {literal(first)} AND {literal(last)} "
        f"AND d.demand IS NOT NULL ORDER BY d.month, {_LAST_METER}"
    )
    limits = lake.rows(
        "SELECT CAST(d.valid_from AS VARCHAR) AS begins, CAST(d.valid_to AS VARCHAR) AS ends, "
        "d.min_demand, d.target_demand, d.max_demand, d.unit, "
        "CAST(m.supply_start AS VARCHAR) AS supplied, CAST(m.supply_end AS VARCHAR) AS supplied_to "
        f"FROM {_LIMITS} d {of_meter} AND d.valid_from <= {literal(last)} "
        f"ORDER BY {_LAST_METER}, d.valid_from"
    )
    found: dict[int, Row] = {
        n: {**_UNTOLD, "max_demand_limit": limit_of(limits, span.local(n)[:10])}
        for n in range(len(span))
    }
    for row in metered:
        keep_highest(found[span.of_day(row.pop("month"))], row)
    return found


def keep_highest(of_month: Row, metered: Row) -> None:
    """Keep the higher maximum of a month; kW and kVA are not compared, the later unit counts."""
    is_other = of_month["max_demand_unit"] != metered["max_demand_unit"]
    if is_other or _number(metered) > _number(of_month):
        of_month |= metered


def limit_of(limits: Sequence[Row], month: str) -> Row | None:
    """Return the limit of a month, by its first day: of the last meter that is supplied in it.

    Texts of days are in the days' order.
    """
    holds: Row | None = None
    for row in limits:
        is_supplied = str(row["supplied"] or "")[:7] <= month[:7] and (
            row["supplied_to"] is None or month <= str(row["supplied_to"])
        )
        begins, ends = str(row["begins"]), row["ends"]
        if is_supplied and begins <= month and (ends is None or month < str(ends)):
            bounds = {name: row[f"{name}_demand"] for name in ("min", "target", "max")}
            holds = {**bounds, "unit": row["unit"]}
    return holds


_UNTOLD: Row = {"max_demand": None, "max_demand_unit": None, "max_demand_limit": None}


def _number(row: Row) -> float:
    demand = row["max_demand"]
    assert isinstance(demand, float)
    return demand


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

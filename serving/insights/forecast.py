"""models.load_forecasts, load_outlooks -> what to expect of a home, with its bounds; or why not."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.contract import Table
from lake.reading import Reader
from lake.sql_values import Row, literal
from models.contracts import LOAD_FORECASTS, LOAD_OUTLOOKS, QUANTILES, quantile_column
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import HISTORY_TABLES, REACH_TABLES, Home, Location, data_until
from serving.parameters import Direction, Fuel
from serving.refusals import REFUSALS_TABLE, Refusal, newest_refusal, refusal

router = APIRouter(tags=["forecast"])
_TABLES = (LOAD_FORECASTS.name, LOAD_OUTLOOKS.name, REFUSALS_TABLE)
_HOURS, _PERIODS = (LOAD_FORECASTS, "forecast"), (LOAD_OUTLOOKS, "outlook")
# By resolution: the table, and the insight whose refusal is its.
_SOURCES = {"PT15M": _HOURS, "PT1H": _HOURS, "P1D": _PERIODS, "P1M": _PERIODS}
_NEVER = datetime.min.replace(tzinfo=UTC)
# Hours are there, of which no quarters are told.
_NO_QUARTERS = refusal(
    "no_quarter_hours",
    "Quarters of an hour are forecast where the meter told them on a week of the last four; the "
    "hours of this series are forecast.",
    resolution="PT1H",
)
_NOT_ISSUED = refusal("not_issued", "No forecast of this kind has been issued yet.")
_COLUMNS = [*map(quantile_column, QUANTILES), "mean_kwh"]
# BASES of the contract, as the document needs them.
Basis = Literal["own_history", "similar_homes", "profile"]


class Expected(TypedDict):
    """One interval; in x of 100 cases the energy stays below `pxx_kwh`.

    `mean_kwh` is the expected value: hours add up to days, and days to months, by their means.
    """

    starts_at: str
    ends_at: str
    p05_kwh: float
    p10_kwh: float
    p25_kwh: float
    p50_kwh: float
    p75_kwh: float
    p90_kwh: float
    p95_kwh: float
    mean_kwh: float | None


class Forecast(TypedDict):
    """The newest forecast issued until ``as_of``; either elements or a refusal.

    `data_until` is that of ``as_of`` too: how far the data reached that were known then.

    `basis` says what hours were told from: `own_history`, the home's own last weeks; before it has
    a week, `similar_homes`, at least ten homes alike, or `profile`, all homes of the country, both
    scaled to the home's first days or to what its profile says it uses. Empty for days and months.
    """

    location_id: str
    fuel: str
    direction: str
    resolution: str
    unit: str
    time_zone: str
    data_until: str | None
    issued_at: str | None
    model_version: str | None
    basis: Basis | None
    elements: list[Expected]
    refusal: Refusal | None


EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "elec",
    "direction": "consumption",
    "resolution": "PT1H",
    "unit": "kWh",
    "time_zone": "Europe/London",
    "data_until": "2025-10-27T00:00:00+00:00",
    "issued_at": "2025-10-27T06:00:00+00:00",
    "model_version": "load_forecasts/3",
    "basis": "own_history",
    "elements": [
        {
            "starts_at": "2025-10-27T06:00:00+00:00",
            "ends_at": "2025-10-27T07:00:00+00:00",
            **dict(zip(_COLUMNS, (0.1, 0.15, 0.22, 0.31, 0.45, 0.62, 0.8, 0.37), strict=True)),
        }
    ],
    "refusal": None,
}
AsOf = Annotated[
    str | None,
    Query(
        description="The forecast as it was known at this instant (with an offset), or at the end "
        "of this day in UTC.",
        examples=["2025-10-27T12:00:00Z"],
    ),
]


@router.get(
    "/v1/locations/{location_id}/forecast",
    response_model=Forecast,
    operation_id="forecast",
    summary="Expected energy with its bounds, or why there is none",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def forecast(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, resolution: Literal["PT15M", "PT1H", "P1D", "P1M"] = "PT1H",
    fuel: Fuel = "elec", direction: Direction = "consumption", as_of: AsOf = None,
) -> Response:  # fmt: skip
    then = ask.lake_as_of(as_of)
    made = partial(_forecast, ask.lake, then, home, resolution, fuel, direction)
    return await ask.answer((*_TABLES, *REACH_TABLES, *HISTORY_TABLES), made)


def _forecast(
    lake: Reader, then: Reader, home: Location, resolution: str, fuel: str, direction: str
) -> Body:
    as_of = then.at
    series = home.series(fuel, direction)
    if as_of is not None:
        series += f" AND issued_at <= {literal(as_of)} AND issued_date <= {literal(as_of.date())}"
    wanted = f"{series} AND resolution = {literal(resolution)}"
    table, insight = _SOURCES[resolution]
    issued = _newest(lake, table.name, wanted)
    hours_at = None
    if resolution == "PT15M":
        hours_at = _newest(lake, table.name, f"{series} AND resolution = 'PT1H'")
    refused_at, why_not = newest_refusal(lake, series, insight) or (None, _NOT_ISSUED)
    told_at: datetime | None
    rows: list[Row] = []
    if hours_at and hours_at > max(issued or _NEVER, refused_at or _NEVER):
        told_at, why_not = hours_at, _NO_QUARTERS
    elif issued and not (refused_at and refused_at > issued):
        told_at = issued
        rows = lake.rows(
            f"SELECT starts_at, ends_at, {', '.join(_told(table))} "
            f"FROM {table.name} WHERE {wanted} AND {_at(issued)} ORDER BY starts_at"
        )
    else:
        told_at = refused_at
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "direction": direction,
        "resolution": resolution,
        "unit": "kWh",
        "time_zone": home.time_zone,
        "data_until": data_until(then, home, fuel=fuel, direction=direction),
        "issued_at": home.instant(told_at),
        "model_version": rows[0]["model_version"] if rows else None,
        "basis": rows[0].get("basis") if rows else None,
        "elements": [_element(row, home) for row in rows],
        "refusal": None if rows else why_not,
    }


def _newest(lake: Reader, table: str, condition: str) -> datetime | None:
    newest = lake.rows(f"SELECT max(issued_at) AS at FROM {table} WHERE {condition}")[0]["at"]
    return newest if isinstance(newest, datetime) else None


def _at(issued: datetime) -> str:
    day = issued.astimezone(UTC).date()
    return f"issued_at = {literal(issued)} AND issued_date = {literal(day)}"


def _element(row: Row, home: Location) -> dict[str, object]:
    ends = {name: home.instant(row[name]) for name in ("starts_at", "ends_at")}
    return {**ends, **{column: row.get(column) for column in _COLUMNS}}


def _told(table: Table) -> list[str]:
    return [name for name in ("model_version", "basis", *_COLUMNS) if name in table]

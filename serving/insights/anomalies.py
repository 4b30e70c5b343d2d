"""models.anomalies -> what was unusual at a home, in words and numbers; or why nobody can tell."""

import json
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.parameters import AsOf, From, Fuel, To
from serving.periods import Periods, periods
from serving.refusals import REFUSALS_TABLE, Refusal, newest_refusal, refusal

router = APIRouter(tags=["anomalies"])
_TABLES = ("models.anomalies", REFUSALS_TABLE)
_INSIGHT = "anomalies"
_FIGURES = (
    "actual_kwh", "expected_kwh", "low_kwh", "high_kwh", "excess_kwh", "excess_cost", "currency",
)  # fmt: skip
_COLUMNS = (
    "direction", "kind", "local_date", "level", "side", "days", *_FIGURES, "description", "details",
    "issued_at",
)  # fmt: skip
_LEVELS = ("none", "low", "high")
_VERSION = "PARTITION BY direction, kind, local_date ORDER BY"


class Anomaly(TypedDict):
    """One day that was looked at, as told at one time; superseded where a later look differs."""

    direction: str
    kind: str
    local_date: str
    level: str
    side: str | None
    days: int
    actual_kwh: float | None
    expected_kwh: float | None
    low_kwh: float | None
    high_kwh: float | None
    excess_kwh: float | None
    excess_cost: float | None
    currency: str | None
    description: str
    details: dict[str, Any]
    issued_at: str
    superseded_at: str | None


Anomalies = TypedDict(
    "Anomalies",
    {
        "location_id": str,
        "fuel": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "judged_until": str | None,
        "level": str | None,
        "elements": list[Anomaly],
        "refusal": Refusal | None,
    },
)
EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "elec",
    "time_zone": "Europe/London",
    "from": "2025-10-01T00:00:00+01:00",
    "to": "2025-11-01T00:00:00+00:00",
    "data_until": "2025-11-01T00:00:00+00:00",
    "judged_until": "2025-10-31",
    "level": "low",
    "elements": [
        {
            "direction": "import",
            "kind": "daily",
            "local_date": "2025-10-26",
            "level": "low",
            "side": "above",
            "days": 1,
            "actual_kwh": 18.4,
            "expected_kwh": 11.2,
            "low_kwh": 9.1,
            "high_kwh": 13.2,
            "excess_kwh": 7.2,
            "excess_cost": 1.94,
            "currency": "GBP",
            "description": "Electricity (import) on 2025-10-26: 18.4 kWh, where 9.1 to 13.2 kWh "
            "were expected (64 % above the middle of 11.2 kWh).",
            "details": {"forecast_kwh": 10.9, "days_of_past": 56},
            "issued_at": "2025-10-27T14:15:00+00:00",
            "superseded_at": None,
        }
    ],
    "refusal": None,
}
Kind = Annotated[
    Literal["daily", "high_month", "flat", "spike", "night_use", "pv_underperforming"] | None,
    Query(description="Only of this kind."),
]
Level = Annotated[
    Literal["none", "low", "high"],
    Query(description="The least level; none: also the days that were as expected."),
]
Way = Annotated[
    Literal["import", "export", "consumption", "production"] | None,
    Query(description="Only of this direction."),
]
History = Annotated[bool, Query(description="Include versions that a later look superseded.")]


@router.get(
    "/v1/locations/{location_id}/anomalies",
    response_model=Anomalies,
    operation_id="anomalies",
    summary="Anomalies of a location, with what was expected",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def anomalies(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: From, end: To, fuel: Fuel = "elec", direction: Way = None,
    kind: Kind = None, level: Level = "low", history: History = False, as_of: AsOf = None,
) -> Response:  # fmt: skip
    span = periods(start, end, resolution="P1D", zone=home.zone)
    lake = ask.lake_as_of(as_of)
    chosen = {"direction": direction, "kind": kind}
    made = partial(_anomalies, lake, home, span, fuel, chosen, level, history)
    return await ask.answer((*_TABLES, *REACH_TABLES), made)


def _anomalies(
    lake: Reader, home: Location, span: Periods, fuel: str, chosen: Mapping[str, str | None],
    level: str, history: bool,
) -> Body:  # fmt: skip
    series = f"{home.where} AND fuel = {literal(fuel)}"
    picked = [f"{name} = {literal(value)}" for name, value in chosen.items() if value is not None]
    rows = _told(lake, " AND ".join([series, *picked]), span.days, history=history)
    least = _LEVELS.index(level)
    shown = [row for row in rows if _LEVELS.index(str(row["level"])) >= least or history]
    now = [str(row["level"]) for row in rows if row["superseded_at"] is None]
    until = _judged_until(lake, series)
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "time_zone": home.time_zone,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": data_until(lake, home, fuel=fuel, direction=chosen["direction"] or "import"),
        "judged_until": until,
        "level": max(now, key=_LEVELS.index, default=None),
        "elements": [_element(row, home) for row in shown],
        "refusal": None if rows else _why_not(lake, series, until),
    }


def _told(lake: Reader, where: str, days: tuple[date, date], *, history: bool) -> list[Row]:
    """Return what was told of each day, newest look last; without ``history`` that look alone."""
    first, last = days
    order = f"{_VERSION} known_at, issued_at"
    looks = (
        f"SELECT {', '.join(_COLUMNS)}, known_at, lead(issued_at) OVER ({order}) AS superseded_at "
        f"FROM {_TABLES[0]} WHERE {where} "
        f"AND local_month BETWEEN {literal(f'{first:%Y-%m}')} AND {literal(f'{last:%Y-%m}')} "
        f"AND local_date BETWEEN {literal(first)} AND {literal(last)}"
    )
    newest = "" if history else "WHERE superseded_at IS NULL "
    return lake.rows(
        f"SELECT * FROM ({looks}) {newest}ORDER BY local_date, direction, kind, known_at"
    )


def _judged_until(lake: Reader, series: str) -> str | None:
    rows = lake.rows(f"SELECT max(local_date) AS last FROM {_TABLES[0]} WHERE {series}")
    return None if rows[0]["last"] is None else str(rows[0]["last"])


def _why_not(lake: Reader, series: str, until: str | None) -> Refusal:
    """Return what is missing where no day of the span was judged."""
    if until is not None:
        return refusal("not_judged", "No day of this span was judged.", judged_until=until)
    if found := newest_refusal(lake, series, _INSIGHT):
        return found[1]
    return refusal("awaiting_first_run", "Nobody has looked for anomalies at this location yet.")


def _element(row: Row, home: Location) -> Row:
    shown = {name: row[name] for name in _COLUMNS}
    return shown | {
        "local_date": str(row["local_date"]),
        "details": json.loads(str(row["details"])),
        "issued_at": home.instant(row["issued_at"]),
        "superseded_at": home.instant(row["superseded_at"]),
    }

"""models.usage_estimates -> what a home is expected to use, told from its profile; or why not."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.parameters import Fuel
from serving.refusals import REFUSALS_TABLE, Refusal, newest_refusal, refusal

router = APIRouter(tags=["estimate"])
_TABLE = "models.usage_estimates"
_INSIGHT = "estimate"
_FIGURES = ("energy_kwh", "low_kwh", "high_kwh")


class Estimated(TypedDict):
    """The year, or one of its days; 8 of 10 homes like it are within the bounds of the year.

    The bounds of a day are its part of those of the year, not how one day differs from the next.
    """

    local_date: str
    energy_kwh: float
    low_kwh: float
    high_kwh: float


class Estimate(TypedDict):
    """The newest estimate; either elements or a refusal. Days add up to the year."""

    location_id: str
    fuel: str
    resolution: str
    unit: str
    time_zone: str
    data_until: str | None
    issued_at: str | None
    source: str | None
    model_version: str | None
    elements: list[Estimated]
    refusal: Refusal | None


EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "elec",
    "resolution": "P1Y",
    "unit": "kWh",
    "time_zone": "Europe/London",
    "data_until": None,
    "issued_at": "2025-10-27T06:00:00+00:00",
    "source": "model",
    "model_version": "usage_estimates/2",
    "elements": [
        {"local_date": "2025-01-01", "energy_kwh": 2904.0, "low_kwh": 1610.0, "high_kwh": 5120.0}
    ],
    "refusal": None,
}
Resolution = Annotated[
    Literal["P1Y", "P1D"],
    Query(description="A year of normal weather, or its days, of homes without a year of data."),
]


@router.get(
    "/v1/locations/{location_id}/estimate",
    response_model=Estimate,
    operation_id="estimate",
    summary="Consumption of a year or its days, estimated from the profile alone, with bounds",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def estimate(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, resolution: Resolution = "P1Y", fuel: Fuel = "elec"
) -> Response:
    made = partial(_estimate, ask.lake, home, resolution, fuel)
    return await ask.answer((_TABLE, REFUSALS_TABLE, *REACH_TABLES), made)


def _estimate(lake: Reader, home: Location, resolution: str, fuel: str) -> Body:
    series = f"{home.where} AND fuel = {literal(fuel)}"
    newest = lake.rows(f"SELECT max(issued_at) AS at FROM {_TABLE} WHERE {series}")[0]["at"]
    issued = newest if isinstance(newest, datetime) else None
    refused = newest_refusal(lake, series, _INSIGHT)
    rows: list[Row] = []
    if issued and not (refused and refused[0] > issued):
        rows = lake.rows(
            f"SELECT local_date, source, model_version, {', '.join(_FIGURES)} FROM {_TABLE} "
            f"WHERE {series} AND resolution = {literal(resolution)} "
            f"AND issued_at = {literal(issued)} "
            f"AND issued_date = {literal(issued.astimezone(UTC).date())} ORDER BY local_date"
        )
        refused = None
    first: Row = rows[0] if rows else {}
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "resolution": resolution,
        "unit": "kWh",
        "time_zone": home.time_zone,
        "data_until": data_until(lake, home, fuel=fuel, direction="consumption"),
        "issued_at": home.instant(refused[0] if refused else issued),
        "source": first.get("source"),
        "model_version": first.get("model_version"),
        "elements": [_element(row) for row in rows],
        "refusal": None if rows else (refused[1] if refused else _nothing(is_metered=bool(issued))),
    }


def _element(row: Row) -> dict[str, object]:
    day = row["local_date"]
    assert isinstance(day, date)
    return {"local_date": day.isoformat(), **{name: row[name] for name in _FIGURES}}


def _nothing(*, is_metered: bool) -> Refusal:
    if is_metered:
        return refusal(
            "metered", "This home has a year of readings: ask for its consumption or forecast."
        )
    return refusal("not_issued", "No estimate of this fuel has been issued yet.")

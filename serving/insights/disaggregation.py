"""models.disaggregation -> what a home's energy was used for, by day or month; or why not."""

from collections import defaultdict
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.parameters import From, To
from serving.periods import BadSpan, Periods, periods
from serving.refusals import REFUSALS_TABLE, Refusal, newest_refusal, refusal

router = APIRouter(tags=["disaggregation"])
_TABLES = ("models.disaggregation", REFUSALS_TABLE)
_INSIGHT = "disaggregation"
_LONGEST_DAYS = 366
_PART = ("category", "energy_kwh", "low_kwh", "high_kwh", "share", "accuracy")


class Part(TypedDict):
    """One category; in 80 of 100 cases the energy lies from `low_kwh` to `high_kwh`."""

    category: str
    energy_kwh: float
    low_kwh: float
    high_kwh: float
    share: float | None
    accuracy: str


class PartsOfPeriod(TypedDict):
    """One period; its categories add up to `energy_kwh`, what was used in the observed hours.

    Null and without categories where nothing is known. `source` is `pv_disagg` where use was
    estimated from import, export and the sun.
    """

    starts_at: str
    ends_at: str
    energy_kwh: float | None
    observed_hours: int
    expected_hours: int
    source: str | None
    categories: list[Part]


Disaggregation = TypedDict(
    "Disaggregation",
    {
        "location_id": str,
        "fuel": str,
        "direction": str,
        "resolution": str,
        "unit": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "issued_at": str | None,
        "model_version": str | None,
        "elements": list[PartsOfPeriod],
        "refusal": Refusal | None,
    },
)
EXAMPLE = {
    "location_id": "castle",
    "fuel": "elec",
    "direction": "consumption",
    "resolution": "P1M",
    "unit": "kWh",
    "time_zone": "Europe/Copenhagen",
    "from": "2025-10-01T00:00:00+02:00",
    "to": "2025-11-01T00:00:00+01:00",
    "data_until": "2025-11-02T00:00:00+01:00",
    "issued_at": "2025-11-02T13:00:00+01:00",
    "model_version": "disaggregation/1",
    "elements": [
        {
            "starts_at": "2025-10-01T00:00:00+02:00",
            "ends_at": "2025-11-01T00:00:00+01:00",
            "energy_kwh": 300.0,
            "observed_hours": 745,
            "expected_hours": 745,
            "source": "smart_meter",
            "categories": [
                {
                    "category": "always_on",
                    "energy_kwh": 75.0,
                    "low_kwh": 61.0,
                    "high_kwh": 92.0,
                    "share": 0.25,
                    "accuracy": "medium",
                },
                {
                    "category": "electric_vehicle",
                    "energy_kwh": 225.0,
                    "low_kwh": 203.0,
                    "high_kwh": 249.0,
                    "share": 0.75,
                    "accuracy": "high",
                },
            ],
        }
    ],
    "refusal": None,
}
PartedFuel = Annotated[Literal["elec", "gas"], Query(description="What is metered.")]
ByDay = Annotated[
    Literal["P1D", "P1M"],
    Query(description="Length of a period; days are kept for 92 days, months for 13 months."),
]


@router.get(
    "/v1/locations/{location_id}/disaggregation",
    response_model=Disaggregation,
    operation_id="disaggregation",
    summary="What energy was used for, by category with its bounds, or why that is not known",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def disaggregation(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: From, end: To,
    fuel: PartedFuel = "elec", resolution: ByDay = "P1M",
) -> Response:  # fmt: skip
    span = periods(start, end, resolution=resolution, zone=home.zone)
    if (span.days[1] - span.days[0]).days >= _LONGEST_DAYS + 31:
        raise BadSpan(f"parts can be asked for {_LONGEST_DAYS} days at most", cure="ask in parts")
    made = partial(_disaggregation, ask.lake, home, span, fuel)
    return await ask.answer((*_TABLES, *REACH_TABLES), made)


def _disaggregation(lake: Reader, home: Location, span: Periods, fuel: str) -> Body:
    first, last = span.days
    series = f"{home.where} AND fuel = {literal(fuel)}"
    rows = lake.rows(
        f"SELECT local_date, {', '.join(_PART)}, hours, source, issued_at, model_version "
        f"FROM {_TABLES[0]} WHERE {series} AND resolution = {literal(span.resolution)} "
        f"AND local_date BETWEEN {literal(first)} AND {literal(last)} "
        "ORDER BY local_date, energy_kwh DESC, category"
    )
    by_period: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_period[span.of_day(row["local_date"])].append(row)
    reaches = (data_until(lake, home, fuel=fuel, direction=d) for d in ("consumption", "import"))
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "direction": "consumption",
        "resolution": span.resolution,
        "unit": "kWh",
        "time_zone": home.time_zone,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": next((reach for reach in reaches if reach), None),
        "issued_at": home.instant(rows[0]["issued_at"]) if rows else None,
        "model_version": rows[0]["model_version"] if rows else None,
        "elements": [_element(by_period[n], span, n) for n in range(len(span))] if rows else [],
        "refusal": None if rows else _refusal(lake, home, series, span.resolution),
    }


def _element(rows: list[Any], span: Periods, number: int) -> dict[str, object]:
    return {
        "starts_at": span.local(number),
        "ends_at": span.local(number + 1),
        "energy_kwh": sum(row["energy_kwh"] for row in rows) if rows else None,
        "observed_hours": rows[0]["hours"] if rows else 0,
        "expected_hours": round((span.edges[number + 1] - span.edges[number]) / 3600),
        "source": rows[0]["source"] if rows else None,
        "categories": [{name: row[name] for name in _PART} for row in rows],
    }


def _refusal(lake: Reader, home: Location, series: str, resolution: str) -> Refusal:
    kept: list[Any] = lake.rows(
        f"SELECT min(local_date) AS first, max(local_date) AS last FROM {_TABLES[0]} "
        f"WHERE {series} AND resolution = {literal(resolution)}"
    )
    if kept[0]["first"]:
        first, last = (kept[0][end].isoformat() for end in ("first", "last"))
        return refusal(
            "not_kept",
            "Nothing is kept of this span.",
            first_local_date=first,
            last_local_date=last,
        )
    if found := newest_refusal(lake, series, _INSIGHT):
        return found[1]
    return refusal("not_issued", "The parts of this energy have not been inferred yet.")

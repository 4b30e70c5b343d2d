"""gold.portfolio_monthly -> the trend of a partner's homes by segment, a month at a time."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from gold.contracts import LARGEST_SHARE, SMALLEST_GROUP
from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, reaches
from serving.months import EndMonth, FirstMonth, months_between
from serving.parameters import Direction, Fuel
from serving.partners import Partner

router = APIRouter(tags=["portfolio"])
_TABLES = ("gold.portfolio_monthly", *REACH_TABLES)
_FIGURES = (
    "homes", "energy_kwh", "mean_kwh", "p25_kwh", "p50_kwh", "p75_kwh", "completeness",
    "cost", "currency", "co2_kg", "change_share",
)  # fmt: skip
_NOTHING: Row = dict.fromkeys(_FIGURES, None) | {"is_withheld": False, "withheld_because": None}


class PortfolioElement(TypedDict):
    """One segment in one month; null where there is no data, or where they are withheld."""

    segment: str
    local_month: str
    is_withheld: bool
    withheld_because: str | None
    homes: int | None
    energy_kwh: float | None
    mean_kwh: float | None
    p25_kwh: float | None
    p50_kwh: float | None
    p75_kwh: float | None
    completeness: float | None
    cost: float | None
    currency: str | None
    co2_kg: float | None
    change_share: float | None


Trends = TypedDict(
    "Trends",
    {
        "partner_id": str,
        "segment_kind": str,
        "fuel": str,
        "direction": str,
        "unit": str,
        "smallest_group": int,
        "largest_share": float,
        "from": str,
        "to": str,
        "data_until": str | None,
        "elements": list[PortfolioElement],
    },
)
EXAMPLE = {
    "partner_id": "northgrid",
    "segment_kind": "house_type",
    "fuel": "elec",
    "direction": "consumption",
    "unit": "kWh",
    "smallest_group": SMALLEST_GROUP,
    "largest_share": LARGEST_SHARE,
    "from": "2025-10",
    "to": "2025-11",
    "data_until": "2025-10-31T23:00:00+00:00",
    "elements": [
        {
            "segment": "house_detached",
            "local_month": "2025-10",
            "is_withheld": False,
            "withheld_because": None,
            "homes": 212,
            "energy_kwh": 98421.4,
            "mean_kwh": 464.25,
            "p25_kwh": 301.8,
            "p50_kwh": 428.9,
            "p75_kwh": 590.2,
            "completeness": 0.998,
            "cost": 9120.6,
            "currency": "EUR",
            "co2_kg": None,
            "change_share": -0.043,
        }
    ],
}
Kind = Annotated[
    Literal["all", "country", "price_zone", "house_type", "heating_type_primary", "living_area"],
    Query(description="By what the homes are divided."),
]


@router.get(
    "/v1/portfolio/trends",
    response_model=Trends,
    operation_id="portfolio_trends",
    summary="Your homes together, by segment and month; groups too small are withheld",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def trends(  # noqa: D103 - the summary says it
    ask: Ask, partner_id: Partner, start: FirstMonth, end: EndMonth, segment_kind: Kind = "all",
    fuel: Fuel = "elec", direction: Direction = "consumption",
) -> Response:  # fmt: skip
    months = months_between(start, end)
    made = partial(_trends, ask.lake, partner_id, months, end, segment_kind, fuel, direction)
    return await ask.answer(_TABLES, made)


def _trends(
    lake: Reader, partner_id: str, months: list[str], end: str, kind: str, fuel: str, direction: str
) -> Body:
    series = (
        f"partner_id = {literal(partner_id)} AND fuel = {literal(fuel)} "
        f"AND direction = {literal(direction)}"
    )
    rows = lake.rows(
        f"SELECT segment, local_month, is_withheld, withheld_because, {', '.join(_FIGURES)} "
        f"FROM gold.portfolio_monthly WHERE {series} AND segment_kind = {literal(kind)} "
        f"AND local_month BETWEEN {literal(months[0])} AND {literal(months[-1])} ORDER BY segment"
    )
    return {
        "partner_id": partner_id,
        "segment_kind": kind,
        "fuel": fuel,
        "direction": direction,
        "unit": "kWh",
        "smallest_group": SMALLEST_GROUP,
        "largest_share": LARGEST_SHARE,
        "from": months[0],
        "to": end,
        "data_until": _data_until(lake, series),
        "elements": _elements(rows, months),
    }


def _elements(rows: list[Row], months: list[str]) -> list[Row]:
    """Return an element a segment and month, also where a segment has no home in a month."""
    found: list[Row] = []
    for segment, of_segment in groupby(rows, lambda row: row["segment"]):
        by_month = {row["local_month"]: row for row in of_segment}
        found += [
            {"segment": segment, "local_month": month, **_NOTHING, **by_month.get(month, {})}
            for month in months
        ]
    return found


def _data_until(lake: Reader, series: str) -> str | None:
    """Return how far the data reach of the homes that have the newest days, else months."""
    (row,) = lake.rows(f"SELECT max(local_date) AS last FROM gold.energy_daily WHERE {series}")
    if not isinstance(row["last"], date):
        ends = [one["data_until"] for one in reaches(lake, series)]
        return max(
            (end.astimezone(UTC).isoformat() for end in ends if isinstance(end, datetime)),
            default=None,
        )
    # Days of all time zones that end after the newest one begins.
    since = literal(row["last"] - timedelta(days=2))
    ends = [one["data_until"] for one in reaches(lake, f"{series} AND local_date >= {since}")]
    reach = max(end for end in ends if isinstance(end, datetime))
    return reach.astimezone(UTC).isoformat()

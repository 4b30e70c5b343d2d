"""models.forecast_scores_daily -> how true the forecasts of a partner's homes were, day by day."""

import re
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.parameters import Direction, Fuel
from serving.partners import Partner
from serving.periods import BadSpan

router = APIRouter(tags=["portfolio"])
_TABLE = "models.forecast_scores_daily"
_COLUMNS = (
    "model_version", "homes", "hours", "mae_kwh", "naive_mae_kwh", "pinball_kwh", "coverage",
    "hours_14d", "coverage_14d", "coverage_worst_tenth_14d", "mae_over_naive_14d", "drift",
)  # fmt: skip
_DAY = re.compile(r"(19[789]\d|20\d\d|21\d\d)-\d\d-\d\d")
_MOST_DAYS = 732


class QualityDay(TypedDict):
    """One model version on one local day; shares of hours, errors a kWh of an hour."""

    local_date: str
    model_version: str
    homes: int
    hours: int
    mae_kwh: float | None
    naive_mae_kwh: float | None
    pinball_kwh: float | None
    coverage: float | None
    hours_14d: int
    coverage_14d: float | None
    coverage_worst_tenth_14d: float | None
    mae_over_naive_14d: float | None
    drift: str


Quality = TypedDict(
    "Quality",
    {
        "partner_id": str,
        "fuel": str,
        "direction": str,
        "lead": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "elements": list[QualityDay],
    },
)
EXAMPLE = {
    "partner_id": "northgrid",
    "fuel": "elec",
    "direction": "import",
    "lead": "day_ahead",
    "from": "2025-10-26",
    "to": "2025-10-27",
    "data_until": "2025-10-26",
    "elements": [
        {
            "local_date": "2025-10-26",
            "model_version": "load_forecasts/3",
            "homes": 212,
            "hours": 5088,
            "mae_kwh": 0.121,
            "naive_mae_kwh": 0.174,
            "pinball_kwh": 0.039,
            "coverage": 0.79,
            "hours_14d": 71232,
            "coverage_14d": 0.795,
            "coverage_worst_tenth_14d": 0.71,
            "mae_over_naive_14d": 0.69,
            "drift": "none",
        }
    ],
}
Lead = Annotated[
    Literal["day_ahead", "days_3_to_7", "days_8_to_13"],
    Query(description="How long before the day it was forecast."),
]
Start = Annotated[str, Query(alias="from", description="First local day.", examples=["2025-10-26"])]
End = Annotated[
    str, Query(alias="to", description="Local day at which the span ends; it is excluded.",
               examples=["2025-10-27"]),
]  # fmt: skip


@router.get(
    "/v1/portfolio/forecast-quality",
    response_model=Quality,
    operation_id="portfolio_forecast_quality",
    summary="How true the forecasts of your homes were: error, coverage and drift by day",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def forecast_quality(  # noqa: D103 - the summary says it
    ask: Ask, partner_id: Partner, start: Start, end: End, fuel: Fuel = "elec",
    direction: Direction = "import", lead: Lead = "day_ahead",
) -> Response:  # fmt: skip
    span = _span(start, end)
    made = partial(_quality, ask.lake, partner_id, span, fuel, direction, lead)
    return await ask.answer((_TABLE,), made)


def _span(start: str, end: str) -> tuple[date, date]:
    """Return the first day and the one at which the span ends; BadSpan."""
    first, last = (_day(text, name) for text, name in ((start, "from"), (end, "to")))
    if last <= first:
        raise BadSpan("the span is empty: to is not after from", cure="to is excluded")
    if last - first > timedelta(days=_MOST_DAYS):
        raise BadSpan(f"{_MOST_DAYS} days can be asked for at most", cure="ask in parts")
    return first, last


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(_DAY.fullmatch(text)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        raise BadSpan(f"{name} is not a day: {text[:40]}", cure="write 2025-10-26") from None


def _quality(
    lake: Reader, partner_id: str, span: tuple[date, date], fuel: str, direction: str, lead: str
) -> Body:
    series = (
        f"partner_id = {literal(partner_id)} AND fuel = {literal(fuel)} "
        f"AND direction = {literal(direction)} AND lead = {literal(lead)}"
    )
    rows = lake.rows(
        f"SELECT local_date, {', '.join(_COLUMNS)} FROM {_TABLE} WHERE {series} "
        f"AND local_date >= {literal(span[0])} AND local_date < {literal(span[1])} "
        "ORDER BY local_date, model_version"
    )
    return {
        "partner_id": partner_id,
        "fuel": fuel,
        "direction": direction,
        "lead": lead,
        "from": str(span[0]),
        "to": str(span[1]),
        "data_until": _until(lake, series),
        "elements": [row | {"local_date": str(row["local_date"])} for row in rows],
    }


def _until(lake: Reader, series: str) -> str | None:
    (row,) = lake.rows(f"SELECT max(local_date) AS last FROM {_TABLE} WHERE {series}")
    return None if row["last"] is None else str(row["last"])

"""gold.validation_daily -> which rules a partner's data broke each day, and how often."""

from functools import partial
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.parameters import From, To
from serving.partners import FRESHNESS, Partner, data_until
from serving.periods import Periods, periods

router = APIRouter(tags=["portfolio"])
_TABLES = ("gold.validation_daily", FRESHNESS)
UTC = ZoneInfo("UTC")


class Broken(TypedDict):
    """How many lines or values of one day (UTC) of receipt broke one rule."""

    received_date: str
    table_name: str
    source: str
    stage: str
    rule: str
    severity: str
    broken_rows: int


Validation = TypedDict(
    "Validation",
    {
        "partner_id": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "broken": list[Broken],
    },
)
EXAMPLE = {
    "partner_id": "northgrid",
    "from": "2025-10-26T00:00:00+00:00",
    "to": "2025-10-27T00:00:00+00:00",
    "data_until": "2025-10-26T06:02:11+00:00",
    "broken": [
        {
            "received_date": "2025-10-26",
            "table_name": "silver.meter_readings",
            "source": "landing",
            "stage": "quarantined",
            "rule": "negative",
            "severity": "error",
            "broken_rows": 3,
        }
    ],
}


@router.get(
    "/v1/portfolio/validation",
    response_model=Validation,
    operation_id="portfolio_validation",
    summary="Which rules your data broke each day, and how often",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def validation(  # noqa: D103 - the summary says it
    ask: Ask, partner_id: Partner, start: From, end: To
) -> Response:
    span = periods(start, end, resolution="P1D", zone=UTC)
    return await ask.answer(_TABLES, partial(_validation, ask.lake, partner_id, span))


def _validation(lake: Reader, partner_id: str, span: Periods) -> Body:
    first, last = span.days
    mine = f"partner_id = {literal(partner_id)}"
    rows = lake.rows(
        f"SELECT received_date, table_name, source, stage, rule, severity, broken_rows "
        f"FROM gold.validation_daily WHERE {mine} "
        f"AND received_date BETWEEN {literal(first)} AND {literal(last)} "
        "ORDER BY received_date, table_name, source, stage, rule"
    )
    return {
        "partner_id": partner_id,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": data_until(lake, partner_id),
        "broken": [row | {"received_date": str(row["received_date"])} for row in rows],
    }

"""quality.results -> what the quality gates found, of all partners together."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.quality.findings import latest
from lake.reading import Reader
from lake.sql_values import Row, records
from serving.answers import Ask, Body
from serving.documented import answers
from serving.partners import Operator

router = APIRouter(tags=["data quality"])
_TABLES = ("quality.results",)


class CheckedRule(TypedDict):
    """The newest outcome of one rule; ``column_name`` - is a rule about whole rows."""

    table_name: str
    rule: str
    column_name: str
    severity: str
    outcome: str
    rows_failed: int | None
    rows_checked: int
    table_version: int
    checked_at: str


class CheckedDay(TypedDict):
    """Rows of one table that broke rules on one day of checks; one that breaks two counts twice."""

    checked_date: str
    table_name: str
    rows_failed: int
    rows_checked: int


class Checks(TypedDict):
    """What the gates found; ``data_until`` is the clock of the newest run."""

    data_until: str | None
    latest: list[CheckedRule]
    days: list[CheckedDay]


EXAMPLE = {
    "data_until": "2025-10-26T12:00:00+00:00",
    "latest": [
        {
            "table_name": "gold.energy_daily",
            "rule": "peak_within_period",
            "column_name": "-",
            "severity": "warning",
            "outcome": "failed",
            "rows_failed": 2,
            "rows_checked": 1240,
            "table_version": 17,
            "checked_at": "2025-10-26T12:00:00+00:00",
        }
    ],
    "days": [
        {
            "checked_date": "2025-10-26",
            "table_name": "gold.energy_daily",
            "rows_failed": 2,
            "rows_checked": 1240,
        }
    ],
}
Days = Annotated[int, Query(ge=1, le=366, description="Days up to the newest check.")]


@router.get(
    "/v1/quality/checks",
    response_model=Checks,
    operation_id="quality_checks",
    summary="What the quality gates found; for tokens of all partners",
    responses=answers(EXAMPLE, 304, 422),
)
async def checks(  # noqa: D103 - the summary says it
    ask: Ask, _operator: Operator, days: Days = 28
) -> Response:
    return await ask.answer(_TABLES, partial(_checks, ask.lake, days))


def _checks(lake: Reader, days: int) -> Body:
    found = [_said(row) for row in records(latest(lake))]
    return {
        "data_until": max((str(row["checked_at"]) for row in found), default=None),
        "latest": found,
        "days": [row | {"checked_date": str(row["checked_date"])} for row in _days(lake, days)],
    }


def _days(lake: Reader, days: int) -> list[Row]:
    """Return what failed by day; rows are looked at until they hold: the most counts."""
    last = "(SELECT max(checked_date) FROM quality.results)"
    of_rule = (
        "SELECT checked_date, table_name, max(coalesce(rows_failed, 0)) AS failed, "
        "max(rows_checked) AS checked FROM quality.results "
        f"WHERE checked_date > {last} - INTERVAL '{days}' DAY "
        "GROUP BY checked_date, table_name, rule, column_name"
    )
    return lake.rows(
        "SELECT checked_date, table_name, CAST(sum(failed) AS BIGINT) AS rows_failed, "
        f"max(checked) AS rows_checked FROM ({of_rule}) "
        "GROUP BY checked_date, table_name ORDER BY checked_date, table_name"
    )


def _said(row: Row) -> Row:
    return {n: v.isoformat() if isinstance(v, datetime) else v for n, v in row.items()}

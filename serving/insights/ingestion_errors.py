"""silver.ingestion_errors_daily -> what of a partner's data was refused, and what came of it."""

from datetime import datetime
from functools import lru_cache, partial
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
_TABLES = ("silver.ingestion_errors_daily", FRESHNESS)
_COUNTS = ("refused", "waiting", "released", "mended", "dropped", "replayed")
UTC = ZoneInfo("UTC")


class RefusedRows(TypedDict):
    """Lines or values of one day (UTC) of receipt that were refused for one reason."""

    received_date: str
    table_name: str
    source: str
    reason: str
    refused: int
    waiting: int
    released: int
    mended: int
    dropped: int
    replayed: int
    oldest_waiting_at: str | None


IngestionErrors = TypedDict(
    "IngestionErrors",
    {
        "partner_id": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "errors": list[RefusedRows],
    },
)
EXAMPLE = {
    "partner_id": "northgrid",
    "from": "2025-10-26T00:00:00+00:00",
    "to": "2025-10-27T00:00:00+00:00",
    "data_until": "2025-10-26T06:02:11+00:00",
    "errors": [
        {
            "received_date": "2025-10-26",
            "table_name": "silver.meter_readings",
            "source": "landing",
            "reason": "more_than_the_fuse",
            "refused": 4,
            "waiting": 1,
            "released": 2,
            "mended": 1,
            "dropped": 0,
            "replayed": 0,
            "oldest_waiting_at": "2025-10-26T06:02:11+00:00",
        }
    ],
}


@router.get(
    "/v1/portfolio/ingestion-errors",
    response_model=IngestionErrors,
    operation_id="portfolio_ingestion_errors",
    summary="What of your data was refused each day, and what became of it",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def ingestion_errors(  # noqa: D103 - the summary says it
    ask: Ask, partner_id: Partner, start: From, end: To
) -> Response:
    span = periods(start, end, resolution="P1D", zone=UTC)
    return await ask.answer(_TABLES, partial(_errors, ask.lake, partner_id, span))


def metrics(lake: Reader) -> str:
    """Return counts by table and reason in Prometheus' text format, of all partners together.

    Whoever can reach /metrics may read it, so it names no partner. What a parser says of a line
    quotes it (a meter, a value, a file), so of bronze there is one reason: it was unreadable.
    """
    return _told(lake, lake.state(_TABLES[0]))


@lru_cache(maxsize=1)
def _told(lake: Reader, state: str) -> str:
    del state  # of the table: whoever scrapes again and again has it read once
    counted = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in _COUNTS[1:])
    named = "CASE WHEN table_name LIKE 'bronze.%' THEN 'unreadable' ELSE reason END"
    rows = lake.rows(
        f"SELECT table_name, {named} AS reason, {counted} FROM {_TABLES[0]} GROUP BY 1, 2 "
        "ORDER BY 1, 2"
    )
    lines = ["# TYPE eliq_ingestion_errors gauge"]
    for row in rows:
        of = f'table="{row["table_name"]}",reason="{_escaped(str(row["reason"]))}"'
        lines += [f'eliq_ingestion_errors{{{of},state="{s}"}} {row[s]}' for s in _COUNTS[1:]]
    return "\n".join(lines) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _errors(lake: Reader, partner_id: str, span: Periods) -> Body:
    first, last = span.days
    mine = f"partner_id = {literal(partner_id)}"
    rows = lake.rows(
        f"SELECT received_date, table_name, source, reason, {', '.join(_COUNTS)}, "
        f"oldest_waiting_at FROM {_TABLES[0]} WHERE {mine} "
        f"AND received_date BETWEEN {literal(first)} AND {literal(last)} "
        "ORDER BY received_date, table_name, source, reason"
    )
    return {
        "partner_id": partner_id,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": data_until(lake, partner_id),
        "errors": [
            row
            | {
                "received_date": str(row["received_date"]),
                "oldest_waiting_at": _said(row["oldest_waiting_at"]),
            }
            for row in rows
        ],
    }


def _said(instant: object) -> str | None:
    return instant.isoformat() if isinstance(instant, datetime) else None

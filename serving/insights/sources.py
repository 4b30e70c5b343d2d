"""gold.source_health_daily, source_freshness, drift -> what sources send, how late, and how."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal, records
from serving.answers import Ask, Body
from serving.documented import answers
from serving.drift import drift
from serving.parameters import From, To
from serving.partners import Partner
from serving.periods import Periods, periods

router = APIRouter(tags=["portfolio"])
_DAYS, _NOW, _DRIFT = _TABLES = (
    "gold.source_health_daily", "gold.source_freshness", "silver.field_drift_daily",
)  # fmt: skip
_MOST_DRIFTS = 500
_OF_DRIFT = ("schema_version", "field_name", "drift", "is_breaking", "lines", "reason")
_COUNTS = (
    "lines", "readings", "entities", "rejected", "quarantined", "estimated_share",
    "median_delay_h", "expected_readings", "volume_z", "volume",
)  # fmt: skip
_STATE = ("freshness", "silent_h", "usual_gap_h")
UTC = ZoneInfo("UTC")


class SourceDay(TypedDict):
    """One day (UTC) of receipt; null where nothing arrived."""

    received_date: str
    lines: int | None
    readings: int | None
    entities: int | None
    rejected: int | None
    quarantined: int | None
    estimated_share: float | None
    median_delay_h: float | None
    expected_readings: float | None
    volume_z: float | None
    volume: str | None


class FieldDrift(TypedDict):
    """A field that came otherwise than agreed; where it is breaking, its lines were not taken."""

    received_date: str
    schema_version: str
    field_name: str
    drift: str
    is_breaking: bool
    lines: int
    reason: str | None


class PartnerSource(TypedDict):
    """What came for one table by one way, and whether it is late as of ``looked_at``."""

    table_name: str
    source: str
    last_received_at: str | None
    looked_at: str | None
    freshness: str | None
    silent_h: float | None
    usual_gap_h: float | None
    days: list[SourceDay]
    drift: list[FieldDrift]


Sources = TypedDict(
    "Sources",
    {
        "partner_id": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "sources": list[PartnerSource],
    },
)
EXAMPLE = {
    "partner_id": "northgrid",
    "from": "2025-10-26T00:00:00+00:00",
    "to": "2025-10-27T00:00:00+00:00",
    "data_until": "2025-10-26T06:02:11+00:00",
    "sources": [
        {
            "table_name": "bronze.meter_readings",
            "source": "landing",
            "last_received_at": "2025-10-26T06:02:11+00:00",
            "looked_at": "2025-10-26T12:00:00+00:00",
            "freshness": "fresh",
            "silent_h": 5.96,
            "usual_gap_h": 24.0,
            "days": [
                {
                    "received_date": "2025-10-26",
                    "lines": 212,
                    "readings": 20352,
                    "entities": 212,
                    "rejected": 0,
                    "quarantined": 3,
                    "estimated_share": 0.01,
                    "median_delay_h": 8.0,
                    "expected_readings": 20352.0,
                    "volume_z": 0.0,
                    "volume": "usual",
                }
            ],
            "drift": [
                {
                    "received_date": "2025-10-26",
                    "schema_version": "2",
                    "field_name": "values",
                    "drift": "retyped",
                    "is_breaking": True,
                    "lines": 4,
                    "reason": "values is not a list: text",
                }
            ],
        }
    ],
}


@router.get(
    "/v1/portfolio/sources",
    response_model=Sources,
    operation_id="portfolio_sources",
    summary="What arrived from you each day, whether that is usual, and what is late",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def sources(  # noqa: D103 - the summary says it
    ask: Ask, partner_id: Partner, start: From, end: To
) -> Response:
    span = periods(start, end, resolution="P1D", zone=UTC)
    return await ask.answer(_TABLES, partial(_sources, ask.lake, partner_id, span))


def _sources(lake: Reader, partner_id: str, span: Periods) -> Body:
    found = list(_each(lake, partner_id, span))
    reaches = [one["last_received_at"] for one in found if one["last_received_at"]]
    return {
        "partner_id": partner_id,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": max(map(str, reaches), default=None),
        "sources": found,
    }


def _each(lake: Reader, partner_id: str, span: Periods) -> Iterator[Row]:
    first, last = span.days
    mine = f"partner_id = {literal(partner_id)}"
    rows = lake.rows(
        f"SELECT table_name, source, received_date, {', '.join(_COUNTS)} FROM {_DAYS} WHERE {mine} "
        f"AND received_date BETWEEN {literal(first)} AND {literal(last)} "
        "ORDER BY table_name, source"
    )
    states = lake.rows(
        f"SELECT table_name, source, last_received_at, issued_at, {', '.join(_STATE)} FROM {_NOW} "
        f"WHERE {mine} AND issued_at = (SELECT max(issued_at) FROM {_NOW} WHERE {mine})"
    )
    drifted: dict[tuple[str, str], list[Row]] = {}
    told = drift(lake, partner=partner_id, since=first, until=last, most=_MOST_DRIFTS)
    for row in records(told):
        drifted.setdefault(_key(row), []).append(row)
    newest = {_key(row): row for row in states}
    of_day = {key: list(of) for key, of in groupby(rows, _key)}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for table, source in sorted(newest.keys() | of_day.keys() | drifted.keys()):
        state = newest.get((table, source), {})
        by_day = {row["received_date"]: row for row in of_day.get((table, source), [])}
        yield {
            "table_name": table,
            "source": source,
            "last_received_at": _said(state.get("last_received_at")),
            "looked_at": _said(state.get("issued_at")),
            **{name: state.get(name) for name in _STATE},
            "days": [_day(day, by_day.get(day, {})) for day in days],
            "drift": [_drift(row) for row in drifted.get((table, source), [])],
        }


def _key(row: Row) -> tuple[str, str]:
    return str(row["table_name"]), str(row["source"])


def _day(day: date, row: Row) -> Row:
    return {"received_date": day.isoformat(), **{name: row.get(name) for name in _COUNTS}}


def _drift(row: Row) -> Row:
    return {"received_date": str(row["received_date"]), **{name: row[name] for name in _OF_DRIFT}}


def _said(at: object) -> str | None:
    return at.isoformat() if isinstance(at, datetime) else None

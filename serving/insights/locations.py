"""silver.locations -> the caller's homes a page at a time, and which series each has."""

import json
from collections import defaultdict
from datetime import datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.cursors import Cursor, closed, key_of
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, reaches

router = APIRouter(tags=["locations"])
_TABLES = ("silver.locations", "silver.home_profiles", *REACH_TABLES)
_SIMULATED = "sim-"


class SeriesSpan(TypedDict):
    """A fuel and direction, and the span of its data: until the end of the newest reading."""

    fuel: str
    direction: str
    data_from: str
    data_until: str


class LocationItem(TypedDict):
    """A home without anything personal; ``is_simulated`` homes never existed."""

    location_id: str
    partner_id: str
    country_code: str | None
    time_zone: str
    price_zone: str | None
    is_simulated: bool
    data_source: str | None
    data_until: str | None
    series: list[SeriesSpan]


class Locations(TypedDict):
    """A page of homes by partner and id; ``next_cursor`` is null on the last."""

    data_until: str | None
    items: list[LocationItem]
    next_cursor: str | None


EXAMPLE_ITEM = {
    "location_id": "ideal-105",
    "partner_id": "ideal",
    "country_code": "GB",
    "time_zone": "Europe/London",
    "price_zone": "GB",
    "is_simulated": False,
    "data_source": None,
    "data_until": "2025-10-27T00:00:00+00:00",
    "series": [
        {
            "fuel": "elec",
            "direction": "import",
            "data_from": "2024-11-23T00:00:00+00:00",
            "data_until": "2025-10-27T00:00:00+00:00",
        }
    ],
}
EXAMPLE = {
    "data_until": "2025-10-27T00:00:00+00:00",
    "items": [EXAMPLE_ITEM],
    "next_cursor": None,
}
Limit = Annotated[int, Query(ge=1, le=200, description="Homes a page.")]
Search = Annotated[str, Query(max_length=100, description="Part of the id, in any case.")]


@router.get(
    "/v1/locations",
    response_model=Locations,
    operation_id="locations",
    summary="Your locations, a page at a time",
    responses=answers(EXAMPLE, 304, 422),
)
async def locations(  # noqa: D103 - the summary says it
    ask: Ask, limit: Limit = 50, search: Search = "", cursor: Cursor = ""
) -> Response:
    partner, after = ask.who.partner_id, _opened(cursor)
    return await ask.answer(_TABLES, partial(_page, ask.lake, partner, search, after, limit))


@router.get(
    "/v1/locations/{location_id}",
    response_model=LocationItem,
    operation_id="location",
    summary="One location and its series",
    responses=answers(EXAMPLE_ITEM, 304, 404, 422),
)
async def location(ask: Ask, home: Home) -> Response:  # noqa: D103 - the summary says it
    return await ask.answer(_TABLES, lambda: _items(ask.lake, home.where)[0])


def _page(
    lake: Reader, partner: str | None, search: str, after: tuple[str, str] | None, limit: int
) -> Body:
    conditions = ["deleted_at IS NULL"]
    if partner is not None:
        conditions.append(f"partner_id = {literal(partner)}")
    if search:
        conditions.append(f"strpos(lower(location_id), lower({literal(search)})) > 0")
    if after:
        p, i = map(literal, after)
        conditions.append(f"(partner_id > {p} OR (partner_id = {p} AND location_id > {i}))")
    items = _items(lake, " AND ".join(conditions), limit=limit + 1)
    shown = items[:limit]
    ends = [str(item["data_until"]) for item in shown if item["data_until"]]
    return {
        "data_until": max(ends, key=datetime.fromisoformat, default=None),
        "items": shown,
        "next_cursor": _closed(shown[-1]) if len(items) > limit else None,
    }


def _items(lake: Reader, condition: str, *, limit: int = 1) -> list[Row]:
    rows = lake.rows(
        "SELECT partner_id, location_id, country_code, time_zone, price_zone "
        f"FROM silver.locations WHERE {condition} ORDER BY partner_id, location_id LIMIT {limit}"
    )
    if not rows:
        return []
    ids = ", ".join(sorted({literal(str(row["location_id"])) for row in rows}))
    series, documents = _series(lake, ids), _documents(lake, ids)
    return [_item(row, series[_key(row)], documents.get(_key(row), {})) for row in rows]


def _item(row: Row, series: list[Row], document: Row) -> Row:
    zone = ZoneInfo(str(row["time_zone"]))
    spans = [
        {name: v.astimezone(zone).isoformat() if isinstance(v, datetime) else v
         for name, v in one.items() if name not in ("partner_id", "location_id")}
        for one in series
    ]  # fmt: skip
    is_simulated = document.get("simulated") is True or _is_named_simulated(row)
    source = document.get("data_source")
    ends = [str(one["data_until"]) for one in spans]
    return {
        **row,
        "is_simulated": is_simulated,
        "data_source": source if isinstance(source, str) else None,
        "data_until": max(ends, key=datetime.fromisoformat, default=None),
        "series": spans,
    }


def _is_named_simulated(row: Row) -> bool:
    return str(row["location_id"]).startswith(_SIMULATED)


def _series(lake: Reader, ids: str) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in reaches(lake, f"location_id IN ({ids})"):
        found[_key(row)].append(row)
    return found


def _documents(lake: Reader, ids: str) -> dict[tuple[str, str], Row]:
    rows = lake.rows(
        "SELECT partner_id, location_id, document FROM silver.home_profiles "
        f"WHERE location_id IN ({ids}) AND document IS NOT NULL ORDER BY valid_from"
    )
    return {_key(row): json.loads(str(row["document"])) for row in rows}


def _key(row: Row) -> tuple[str, str]:
    return str(row["partner_id"]), str(row["location_id"])


def _closed(item: Row) -> str:
    return closed(_key(item))


def _opened(cursor: str) -> tuple[str, str] | None:
    """Return the last home of the page before; BadCursor."""
    if not cursor:
        return None
    partner, location_id = key_of(cursor, 2)
    return partner, location_id

"""silver.energy_in_context, silver.energy_revisions -> what changed since when, and by how much."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, newest_of_all
from serving.parameters import From, Since, To
from serving.periods import Periods, periods

router = APIRouter(tags=["data quality"])
_NOW, _THEN = "silver.energy_in_context", "silver.energy_revisions"
_SERIES = "fuel, direction, local_date"


class Change(TypedDict):
    """A day of one fuel and direction; energy is null where none was known."""

    fuel: str
    direction: str
    local_date: str
    changed_at: str | None
    before_kwh: float | None
    after_kwh: float | None
    difference_kwh: float
    changed_intervals: int


Changes = TypedDict(
    "Changes",
    {
        "location_id": str,
        "time_zone": str,
        "unit": str,
        "since": str | None,
        "from": str,
        "to": str,
        "data_until": str | None,
        "elements": list[Change],
    },
)
EXAMPLE = {
    "location_id": "ideal-105",
    "time_zone": "Europe/London",
    "unit": "kWh",
    "since": "2025-05-03T01:00:00+01:00",
    "from": "2025-05-01T00:00:00+01:00",
    "to": "2025-06-01T00:00:00+01:00",
    "data_until": "2025-06-01T00:00:00+01:00",
    "elements": [
        {
            "fuel": "elec",
            "direction": "import",
            "local_date": "2025-05-01",
            "changed_at": "2025-05-04T07:00:00+01:00",
            "before_kwh": 24.0,
            "after_kwh": 26.5,
            "difference_kwh": 2.5,
            "changed_intervals": 1,
        }
    ],
}


@router.get(
    "/v1/locations/{location_id}/changes",
    response_model=Changes,
    operation_id="changes",
    summary="What changed since an instant, by local day: energy before and after",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def changes(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, since: Since, start: From, end: To
) -> Response:
    span = periods(start, end, resolution="P1D", zone=home.zone)
    made = partial(_changes, ask.lake, ask.lake.as_of(since), home, span)
    return await ask.answer((_NOW, _THEN, *REACH_TABLES), made)


def _changes(lake: Reader, then: Reader, home: Location, span: Periods) -> Body:
    return {
        "location_id": home.location_id,
        "time_zone": home.time_zone,
        "unit": "kWh",
        "since": home.instant(then.at),
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": newest_of_all(lake, home),
        "elements": list(_days(home, _intervals(lake, home, span), _intervals(then, home, span))),
    }


def _intervals(lake: Reader, home: Location, span: Periods) -> list[Row]:
    """Return the intervals of the span; import that is all of the consumption under both names."""
    first, last = span.days
    columns = f"{_SERIES}, starts_at, ends_at, energy_kwh, quality, known_at"
    both = columns.replace("direction", "'consumption' AS direction")
    where = (
        f"{home.where} AND local_date BETWEEN {literal(first)} AND {literal(last)} "
        f"AND local_month BETWEEN '{first:%Y-%m}' AND '{last:%Y-%m}'"
    )
    return lake.rows(
        f"SELECT {columns} FROM {_NOW} WHERE {where} "
        f"UNION ALL SELECT {both} FROM {_NOW} WHERE {where} AND is_consumption"
    )


def _days(home: Location, now: list[Row], then: list[Row]) -> Iterator[Row]:
    """Yield the days of which an interval came, went or is said otherwise."""
    found: dict[tuple[object, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for which, rows in enumerate((now, then)):
        for row in rows:
            found[row["local_date"], row["fuel"], row["direction"]][which].append(row)
    for (local_date, fuel, direction), (after, before) in sorted(found.items(), key=str):
        said, once = _by_interval(after), _by_interval(before)
        changed = {k for k in said.keys() | once.keys() if _what(said, k) != _what(once, k)}
        if changed:
            known = [at for row in after if isinstance(at := row["known_at"], datetime)]
            total, was = _sum(after), _sum(before)
            yield {
                "fuel": fuel,
                "direction": direction,
                "local_date": str(local_date),
                "changed_at": home.instant(max(known, default=None)),
                "before_kwh": was,
                "after_kwh": total,
                "difference_kwh": (total or 0.0) - (was or 0.0),
                "changed_intervals": len(changed),
            }


def _by_interval(rows: list[Row]) -> dict[tuple[object, object], Row]:
    return {(row["starts_at"], row["ends_at"]): row for row in rows}


def _what(rows: dict[tuple[object, object], Row], interval: tuple[object, object]) -> object:
    row = rows.get(interval)
    return row and (row["energy_kwh"], row["quality"])


def _sum(rows: list[Row]) -> float | None:
    known = [kwh for row in rows if isinstance(kwh := row["energy_kwh"], float)]
    return sum(known) if known else None

"""silver.spot_prices, gold.price_levels -> prices of a zone, and whether they are low or high."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response
from typing_extensions import TypedDict

from gold.contracts import HIGH, LOW, MARKET_TIME_ZONE
from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.parameters import From, To
from serving.periods import Periods, periods
from serving.refusals import Refusal, refusal

router = APIRouter(tags=["prices"])
_INTERVALS, _LEVELS = "silver.spot_prices", "gold.price_levels"
_ZONE = ZoneInfo(MARKET_TIME_ZONE)
_QUARTER = 900
_BEFORE = {"level_30d": "before_30d_per_kwh", "level_12m": "before_12m_per_kwh"}
_COLUMNS = (
    "mean_per_kwh", "low_per_kwh", "high_per_kwh", "currency", "priced_share", *_BEFORE.values(),
    *_BEFORE,
)  # fmt: skip
_ABSENT: Row = dict.fromkeys(_COLUMNS, None) | {"priced_share": 0.0}
Level = Literal["low", "normal", "high"]


class Price(TypedDict):
    """One period; levels are against the mean of the 30 days and of the year before it.

    A period whose prices are in two currencies has none.
    """

    starts_at: str
    ends_at: str
    mean_per_kwh: float | None
    low_per_kwh: float | None
    high_per_kwh: float | None
    currency: str | None
    priced_share: float
    before_30d_per_kwh: float | None
    before_12m_per_kwh: float | None
    level_30d: Level | None
    level_12m: Level | None


Prices = TypedDict(
    "Prices",
    {
        "price_zone": str,
        "resolution": str,
        "unit": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "low_up_to": float,
        "high_from": float,
        "elements": list[Price],
        "refusal": Refusal | None,
    },
)
EXAMPLE = {
    "price_zone": "DK2",
    "resolution": "P1D",
    "unit": "currency/kWh",
    "time_zone": MARKET_TIME_ZONE,
    "from": "2025-10-26T00:00:00+02:00",
    "to": "2025-10-27T00:00:00+01:00",
    "data_until": "2025-10-28T00:00:00+01:00",
    "low_up_to": LOW,
    "high_from": HIGH,
    "elements": [
        {
            "starts_at": "2025-10-26T00:00:00+02:00",
            "ends_at": "2025-10-27T00:00:00+01:00",
            "mean_per_kwh": 0.41,
            "low_per_kwh": 0.12,
            "high_per_kwh": 0.93,
            "currency": "DKK",
            "priced_share": 1.0,
            "before_30d_per_kwh": 0.58,
            "before_12m_per_kwh": 0.55,
            "level_30d": "low",
            "level_12m": "low",
        }
    ],
    "refusal": None,
}
Zone = Annotated[str, Path(max_length=40, description="Bidding zone, as DK2 or GB.")]
Step = Annotated[
    Literal["PT15M", "PT30M", "PT1H", "P1D", "P1M"],
    Query(description="Length of a period; days and months are those of the market."),
]


@router.get(
    "/v1/prices/{price_zone}",
    response_model=Prices,
    operation_id="prices",
    summary="Spot prices of a zone, and whether they are low or high",
    responses=answers(EXAMPLE, 304, 422),
)
async def prices(  # noqa: D103 - the summary says it
    ask: Ask, price_zone: Zone, start: From, end: To, resolution: Step = "P1D"
) -> Response:
    span = periods(start, end, resolution=resolution, zone=_ZONE)
    made = partial(_prices, ask.lake, price_zone, span)
    return await ask.answer((_INTERVALS, _LEVELS), made)


def _prices(lake: Reader, price_zone: str, span: Periods) -> Body:
    zone = f"price_zone = {literal(price_zone)}"
    found = _by_interval if span.resolution.startswith("PT") else _by_day
    known = found(lake, zone, span)
    until: Any = lake.rows(f"SELECT max(ends_at) AS at FROM {_INTERVALS} WHERE {zone}")[0]["at"]
    return {
        "price_zone": price_zone,
        "resolution": span.resolution,
        "unit": "currency/kWh",
        "time_zone": MARKET_TIME_ZONE,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": until.astimezone(_ZONE).isoformat() if until else None,
        "low_up_to": LOW,
        "high_from": HIGH,
        "elements": [
            {"starts_at": span.local(n), "ends_at": span.local(n + 1), **known.get(n, _ABSENT)}
            for n in range(len(span))
        ],
        "refusal": None
        if until
        else refusal("no_prices", "There are no prices of this zone.", price_zone=price_zone),
    }


def _by_day(lake: Reader, zone: str, span: Periods) -> dict[int, Row]:
    """Return the days or months as gold has them, by number of the period."""
    first, last = span.days
    rows: list[Any] = lake.rows(
        f"SELECT starts_at, {', '.join(_COLUMNS)} FROM {_LEVELS} "
        f"WHERE {zone} AND resolution = {literal(span.resolution)} "
        f"AND price_date BETWEEN {literal(first)} AND {literal(last)}"
    )
    return {span.at(row.pop("starts_at")): row for row in rows}


def _by_interval(lake: Reader, zone: str, span: Periods) -> dict[int, Row]:
    """Return shorter periods from the prices themselves, against the means before their day."""
    first, last = (datetime.fromtimestamp(edge, UTC) for edge in (span.edges[0], span.edges[-1]))
    rows: list[Any] = lake.rows(
        f"SELECT starts_at, ends_at, price_per_kwh, currency FROM {_INTERVALS} WHERE {zone} "
        f"AND starts_at > {literal(first - timedelta(hours=1))} AND starts_at < {literal(last)}"
    )
    names = ", ".join(("price_date", *_BEFORE.values()))
    days: list[Any] = lake.rows(
        f"SELECT {names} FROM {_LEVELS} WHERE {zone} AND resolution = 'P1D' "
        f"AND price_date BETWEEN {literal(span.days[0])} AND {literal(span.days[1])}"
    )
    before = {row["price_date"]: row for row in days}
    found: dict[int, list[Any]] = {}
    for second, row in _quarters(rows).items():
        found.setdefault(span.at(datetime.fromtimestamp(second, UTC)), []).append(row)
    return {
        number: _period(
            quarters,
            span.edges[number + 1] - span.edges[number],
            before.get(datetime.fromtimestamp(span.edges[number], _ZONE).date(), {}),
        )
        for number, quarters in found.items()
        if 0 <= number < len(span) and len({row["currency"] for row in quarters}) == 1
    }


def _quarters(rows: list[Any]) -> dict[int, Any]:
    """Return the price of each quarter of an hour; that of the shorter interval holds."""
    found: dict[int, Any] = {}
    for row in sorted(rows, key=lambda r: r["ends_at"] - r["starts_at"], reverse=True):
        start, end = (int(row[name].timestamp()) for name in ("starts_at", "ends_at"))
        found.update(dict.fromkeys(range(start, end, _QUARTER), row))
    return found


def _period(quarters: list[Any], seconds: int, before: Mapping[str, Any]) -> Row:
    each = [row["price_per_kwh"] for row in quarters]
    mean = sum(each) / len(each)
    befores = {name: before.get(name) for name in _BEFORE.values()}
    return {
        "mean_per_kwh": mean,
        "low_per_kwh": min(each),
        "high_per_kwh": max(each),
        "currency": quarters[0]["currency"],
        "priced_share": min(len(each) * _QUARTER / seconds, 1.0),
        **befores,
        **{level: _level(mean, befores[name]) for level, name in _BEFORE.items()},
    }


def _level(price: float, before: float | None) -> Level | None:
    """Return the level by the rule of gold (``gold/contracts/prices.py``)."""
    if before is None or before <= 0:
        return None
    if price <= LOW * before:
        return "low"
    return "high" if price >= HIGH * before else "normal"

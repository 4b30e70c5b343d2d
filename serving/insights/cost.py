"""gold.cost_daily and _monthly -> what a home pays, by day or month, and by element."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal, NotRequired

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from gold.contracts import AVERAGE_PRICE
from lake.reading import Reader, Row, literal
from serving.answers import Ask, Body
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.parameters import From, Fuel, To, errors, words
from serving.periods import Periods, periods
from serving.refusals import Refusal, refusal

router = APIRouter(tags=["cost"])
_TABLES = {"P1D": "gold.cost_daily", "P1M": "gold.cost_monthly"}
_AMOUNTS = ("net_amount", "vat_amount", "total_amount")
_COUNTED = ("observed", "expected")
_INCLUDED = ("elements",)
ByDay = Annotated[Literal["P1D", "P1M"], Query(description="Length of a period.")]
Way = Annotated[
    Literal["import", "export"],
    Query(description="What is paid for, or what is sold: its energy is a credit, below zero."),
]
Include = Annotated[
    list[str] | None,
    Query(description=f"Any of {', '.join(_INCLUDED)}: what each element of the tariff costs."),
]


class Part(TypedDict):
    """One kind of element of the tariff; null where a price or a power is missing."""

    element: str
    net_amount: float | None
    vat_amount: float | None
    total_amount: float | None


class Cost(TypedDict):
    """One period, half-open; null where there is no data, or where a part has no price.

    `is_fallback`: the country's average price of the half year stands for a tariff on some day; for
    a year after the newest that was published, that one. Days without a reading cost nothing yet;
    completeness tells of them.
    """

    starts_at: str
    ends_at: str
    net_amount: float | None
    vat_amount: float | None
    total_amount: float | None
    currency: str | None
    tariff_id: str | None
    is_fallback: bool
    observed_intervals: int
    expected_intervals: int | None
    completeness: float | None
    parts: NotRequired[list[Part]]


Costs = TypedDict(
    "Costs",
    {
        "location_id": str,
        "fuel": str,
        "direction": str,
        "resolution": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "elements": list[Cost],
        "refusal": Refusal | None,
    },
)
EXAMPLE = {
    "location_id": "castle",
    "fuel": "elec",
    "direction": "import",
    "resolution": "P1D",
    "time_zone": "Europe/Copenhagen",
    "from": "2025-10-26T00:00:00+02:00",
    "to": "2025-10-27T00:00:00+01:00",
    "data_until": "2025-10-27T00:00:00+01:00",
    "elements": [
        {
            "starts_at": "2025-10-26T00:00:00+02:00",
            "ends_at": "2025-10-27T00:00:00+01:00",
            "net_amount": 20.0,
            "vat_amount": 5.0,
            "total_amount": 25.0,
            "currency": "DKK",
            "tariff_id": "spot-2025",
            "is_fallback": False,
            "observed_intervals": 100,
            "expected_intervals": 100,
            "completeness": 1.0,
        }
    ],
    "refusal": None,
}


@router.get(
    "/v1/locations/{location_id}/cost",
    response_model=Costs,
    operation_id="cost",
    summary="What a location pays by its tariff, one element a period",
    description="A capacity charge is paid by the month: the days (P1D) do not have it. Where no "
    "tariff is registered and no average price of the country is known, periods are null and the "
    "refusal is `no_price`: so many periods, from the first to the last; the others are told.",
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}, **errors(404, 422)},
)
async def cost(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: From, end: To, resolution: ByDay = "P1D",
    fuel: Fuel = "elec", direction: Way = "import", include: Include = None,
) -> Response:  # fmt: skip
    span = periods(start, end, resolution=resolution, zone=home.zone)
    extras = words(include, allowed=_INCLUDED, name="include")
    made = partial(_costs, ask.lake, home, span, fuel, direction, extras)
    return await ask.answer((*REACH_TABLES, _TABLES[resolution]), made)


def _costs(
    lake: Reader, home: Location, span: Periods, fuel: str, direction: str, include: frozenset[str]
) -> Body:
    first, last = span.days
    rows = lake.rows(
        f"SELECT local_date, element, {', '.join(_AMOUNTS)}, currency, tariff_id, is_fallback, "
        f"observed_intervals, expected_intervals FROM {_TABLES[span.resolution]} "
        f"WHERE {home.where} AND fuel = {literal(fuel)} AND direction = {literal(direction)} "
        f"AND local_date BETWEEN {literal(first)} AND {literal(last)} "
        "ORDER BY local_date, element"
    )
    by_period: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_period[span.of_day(row["local_date"])].append(row)
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "direction": direction,
        "resolution": span.resolution,
        "time_zone": home.time_zone,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": data_until(lake, home, fuel=fuel, direction=direction),
        "elements": [_cost(by_period[n], span, n, include) for n in range(len(span))],
        "refusal": _refusal(by_period, span),
    }


def _refusal(by_period: dict[int, list[Row]], span: Periods) -> Refusal | None:
    """Return of which periods neither a tariff nor an average price is known."""
    without = sorted(number for number, rows in by_period.items() if any(map(_lacks_price, rows)))
    if not without:
        return None
    return refusal(
        "no_price",
        "No tariff is registered for these periods, and no average price of the country is known.",
        periods=len(without),
        first=span.local(without[0]),
        last=span.local(without[-1]),
    )


def _lacks_price(row: Row) -> bool:
    return row["element"] == AVERAGE_PRICE and not row["is_fallback"]


def _cost(rows: Sequence[Row], span: Periods, number: int, include: frozenset[str]) -> Row:
    currencies = {row["currency"] for row in rows}
    is_whole = len(currencies) == 1 and None not in currencies
    tariffs = {row["tariff_id"] for row in rows}
    # Every element of a period has the same intervals.
    observed, expected = (_count(rows[:1], f"{which}_intervals") for which in _COUNTED)
    parts = [{"element": r["element"], **{name: r[name] for name in _AMOUNTS}} for r in rows]
    return {
        "starts_at": span.local(number),
        "ends_at": span.local(number + 1),
        **{name: _sum(rows, name) if is_whole else None for name in _AMOUNTS},
        "currency": currencies.pop() if is_whole else None,
        "tariff_id": tariffs.pop() if len(tariffs) == 1 else None,
        "is_fallback": any(row["is_fallback"] for row in rows),
        "observed_intervals": observed,
        "expected_intervals": expected or None,
        "completeness": observed / expected if expected else None,
        **({"parts": parts} if "elements" in include else {}),
    }


def _count(rows: Sequence[Row], name: str) -> int:
    return sum(count for row in rows if isinstance(count := row[name], int))


def _sum(rows: Sequence[Row], name: str) -> float | None:
    """Add up the elements; null where one of them is."""
    amounts = [amount for row in rows if isinstance(amount := row[name], float)]
    return sum(amounts) if len(amounts) == len(rows) else None

"""gold.cost_daily and _monthly -> what a home pays, by day or month, and by element."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal, NotRequired

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from gold.contracts import AVERAGE_PRICE
from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location
from serving.insights.series import OfSeries, of_series
from serving.parameters import From, Fuel, To, words
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
    """One kind of element of the tariff; null where a price or a power is missing.

    Its currency is null where no price is known, or where two meet in it.
    """

    element: str
    net_amount: float | None
    vat_amount: float | None
    total_amount: float | None
    currency: str | None
    is_fallback: bool


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


class Costs(OfSeries):
    """What a series costs, one element a period; and why some have no price."""

    elements: list[Cost]
    refusal: Refusal | None


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
    "refusal is `no_price`: so many periods, from the first to the last; the others are told. "
    "`two_currencies`: what periods cost is in two, which do not add up. `read_by_the_month`: the "
    "meter is, so no day of these months has energy to be priced.",
    responses=answers(EXAMPLE, 304, 404, 422),
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
        f"WHERE {home.series(fuel, direction)} "
        f"AND local_date BETWEEN {literal(first)} AND {literal(last)} "
        "ORDER BY local_date, element"
    )
    by_period: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_period[span.of_day(row["local_date"])].append(row)
    elements = [_cost(by_period[n], span, n, include) for n in range(len(span))]
    why_not = _refusal(by_period, span)
    if why_not is None and any(element["total_amount"] is None for element in elements):
        why_not = _of_months(lake, home, span, fuel, direction)
    return {
        **of_series(lake, home, span, fuel=fuel, direction=direction),
        "elements": elements,
        "refusal": why_not,
    }


def _refusal(by_period: dict[int, list[Row]], span: Periods) -> Refusal | None:
    """Return of which periods no price is known, or else which are paid in two currencies."""
    for code, why, is_so in _WHY:
        periods = [number for number, rows in sorted(by_period.items()) if is_so(rows)]
        if periods:
            return _of_periods(code, why, periods, span)
    return None


def _of_months(
    lake: Reader, home: Location, span: Periods, fuel: str, direction: str
) -> Refusal | None:
    """Refuse periods of which a home has energy by the month, and none by the day."""
    first, last = span.days
    series = home.series(fuel, direction)
    said = f"{series} AND local_month BETWEEN '{first:%Y-%m}' AND '{last:%Y-%m}'"
    rows = [
        lake.rows(f"SELECT DISTINCT local_month FROM {table} WHERE {said} "
                  "AND energy_kwh IS NOT NULL ORDER BY local_month")
        for table in REACH_TABLES[2:]
    ]  # fmt: skip
    by_day, by_month = ([str(row["local_month"]) for row in of_table] for of_table in rows)
    alone = [month for month in by_month if month not in by_day]
    if not alone:
        return None
    return refusal(
        "read_by_the_month",
        "The meter is read by the month, and a cost is that of days.",
        months=len(alone), first=alone[0], last=alone[-1],
    )  # fmt: skip


def _of_periods(code: str, why: str, numbers: Sequence[int], span: Periods) -> Refusal:
    first, last = span.local(numbers[0]), span.local(numbers[-1])
    return refusal(code, why, periods=len(numbers), first=first, last=last)


def _lacks_price(rows: Sequence[Row]) -> bool:
    return any(row["element"] == AVERAGE_PRICE and not row["is_fallback"] for row in rows)


def _is_in_two_currencies(rows: Sequence[Row]) -> bool:
    # Every price has a currency: an element of a month that has none has two.
    currencies = {row["currency"] for row in rows}
    return len(currencies) > 1 or None in currencies


_WHY = (
    (
        "no_price",
        "No tariff is registered for these periods, and no average price of the country is known.",
        _lacks_price,
    ),
    (
        "two_currencies",
        "What these periods cost is in two currencies, which do not add up.",
        _is_in_two_currencies,
    ),
)


def _cost(rows: Sequence[Row], span: Periods, number: int, include: frozenset[str]) -> Row:
    currencies = {row["currency"] for row in rows}
    is_whole = len(currencies) == 1 and None not in currencies
    tariffs = {row["tariff_id"] for row in rows}
    # Every element of a period has the same intervals.
    observed, expected = (_count(rows[:1], f"{which}_intervals") for which in _COUNTED)
    parts = [{name: row[name] for name in Part.__annotations__} for row in rows]
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

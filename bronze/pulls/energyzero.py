"""EnergyZero -> day-ahead prices of electricity in the Netherlands, without VAT and tax.

https://public.api.energyzero.nl/public/v1/prices: `base` is the market's price in EUR/kWh without
VAT; `base_with_vat` and `all_in` hold what a customer pays, and are left out. Two older shapes are
read too: `Prices` with `readingDate` (asked for without VAT) and the GraphQL answer with
`energyPriceExcl`. Prices of a day are those of gas (EUR/m3), which is no spot price of electricity.
An answer may span more than the day that was asked for (README of python-energyzero): what is of
other days is left out, so that tomorrow is not there before its own prices are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from bronze.pulls.days_had import days_of_prices
from bronze.pulls.parts import (
    NotThereYet,
    Part,
    Request,
    UnreadableAnswer,
    Wanted,
    complaint,
    unreadable,
)
from bronze.pulls.rows import PRICES, Price, Refused, instant, loaded, number
from bronze.pulls.zones import market_day, named
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = PRICES, "market", "zone NL", 2
_ZONE = "NL"
_SECONDS = (900, 1800, 3600)
_DAY = 23 * 3600
# The older shape says its interval as a number: 4 is an hour.
_OLD_HOUR = 4
Interval = tuple[object, object, object]


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a day, by quarters of an hour; without days tomorrow and what is lacking."""
    zones = (named(wanted.zones, _ZONE),)
    for day in days_of_prices(__name__, zones, wanted, settings):
        params = {
            "energyType": "ENERGY_TYPE_ELECTRICITY",
            "date": f"{day:%d-%m-%Y}",
            "interval": "INTERVAL_QUARTER",
        }
        request = Request(
            f"{settings.energyzero_url}/public/v1/prices", params,
            is_missing=lambda status, _: status == 404,
        )  # fmt: skip
        yield Part(f"energyzero-{day}.json", (request,), zones=zones, days=(day,))


def rows(bodies: Sequence[bytes], part: Part, answered_at: datetime) -> Iterator[Price | Refused]:
    """Yield a row an interval; UnreadableAnswer for an error and for prices of gas."""
    try:
        said = loaded(bodies[0])
    except ValueError as error:
        raise UnreadableAnswer(f"not JSON: {error}") from error
    if not isinstance(said, dict):
        raise UnreadableAnswer("not the prices of EnergyZero")
    intervals = list(_intervals(said))
    if not intervals and complaint(said):
        raise unreadable(said, "EnergyZero", "")
    if not intervals:
        raise NotThereYet(f"{part.name} is not there yet")
    zone = named(part.zones, _ZONE)
    of_days = [one for one in intervals if _is_of(part.days, one)]
    if not of_days:
        raise NotThereYet(f"{part.name} is not there yet, other days are")
    for begins, ends, price in of_days:
        start, end, read = instant(begins), instant(ends), number(price)
        if start is None or end is None or read is None:
            yield Refused("a price without its interval or number", f"{begins} {ends} {price}")
            continue
        seconds = int((end - start).total_seconds())
        if seconds >= _DAY:
            raise UnreadableAnswer("prices by the day: those of gas, not of electricity")
        if seconds in _SECONDS:
            yield Price(zone, start, seconds, read, "EUR/kWh")
        else:
            yield Refused("an interval that is no quarter, half or whole hour", str(begins))


def _is_of(days: Sequence[date], interval: Interval) -> bool:
    """Tell whether an interval is of the days; one that cannot be read is refused elsewhere."""
    start = instant(interval[0])
    return not days or start is None or any(a <= start < b for a, b in map(market_day, days))


def _intervals(said: Mapping[str, Any]) -> Iterator[Interval]:
    """Yield start, end and price without VAT, whichever shape they come in."""
    try:
        if "base" in said:
            for one in said["base"] or ():
                yield one["start"], one["end"], one["price"]["value"]
        elif "Prices" in said:
            yield from _of_readings(said)
        elif "data" in said:
            if said["data"] != []:  # an empty list for days that it does not have
                yield from _of_graph(said["data"]["energyMarketPrices"]["prices"] or ())
        else:
            raise unreadable(said, "EnergyZero", "not the prices of EnergyZero")
    except (KeyError, TypeError, AttributeError) as error:
        otherwise = f"not the prices of EnergyZero: {error!r}"
        raise unreadable(said, "EnergyZero", otherwise) from error


def _of_readings(said: Mapping[str, Any]) -> Iterator[Interval]:
    if number(said.get("intervalType", _OLD_HOUR)) != _OLD_HOUR:
        raise UnreadableAnswer("prices that are not by the hour")
    for one in said["Prices"] or ():
        start = instant(one["readingDate"])
        end = start + timedelta(hours=1) if start else None
        yield one["readingDate"], end and end.isoformat(), one["price"]


def _of_graph(prices: Sequence[Mapping[str, Any]]) -> Iterator[Interval]:
    for one in prices:
        if one.get("type", "Electricity") != "Electricity":
            raise UnreadableAnswer(f"prices of {one['type']}, not of electricity")
        if not one.get("isAverage"):
            yield one["from"], one["till"], one["energyPriceExcl"]

"""Nord Pool data portal -> day-ahead prices of all its areas, one question a day.

https://data.nordpoolgroup.com: `DayAheadPrices` with `multiAreaEntries`; HTTP 204 before the prices
are published. `updatedAt` is when it was said. `areaStates` tells which areas are final: what is
preliminary lands and is asked for again until it is. Days of more than about two months ago are for
customers (HTTP 401).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from bronze.pulls.days_had import days_of_prices
from bronze.pulls.parts import (
    NotServed,
    NotThereYet,
    Part,
    Request,
    UnreadableAnswer,
    Wanted,
    unreadable,
)
from bronze.pulls.rows import (
    PRICES,
    Price,
    Refused,
    Unfinished,
    instant,
    is_currency,
    is_name,
    loaded,
    number,
)
from bronze.pulls.zones import UnknownZone, known
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = PRICES, "market", "zones", 2
_SECONDS = (900, 1800, 3600)
# Our names -> its names, where they differ.
_AREAS = {"DE-LU": "GER", "RO": "TEL"}
# The areas of its data portal (AREAS of pynordpool).
_SERVED = frozenset(
    [
        "EE",
        "LT",
        "LV",
        "AT",
        "BE",
        "FR",
        "GER",
        "NL",
        "PL",
        "DK1",
        "DK2",
        "FI",
        "NO1",
        "NO2",
        "NO3",
        "NO4",
        "NO5",
        "SE1",
        "SE2",
        "SE3",
        "SE4",
        "BG",
        "TEL",
    ]
)
_FINAL = "Final"


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a day; UnknownZone. Without days it is tomorrow and what is lacking."""
    zones = tuple(zone for zone in wanted.zones if _area(zone) in _SERVED)
    for zone in wanted.zones:
        if zone not in zones:
            yield Part(f"nordpool-{zone}", error=NotServed(f"Nord Pool has no prices of {zone}"))
    areas = ",".join(map(_area, zones))
    for day in days_of_prices(__name__, zones, wanted, settings) if zones else ():
        params = {
            "date": day.isoformat(),
            "market": "DayAhead",
            "deliveryArea": areas,
            "currency": "EUR",
        }
        request = Request(
            f"{settings.nordpool_url}/DayAheadPrices", params,
            denied="without an account it gives some two months; take older days of ENTSO-E",
        )  # fmt: skip
        yield Part(f"nordpool-{day}.json", (request,), zones=zones, days=(day,))


def rows(
    bodies: Sequence[bytes], part: Part, answered_at: datetime
) -> Iterator[Price | Refused | Unfinished]:
    """Yield a row a zone and interval, and which zones are not final."""
    said = None
    try:
        said = loaded(bodies[0])
        entries, currency = said["multiAreaEntries"], said["currency"]
        known_at = instant(said.get("updatedAt"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        otherwise = f"not the prices of Nord Pool: {error!r}"
        raise unreadable(said, "Nord Pool", otherwise) from error
    if not is_currency(currency) or not isinstance(entries, list):
        raise UnreadableAnswer(f"prices in no currency: {currency!r}")
    if not entries:
        raise NotThereYet(f"{part.name} is not there yet")
    names = {_area(zone): zone for zone in part.zones}
    yield from _unfinished(said.get("areaStates"), names)
    for entry in entries:
        try:
            start, end = instant(entry["deliveryStart"]), instant(entry["deliveryEnd"])
            by_area = dict(entry["entryPerArea"])
        except (KeyError, TypeError, ValueError):
            yield Refused("an entry without its interval or prices", str(entry))
            continue
        seconds = int((end - start).total_seconds()) if start and end else 0
        if start is None or seconds not in _SECONDS:
            yield Refused("an interval that is no quarter, half or whole hour", str(entry))
            continue
        for area, price in by_area.items():
            zone, read = names.get(area, "" if names else _own(area)), number(price)
            if zone and read is not None:
                yield Price(zone, start, seconds, read, f"{currency.upper()}/MWh", known_at)
            elif zone and price is not None:
                yield Refused(f"a price of {zone} that is no number", str(price))


def _unfinished(states: object, names: Mapping[str, str]) -> Iterator[Unfinished]:
    for state in states if isinstance(states, list) else ():
        if not isinstance(state, dict) or state.get("state") == _FINAL:
            continue
        areas = state.get("areas")
        for area in areas if isinstance(areas, list) else ():
            if zone := names.get(str(area)):
                yield Unfinished(zone, f"is {str(state.get('state'))[:20].lower()}")


def _area(zone: str) -> str:
    return _AREAS.get(known(zone), known(zone))


def _own(area: str) -> str:
    """Return our name of an area: DE-LU for GER; one that is none of ours stays, as SYS does."""
    try:
        return known(area)
    except UnknownZone:
        return area if is_name(area) else ""

"""Nord Pool data portal -> day-ahead prices of all its areas, one question a day.

https://data.nordpoolgroup.com: `DayAheadPrices` with `multiAreaEntries`; HTTP 204 before the prices
are published. `updatedAt` is when it was said; a preliminary price is replaced by the final one.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from bronze.pulls.parts import NotThereYet, Part, Request, UnreadableAnswer, Wanted, unreadable
from bronze.pulls.rows import PRICES, Price, Refused, instant, is_currency, is_name, loaded, number
from bronze.pulls.zones import UnknownZone, days_or_tomorrow, known
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = PRICES, "market", "zones", 1
_SECONDS = (900, 1800, 3600)
# Our names -> its names, where they differ.
_AREAS = {"DE-LU": "GER", "RO": "TEL"}


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a day; UnknownZone. Without days it is tomorrow's prices."""
    areas = ",".join(_area(zone) for zone in wanted.zones)
    for day in days_or_tomorrow(wanted.days, wanted.clock):
        params = {
            "date": day.isoformat(),
            "market": "DayAhead",
            "deliveryArea": areas,
            "currency": "EUR",
        }
        request = Request(f"{settings.nordpool_url}/DayAheadPrices", params)
        yield Part(f"nordpool-{day}.json", (request,), zones=wanted.zones, days=(day,))


def rows(bodies: Sequence[bytes], part: Part, answered_at: datetime) -> Iterator[Price | Refused]:
    """Yield a row a zone and interval."""
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


def _area(zone: str) -> str:
    return _AREAS.get(known(zone), known(zone))


def _own(area: str) -> str:
    """Return our name of an area: DE-LU for GER; one that is none of ours stays, as SYS does."""
    try:
        return known(area)
    except UnknownZone:
        return area if is_name(area) else ""

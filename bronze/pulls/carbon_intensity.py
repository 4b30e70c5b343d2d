"""The Carbon Intensity API of Great Britain -> what a kWh from its grid emitted, by half hours.

https://carbon-intensity.github.io/api-definitions: `/intensity/{from}/{to}`, at most 14 days, in
UTC and g per kWh. Only `actual` is taken: a forecast is not what was.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from bronze.pulls.parts import Part, Request, Wanted, midnight, spans, unreadable
from bronze.pulls.rows import CO2, Intensity, Refused, instant, loaded, number
from bronze.pulls.zones import named
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = CO2, "market", "zone GB", 1
_ZONE = "GB"
_MOST_DAYS = 13
_SECONDS = (900, 1800, 3600)


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a fortnight; without days it is yesterday and today."""
    today = wanted.clock.date()
    days = wanted.days or (today - timedelta(days=1), today)
    for first, last in spans(days, _MOST_DAYS):
        # A half hour is found by its end, so the first one would be that of the day before.
        start, end = midnight(first) + timedelta(minutes=1), midnight(last + timedelta(days=1))
        between = f"{start:%Y-%m-%dT%H:%MZ}/{end:%Y-%m-%dT%H:%MZ}"
        url = f"{settings.carbon_intensity_url}/intensity/{between}"
        name = f"carbon-intensity-{first}-{last}.json"
        yield Part(name, (Request(url),), zones=(named(wanted.zones, _ZONE),))


def rows(
    bodies: Sequence[bytes], part: Part, answered_at: datetime
) -> Iterator[Intensity | Refused]:
    """Yield a row a half hour that is over."""
    said = None
    try:
        said = loaded(bodies[0])
        entries = list(said["data"])
    except (ValueError, KeyError, TypeError) as error:
        otherwise = f"not of the Carbon Intensity API: {error!r}"
        raise unreadable(said, "the Carbon Intensity API", otherwise) from error
    zone = named(part.zones, _ZONE)
    for entry in entries:
        try:
            start, end = instant(entry["from"]), instant(entry["to"])
            actual = entry["intensity"].get("actual")
        except (KeyError, TypeError, AttributeError):
            yield Refused("an entry without its interval or intensity", str(entry))
            continue
        if actual is None:
            continue
        read = number(actual)
        seconds = int((end - start).total_seconds()) if start and end else 0
        if start is None or read is None or seconds not in _SECONDS:
            yield Refused("an entry without its interval or number", str(entry))
        else:
            yield Intensity(zone, start, seconds, read)

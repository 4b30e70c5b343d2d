"""MET Norway, locationforecast 2.0 -> forecasts of a point: hours first, then every six hours.

https://api.met.no/weatherapi/locationforecast/2.0/documentation and /doc/TermsOfService: who asks
must be named in User-Agent, coordinates have at most four decimals, nothing is asked again before
Expires, and then with If-Modified-Since. A forecast is issued at `updated_at`. Instants are of
their stamp, precipitation of the hour that begins there. There is no irradiance in it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bronze.pulls.parts import Part, Point, Request, UnreadableAnswer, Wanted
from bronze.pulls.rows import WEATHER, Refused, Weather, degrees, instant, loaded, number
from lake.errors import LakeError
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = WEATHER, "weather", "points", 1
_UNITS = {"air_temperature": "celsius", "wind_speed": "m/s"}


class NoContact(LakeError):
    """A source that answers only to those who say who they are."""

    code = "no-contact"


class OnlyForecasts(LakeError):
    """A source that has no past weather."""

    code = "only-forecasts"


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a point; NoContact, OnlyForecasts."""
    if not settings.contact:
        raise NoContact(
            "MET Norway answers only to those who say who they are",
            cure="set ELIQ_CONTACT to a mail or web address of yours",
        )
    if wanted.days:
        raise OnlyForecasts("MET Norway has forecasts only", cure="leave the days out")
    for point in wanted.points:
        latitude, longitude = degrees(point.latitude), degrees(point.longitude)
        yield Part(
            f"met-norway-{latitude},{longitude}-{wanted.clock.date()}.json",
            (Request(f"{settings.met_norway_url}/locationforecast/2.0/compact",
                     {"lat": latitude, "lon": longitude}),),
            points=(point,),
        )  # fmt: skip


def rows(bodies: Sequence[bytes], part: Part, answered_at: datetime) -> Iterator[Weather | Refused]:
    """Yield a row a step of the forecast."""
    try:
        said = loaded(bodies[0])
        properties = said["properties"]
        meta, steps = properties["meta"], properties["timeseries"]
        units = meta.get("units", {})
        issued_at = instant(meta["updated_at"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableAnswer(f"not a locationforecast: {error!r}") from error
    if issued_at is None or not isinstance(steps, list) or not isinstance(units, dict):
        raise UnreadableAnswer("a forecast that does not say when it was issued")
    for name, unit in _UNITS.items():
        if units.get(name, unit) != unit:
            raise UnreadableAnswer(f"{name} in {units[name]}, not in {unit}")
    point = part.points[0] if part.points else _own_point(said)
    for step in steps:
        try:
            stamp, row = instant(step["time"]), step["data"]
            details = dict(row["instant"]["details"])
        except (KeyError, TypeError, ValueError):
            yield Refused("a step without a time or values", str(step))
            continue
        if stamp is None:
            yield Refused("a step whose time cannot be read", str(step["time"]))
            continue
        weather = Weather(
            *point,
            stamp,
            issued_at,
            temperature_c=number(details.get("air_temperature")),
            wind_speed_m_s=number(details.get("wind_speed")),
            relative_humidity_percent=number(details.get("relative_humidity")),
            cloud_cover_percent=number(details.get("cloud_area_fraction")),
            precipitation_mm=number(_of_next_hour(row)),
        )
        if not weather.is_empty():
            yield weather


def _of_next_hour(step: Mapping[str, Any]) -> object:
    next_hour = step.get("next_1_hours")
    details = next_hour.get("details") if isinstance(next_hour, dict) else None
    return details.get("precipitation_amount") if isinstance(details, dict) else None


def _own_point(said: Mapping[str, Any]) -> Point:
    try:
        longitude, latitude = said["geometry"]["coordinates"][:2]
        return Point(round(float(latitude), 4), round(float(longitude), 4))
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableAnswer("a forecast of no place", cure="say it with --points") from error

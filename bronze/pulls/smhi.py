"""SMHI -> weather in Sweden: observations of the nearest stations for days, else point forecasts.

https://opendata.smhi.se/metfcst and https://opendata.smhi.se/metobs. Forecasts come as snow1g
(`time`, `data`) or, as before 2026, as pmp3g (`validTime`, `parameters`), for an area around Sweden
whose corners its documentation tells; 9999 is a missing value, clouds are in eighths. Observations
(metobs, smhi_stations.py) are by parameter and station: each parameter of a point
is taken from the nearest station that measures it, at most 50 km away, and told as the point's, so
that it replaces the forecasts there. The hour's mean irradiance has the stamp of the hour's end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bronze.pulls.parts import NotServed, Part, Point, Request, UnreadableAnswer, Wanted
from bronze.pulls.rows import WEATHER, Refused, Weather, degrees, instant, number
from bronze.pulls.smhi_stations import named, observed, of_stations, read
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = WEATHER, "weather", "points", 2
_MISSING = 9999
_ISSUED = ("createdTime", "approvedTime", "referenceTime")
# Ours -> the names in snow1g and in pmp3g.
_FORECAST = {
    "temperature_c": ("air_temperature", "t"),
    "wind_speed_m_s": ("wind_speed", "ws"),
    "relative_humidity_percent": ("relative_humidity", "r"),
    "cloud_cover_percent": ("cloud_area_fraction", "tcc_mean"),
}
# Corners of the area that forecasts are for: longitudes at the latitudes of its south and north.
_SOUTH, _NORTH = 52.55, 70.65
_WEST, _EAST = (2.25, -8.54), (27.35, 37.85)


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a point; for days, its stations are looked up first."""
    if wanted.days:
        yield from of_stations(wanted, settings, ask)
        return
    for point in wanted.points:
        if not _is_in_area(point):
            what = f"no forecast of SMHI at {named(point)}"
            yield Part(f"smhi-forecast-{named(point)}", error=NotServed(what))
            continue
        latitude, longitude = degrees(point.latitude), degrees(point.longitude)
        url = (
            f"{settings.smhi_forecast_url}/api/category/snow1g/version/1/geotype/point"
            f"/lon/{longitude}/lat/{latitude}/data.json"
        )
        name = f"smhi-forecast-{latitude},{longitude}-{wanted.clock.date()}.json"
        yield Part(name, (Request(url),), points=(point,))


def rows(bodies: Sequence[bytes], part: Part, answered_at: datetime) -> Iterator[Weather | Refused]:
    """Yield a row a step of a forecast, or an hour of what was observed."""
    said = [read(body, part, place) for place, body in enumerate(bodies)]
    if "timeSeries" in said[0]:
        return _forecast(said[0], part)
    if part.points and any("value" in answer for answer in said):
        return observed(said, part)
    raise UnreadableAnswer("neither a forecast nor observations")


def _forecast(said: Mapping[str, Any], part: Part) -> Iterator[Weather | Refused]:
    issued_at = next(filter(None, (instant(said.get(name)) for name in _ISSUED)), None)
    if issued_at is None or not isinstance(said["timeSeries"], list):
        raise UnreadableAnswer("a forecast that does not say when it was issued")
    point = part.points[0] if part.points else _own_point(said)
    for step in said["timeSeries"]:
        values = _values(step) if isinstance(step, dict) else None
        stamp = instant(step.get("time", step.get("validTime"))) if values is not None else None
        if values is None or stamp is None:
            yield Refused("a step without a time or values", str(step))
            continue
        read: dict[str, Any] = {ours: _present(values, names) for ours, names in _FORECAST.items()}
        if (eighths := read["cloud_cover_percent"]) is not None:
            read["cloud_cover_percent"] = eighths * Decimal("12.5")
        row = Weather(*point, stamp, issued_at, **read)
        if not row.is_empty():
            yield row


def _values(step: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if isinstance(step.get("data"), dict):
        return dict(step["data"])
    try:
        return {p["name"]: p["values"][0] for p in step["parameters"]}
    except (KeyError, TypeError, IndexError):
        return None


def _present(values: Mapping[str, Any], names: Sequence[str]) -> Decimal | None:
    said = next((values[n] for n in names if n in values), None)
    read = number(said)
    return None if read is None or abs(read) == _MISSING else read


def _is_in_area(point: Point) -> bool:
    """Tell whether a point is in the quadrilateral of the forecasts."""
    north = (point.latitude - _SOUTH) / (_NORTH - _SOUTH)
    west, east = (at[0] + north * (at[1] - at[0]) for at in (_WEST, _EAST))
    return 0 <= north <= 1 and west <= point.longitude <= east


def _own_point(said: Mapping[str, Any]) -> Point:
    try:
        place = said["geometry"]["coordinates"]
        longitude, latitude = place[0] if isinstance(place[0], list) else place
        return Point(round(float(latitude), 4), round(float(longitude), 4))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableAnswer("a forecast of no place", cure="say it with --points") from error

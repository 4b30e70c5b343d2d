"""SMHI -> weather in Sweden: observations of the nearest stations for days, else point forecasts.

https://opendata.smhi.se/metfcst and https://opendata.smhi.se/metobs. Forecasts come as snow1g
(`time`, `data`) or, as before 2026, as pmp3g (`validTime`, `parameters`); 9999 is a missing value,
clouds are in eighths. Observations (metobs) are by parameter and station: each parameter of a point
is taken from the nearest station that measures it, at most 50 km away, and told as the point's, so
that it replaces the forecasts there. The hour's mean irradiance has the stamp of the hour's end.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bronze.pulls.parts import Part, Point, Request, UnreadableAnswer, Wanted, midnight
from bronze.pulls.rows import WEATHER, Refused, Weather, degrees, instant, loaded, number
from lake.errors import LakeError
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = WEATHER, "weather", "points", 1
_FARTHEST_KM, _EARTH_KM = 50.0, 6371.0
_MISSING = 9999
_ISSUED = ("createdTime", "approvedTime", "referenceTime")
# Ours -> the names in snow1g and in pmp3g.
_FORECAST = {
    "temperature_c": ("air_temperature", "t"),
    "wind_speed_m_s": ("wind_speed", "ws"),
    "relative_humidity_percent": ("relative_humidity", "r"),
    "cloud_cover_percent": ("cloud_area_fraction", "tcc_mean"),
}
# The key of a parameter in metobs -> ours.
_BY_KEY = {
    "1": "temperature_c",
    "4": "wind_speed_m_s",
    "6": "relative_humidity_percent",
    "11": "irradiance_w_m2",
}
# G: checked and approved, Y: suspected or aggregated.
_GOOD = ("G", "Y")


class NoStation(LakeError):
    """A place where nothing is measured."""

    code = "no-station"


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a point; for days, its stations are looked up first."""
    if wanted.days:
        yield from _of_stations(wanted, settings, ask)
        return
    for point in wanted.points:
        latitude, longitude = degrees(point.latitude), degrees(point.longitude)
        url = (
            f"{settings.smhi_forecast_url}/api/category/snow1g/version/1/geotype/point"
            f"/lon/{longitude}/lat/{latitude}/data.json"
        )
        name = f"smhi-forecast-{latitude},{longitude}-{wanted.clock.date()}.json"
        yield Part(name, (Request(url),), points=(point,))


def rows(bodies: Sequence[bytes], part: Part, answered_at: datetime) -> Iterator[Weather | Refused]:
    """Yield a row a step of a forecast, or an hour of what was observed."""
    said = [_object(body) if body else {} for body in bodies]
    if "timeSeries" in said[0]:
        return _forecast(said[0], part)
    if part.points and any("value" in answer for answer in said):
        return _observed(said, part)
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


def _observed(said: Sequence[Mapping[str, Any]], part: Part) -> Iterator[Weather | Refused]:
    hours: dict[datetime, dict[str, Any]] = {}
    for answer in said:
        parameter = answer.get("parameter")
        key = parameter.get("key") if isinstance(parameter, dict) else None
        ours = _BY_KEY.get(str(key), "")
        if not answer:
            continue
        if not ours:
            yield Refused("observations of an unknown parameter", str(parameter))
            continue
        values = answer.get("value")
        if not isinstance(values, list):
            yield Refused("observations that are no list", str(values))
            continue
        before = timedelta(hours=1) if ours == "irradiance_w_m2" else timedelta()
        for value in values:
            try:
                stamp = datetime.fromtimestamp(int(value["date"]) / 1000, UTC) - before
                read, quality = number(value["value"]), value.get("quality", "G")
            except (KeyError, TypeError, ValueError, OverflowError, OSError):
                yield Refused("an observation without a time or value", str(value))
                continue
            is_wanted = (not part.since or stamp >= part.since) and (
                not part.until or stamp < part.until
            )
            if read is not None and quality in _GOOD and is_wanted:
                hours.setdefault(stamp, {})[ours] = read
    for stamp, read_there in sorted(hours.items()):
        row = Weather(*part.points[0], stamp, **read_there)
        if not row.is_empty():
            yield row


def _of_stations(
    wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]
) -> Iterator[Part]:
    api = f"{settings.smhi_observations_url}/api/version/latest"
    stations = {
        key: _object(ask(Request(f"{api}/parameter/{key}.json"))).get("station") or ()
        for key in _BY_KEY
    }
    first, last = min(wanted.days), max(wanted.days)
    period = "latest-day" if first >= wanted.clock.date() else "latest-months"
    for point in wanted.points:
        name = f"smhi-observations-{_name(point)}-{first}-{last}.json"
        nearest = {key: _nearest(point, of_it) for key, of_it in stations.items()}
        requests = tuple(
            Request(
                f"{api}/parameter/{key}/station/{station}/period/{period}/data.json",
                is_missing=lambda status, _: status == 404,
            )
            for key, station in nearest.items()
            if station
        )
        error = None
        if not requests:
            error = NoStation(
                f"no station within {_FARTHEST_KM:g} km of {_name(point)}",
                cure="take another source there",
            )
        yield Part(
            name, requests, points=(point,), days=wanted.days, since=midnight(first),
            until=midnight(last + timedelta(days=1)), error=error,
        )  # fmt: skip


def _nearest(point: Point, stations: Sequence[Any]) -> str:
    found: list[tuple[float, str]] = []
    for station in stations:
        latitude, longitude = number(station.get("latitude")), number(station.get("longitude"))
        if station.get("active") and latitude is not None and longitude is not None:
            there = Point(float(latitude), float(longitude))
            found.append((_km(point, there), str(station.get("key"))))
    distance, key = min(found, default=(math.inf, ""))
    return key if distance <= _FARTHEST_KM else ""


def _km(here: Point, there: Point) -> float:
    a, b = (tuple(map(math.radians, p)) for p in (here, there))
    half = math.sin((b[0] - a[0]) / 2) ** 2
    half += math.cos(a[0]) * math.cos(b[0]) * math.sin((b[1] - a[1]) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def _name(point: Point) -> str:
    return f"{degrees(point.latitude)},{degrees(point.longitude)}"


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = loaded(body)
    except ValueError as error:
        raise UnreadableAnswer(f"not JSON: {error}") from error
    if not isinstance(said, dict):
        raise UnreadableAnswer("not an answer of SMHI")
    return said


def _own_point(said: Mapping[str, Any]) -> Point:
    try:
        place = said["geometry"]["coordinates"]
        longitude, latitude = place[0] if isinstance(place[0], list) else place
        return Point(round(float(latitude), 4), round(float(longitude), 4))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableAnswer("a forecast of no place", cure="say it with --points") from error

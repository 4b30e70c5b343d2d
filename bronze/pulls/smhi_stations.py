"""SMHI, observations (metobs): the stations nearest to a point, and what they measured.

https://opendata.smhi.se/metobs: `latest-months` has the last four months as JSON. What is older is
in `corrected-archive`, a CSV of all years up to some three months ago: lines of text, a head that
begins with `Datum;Tid (UTC)`, then day, time, value and quality.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bronze.pulls.parts import NotServed, Part, Point, Request, UnreadableAnswer, Wanted, midnight
from bronze.pulls.rows import Refused, Weather, degrees, loaded, number
from lake.settings import Settings

_FARTHEST_KM, _EARTH_KM = 50.0, 6371.0
# The key of a parameter in metobs -> ours.
_BY_KEY = {
    "1": "temperature_c",
    "4": "wind_speed_m_s",
    "6": "relative_humidity_percent",
    "11": "irradiance_w_m2",
}
# G: checked and approved, Y: suspected or aggregated.
_GOOD = ("G", "Y")
_ARCHIVE, _ARCHIVE_HEAD = "corrected-archive/data.csv", "Datum;Tid (UTC)"
# How far back the latest months reach at the least, and the archive is behind at the most.
_MONTHS_LEAST, _ARCHIVE_BEHIND = timedelta(days=85), timedelta(days=150)


class NoStation(NotServed):
    """A place where nothing is measured."""

    code = "no-station"


def of_stations(
    wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]
) -> Iterator[Part]:
    """Yield a part a point: what the nearest station of each parameter measured."""
    api = f"{settings.smhi_observations_url}/api/version/latest"
    stations = {
        key: as_object(ask(Request(f"{api}/parameter/{key}.json"))).get("station") or ()
        for key in _BY_KEY
    }
    first, last = min(wanted.days), max(wanted.days)
    periods = _periods(first, last, wanted.clock.date())
    for point in wanted.points:
        name = f"smhi-observations-{named(point)}-{first}-{last}.json"
        nearest = {key: _nearest(point, of_it) for key, of_it in stations.items()}
        requests = tuple(
            Request(
                f"{api}/parameter/{key}/station/{station}/period/{period}",
                is_missing=lambda status, _: status == 404,
            )
            for key, station in nearest.items()
            if station
            for period in periods
        )
        error = None
        if not requests:
            error = NoStation(
                f"no station within {_FARTHEST_KM:g} km of {named(point)}",
                cure="take another source there",
            )
        yield Part(
            name, requests, points=(point,), days=wanted.days, since=midnight(first),
            until=midnight(last + timedelta(days=1)), error=error,
        )  # fmt: skip


def _periods(first: date, last: date, today: date) -> tuple[str, ...]:
    """Return the answers of a station that hold the days; the archive is months behind."""
    if first >= today:
        return ("latest-day/data.json",)
    is_old = first < today - _MONTHS_LEAST
    is_recent = last >= today - _ARCHIVE_BEHIND
    return (*([_ARCHIVE] if is_old else []), *(["latest-months/data.json"] if is_recent else []))


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


def read(body: bytes, part: Part, place: int) -> dict[str, Any]:
    """Return an answer as the JSON of the latest months, the archive too; UnreadableAnswer."""
    if not body:
        return {}
    url = part.requests[place].url if place < len(part.requests) else ""
    return _archive(body, url, part) if url.endswith(_ARCHIVE) else as_object(body)


def _archive(body: bytes, url: str, part: Part) -> dict[str, Any]:
    told = iter(body.decode("utf-8-sig", "replace").splitlines())
    if not any(line.startswith(_ARCHIVE_HEAD) for line in told):
        raise UnreadableAnswer(f"an archive without the line {_ARCHIVE_HEAD}")
    values = []
    # The hour's mean has the stamp of its end, which may be that of the day after.
    first, last = (edge.date().isoformat() if edge else "" for edge in (part.since, part.until))
    for line in told:
        day, _, rest = line.partition(";")
        if day < first or (last and day > last):
            continue
        time, value, quality = [*rest.split(";"), "", "", ""][:3]
        try:
            stamp = datetime.fromisoformat(f"{day}T{time}+00:00").timestamp() * 1000
        except ValueError:
            stamp = None
        values.append({"date": stamp, "value": value, "quality": quality})
    key = url.partition("/parameter/")[2].partition("/")[0]
    return {"parameter": {"key": key}, "value": values}


def observed(said: Sequence[Mapping[str, Any]], part: Part) -> Iterator[Weather | Refused]:
    """Yield a row an hour of what was measured, all parameters of the point in it."""
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


def named(point: Point) -> str:
    """Write a point as it stands in names of files."""
    return f"{degrees(point.latitude)},{degrees(point.longitude)}"


def as_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer; UnreadableAnswer."""
    try:
        said = loaded(body)
    except ValueError as error:
        raise UnreadableAnswer(f"not JSON: {error}") from error
    if not isinstance(said, dict):
        raise UnreadableAnswer("not an answer of SMHI")
    return said

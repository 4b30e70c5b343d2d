"""Open-Meteo -> hourly weather: what was (archive), for given days; else what will be (forecast).

https://open-meteo.com/en/docs and /en/docs/historical-weather-api: many points in one question,
answered as a list in its order; `utc_offset_seconds` holds for every local stamp of an answer;
radiation and precipitation are the mean and the sum of the hour before their stamp, all else is of
the stamp itself. Points are those asked for, not those of the model's grid, so that what was
observed replaces what was forecast. A forecast is issued when it is answered.

Without a key 600 calls a minute, 5,000 an hour and 10,000 a day are free, and a question weighs as
many calls as it has points, more for more than two weeks (calculateQueryWeight and RateLimiter of
open-meteo/open-meteo, its issue 438): the pace keeps to the minute's, the others end the run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from bronze.pulls.parts import (
    Part,
    Point,
    Request,
    Secret,
    UnreadableAnswer,
    Wanted,
    batches,
    midnight,
    spans,
    unreadable,
)  # fmt: skip
from bronze.pulls.rows import WEATHER, Refused, Weather, loaded, number
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = WEATHER, "weather", "points", 1
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MOST_POINTS, _MOST_DAYS, _MOST_POINT_DAYS = 50, 366, 20_000
_FORECAST_DAYS = 14
_FREE_HOST, _FREE_A_SECOND = "open-meteo.com", 600 / 60
_DAYS_OF_A_CALL, _VARIABLES_OF_A_CALL = 14, 10
# The limit that a 429 names -> how long it asks to wait, in s.
_WAITS = {"Minutely": 60.0, "Hourly": 3600.0, "Daily": 86_400.0}

# Its names -> ours, and what each of its units is in ours.
_PERCENT = {"%": Decimal(1)}
_NAMES: Mapping[str, tuple[str, Mapping[str, Decimal]]] = {
    "temperature_2m": ("temperature_c", {"°C": Decimal(1), "°F": Decimal(5) / 9}),
    "wind_speed_10m": (
        "wind_speed_m_s",
        {"m/s": Decimal(1), "km/h": Decimal(5) / 18, "mp/h": Decimal("0.44704"),
         "kn": Decimal(463) / 900},
    ),
    "shortwave_radiation": ("irradiance_w_m2", {"W/m²": Decimal(1)}),
    "relative_humidity_2m": ("relative_humidity_percent", _PERCENT),
    "cloud_cover": ("cloud_cover_percent", _PERCENT),
    "precipitation": ("precipitation_mm", {"mm": Decimal(1), "inch": Decimal("25.4")}),
}  # fmt: skip
_OF_HOUR_BEFORE = ("shortwave_radiation", "precipitation")


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a batch of points, and of days where days are wanted."""
    if not wanted.days:
        for batch in batches(wanted.points, _MOST_POINTS):
            name = f"open-meteo-forecast-{wanted.clock.date()}.json"
            days = {"forecast_days": str(_FORECAST_DAYS)}
            url = f"{settings.open_meteo_url}/v1/forecast"
            request = _request(url, batch, days, _FORECAST_DAYS, settings)
            yield Part(name, (request,), points=batch)
        return
    url = f"{settings.open_meteo_archive_url}/v1/archive"
    for first, last in spans(wanted.days, _MOST_DAYS):
        # The last hour's radiation has the first stamp of the day after.
        end = max(min(last + _DAY, wanted.clock.date()), last)
        days = {"start_date": first.isoformat(), "end_date": end.isoformat()}
        most = max(1, min(_MOST_POINTS, _MOST_POINT_DAYS // ((last - first).days + 1)))
        for batch in batches(wanted.points, most):
            yield Part(
                f"open-meteo-archive-{first}-{last}.json",
                (_request(url, batch, days, (end - first).days + 1, settings),),
                points=batch, days=wanted.days, since=midnight(first), until=midnight(last + _DAY),
            )  # fmt: skip


def rows(bodies: Sequence[bytes], part: Part, answered_at: datetime) -> Iterator[Weather | Refused]:
    """Yield a row a point and hour; observations where the part has days, else a forecast."""
    try:
        said = loaded(bodies[0])
    except ValueError as error:
        raise UnreadableAnswer(f"not JSON: {error}") from error
    answers = said if isinstance(said, list) else [said]
    for answer in answers:
        if not isinstance(answer, dict) or not isinstance(answer.get("hourly"), dict):
            raise unreadable(answer, "Open-Meteo", "an answer without hours")
    if part.points and len(answers) != len(part.points):
        raise UnreadableAnswer(f"{len(answers)} answers for {len(part.points)} points")
    issued_at = None if part.days else answered_at
    for place, answer in enumerate(answers):
        point = part.points[place] if part.points else _own_point(answer)
        for row in _hours(answer, point):
            if isinstance(row, Refused):
                yield row
            elif (not part.since or row.observed_at >= part.since) and (
                not part.until or row.observed_at < part.until
            ):
                yield replace(row, issued_at=issued_at)


def _request(
    url: str, points: Sequence[Point], days: Mapping[str, str], count: int, settings: Settings
) -> Request:
    """Return the question for points and ``count`` days, with the pause that its weight asks."""
    key = settings.open_meteo_key
    params = {
        "latitude": ",".join(str(p.latitude) for p in points),
        "longitude": ",".join(str(p.longitude) for p in points),
        "hourly": ",".join(_NAMES),
        "wind_speed_unit": "ms",
        "timezone": "GMT",
        "timeformat": "unixtime",
        **days,
    }
    if key.get_secret_value():
        secret = Secret(key, parameter="apikey", setting="ELIQ_OPEN_METEO_KEY")
        return Request(url, params, secret=secret, wait_told=_wait_told)
    is_free = (urlsplit(url).hostname or "").endswith(_FREE_HOST)
    pause = _weight(len(points), count) / _FREE_A_SECOND if is_free else 0
    return Request(url, params, wait_told=_wait_told, pause=pause)


def _weight(points: int, days: int) -> float:
    """Return as how many calls a question counts."""
    of_variables = len(_NAMES) / _VARIABLES_OF_A_CALL
    return points * max(1, of_variables, of_variables * days / _DAYS_OF_A_CALL)


def _wait_told(body: bytes) -> float:
    said = body.decode("utf-8", "replace")
    return next((wait for limit, wait in _WAITS.items() if f"{limit} API request" in said), 0)


def _own_point(answer: Mapping[str, Any]) -> Point:
    latitude, longitude = (number(answer.get(n)) for n in ("latitude", "longitude"))
    if latitude is None or longitude is None:
        raise UnreadableAnswer("an answer without a place", cure="say it with --points")
    return Point(round(float(latitude), 4), round(float(longitude), 4))


def _hours(answer: Mapping[str, Any], point: Point) -> Iterator[Weather | Refused]:
    hourly, units = answer["hourly"], answer.get("hourly_units")
    if not isinstance(units, dict) or not isinstance(hourly.get("time"), list):
        raise UnreadableAnswer("hours without their times or units")
    stamps = [_instant(s, answer.get("utc_offset_seconds", 0)) for s in hourly["time"]]
    series: dict[str, dict[datetime, Decimal | None]] = {}
    for its, (ours, factors) in _NAMES.items():
        values = hourly.get(its)
        if values is None:
            continue
        if not isinstance(values, list) or len(values) != len(stamps):
            yield Refused(f"{its} has not a value a stamp")
        elif (unit := str(units.get(its))) not in factors:
            yield Refused(f"{its} in an unknown unit", unit)
        else:
            before = _HOUR if its in _OF_HOUR_BEFORE else timedelta()
            is_plain = factors[unit] == 1
            series[ours] = {
                stamp - before: read
                if read is None or is_plain
                else _converted(read, unit, factors)
                for stamp, read in zip(stamps, map(number, values), strict=True)
                if stamp
            }
    if unread := sum(stamp is None for stamp in stamps):
        yield Refused(f"{unread} stamps that are no times")
    for stamp in filter(None, stamps):
        measured: dict[str, Any] = {name: by.get(stamp) for name, by in series.items()}
        row = Weather(*point, stamp, **measured)
        if not row.is_empty():
            yield row


def _converted(value: Decimal, unit: str, factors: Mapping[str, Decimal]) -> Decimal:
    from_zero = value - 32 if unit == "°F" else value
    return (from_zero * factors[unit]).quantize(Decimal("0.0001"))


def _instant(stamp: object, offset: object) -> datetime | None:
    """Read a Unix time, or a stamp in local time with the offset of the answer."""
    try:
        if isinstance(stamp, int):
            return datetime.fromtimestamp(stamp, UTC)
        read = datetime.fromisoformat(str(stamp))
        if read.tzinfo is None:
            read = read.replace(tzinfo=timezone(timedelta(seconds=int(str(offset)))))
        return read.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None

"""from, to and a resolution -> the periods of the answer, on the location's own clock."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from lake.errors import LakeError

Resolution = Literal["PT15M", "PT30M", "PT1H", "P1D", "P1W", "P1M", "P1Y"]
_SECONDS = {"PT15M": 900, "PT30M": 1800, "PT1H": 3600}
_SUB_HOUR, _HOURS, _LONG = 7, 93, 5 * 366
_MOST_DAYS = {"PT15M": _SUB_HOUR, "PT30M": _SUB_HOUR, "PT1H": _HOURS}
_FIRST, _LAST = date(1970, 1, 2), date(2199, 12, 31)
# A plus sign in an address that was not escaped arrives as a space.
_UNESCAPED = re.compile(r" (?=\d\d:?\d\d$)")


class BadSpan(LakeError):
    """A span that is empty, too long, or cannot be read."""

    code = "bad-span"


@dataclass(frozen=True)
class Periods:
    """Consecutive half-open periods, as the seconds since 1970 at which they start and end."""

    resolution: str
    edges: tuple[int, ...]
    zone: ZoneInfo

    def __len__(self) -> int:
        return len(self.edges) - 1

    def at(self, instant: datetime) -> int:
        """Return the number of the period in which an instant lies; -1 or too high: none."""
        return bisect_right(self.edges, instant.timestamp()) - 1

    def of_day(self, day: object) -> int:
        """Return the number of the period in which a local day begins; -1 or too high: none."""
        assert isinstance(day, date)
        return bisect_right(self.edges, midnight(day, self.zone)) - 1

    def local(self, edge: int) -> str:
        """Return an edge as ISO 8601 with the location's offset."""
        return datetime.fromtimestamp(self.edges[edge], self.zone).isoformat()

    @property
    def days(self) -> tuple[date, date]:
        """First and last local day, both included."""
        first, last = (datetime.fromtimestamp(t, self.zone).date() for t in self._ends())
        return first, last

    def _ends(self) -> tuple[int, int]:
        return self.edges[0], self.edges[-1] - 1


@lru_cache(maxsize=2_000)
def periods(start: str, end: str, *, resolution: Resolution, zone: ZoneInfo) -> Periods:
    """Return the whole periods that a span touches; BadSpan.

    ``start`` and ``end`` are local dates (2025-10-26) or instants with an offset; ``end`` is
    excluded. The longest spans are 7 days below the hour, 93 days of hours, 5 years of days,
    weeks, months and years. A week begins on Monday (ISO 8601).
    """
    first, last = (_instant(text, zone, name) for text, name in ((start, "from"), (end, "to")))
    if last <= first:
        raise BadSpan(
            "the span is empty: to is not after from", cure="to is excluded: take it later"
        )
    most = _MOST_DAYS.get(resolution, _LONG)
    # A day of 25 hours is a day.
    if last - first > timedelta(days=most, hours=1):
        raise BadSpan(f"{resolution} can be asked for {most} days at most", cure="ask in parts")
    return Periods(resolution, tuple(_edges(first, last, resolution, zone)), zone)


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the instant at which a local day begins, in seconds since 1970."""
    return int(datetime.combine(day, time(), zone).timestamp())


def _instant(text: str, zone: ZoneInfo, name: str) -> datetime:
    try:
        is_day = len(text) == len("2025-10-26")
        said = datetime.fromisoformat(_UNESCAPED.sub("+", text))
    except ValueError as error:
        raise BadSpan(
            f"{name} is neither a date nor an instant: {text[:40]}",
            cure="write 2025-10-26 or 2025-10-26T00:00:00+02:00",
        ) from error
    if not _FIRST <= said.date() <= _LAST:
        raise BadSpan(f"{name} is before {_FIRST} or after {_LAST}: {text}")
    if is_day:
        return datetime.fromtimestamp(midnight(said.date(), zone), UTC)
    if said.tzinfo is None:
        raise BadSpan(f"{name} has no offset: {text}", cure="add Z or an offset as +02:00")
    return said.astimezone(UTC)


def _edges(first: datetime, last: datetime, resolution: str, zone: ZoneInfo) -> Iterator[int]:
    until = last.timestamp()
    if seconds := _SECONDS.get(resolution):
        local = first.astimezone(zone)
        offset = int((local.utcoffset() or timedelta()).total_seconds())
        edge = int(first.timestamp())
        edge -= (edge + offset) % seconds
        while edge < until:
            yield edge
            edge += seconds
        yield edge
        return
    day = _floor(first.astimezone(zone).date(), resolution)
    while (edge := midnight(day, zone)) < until:
        yield edge
        day = _next(day, resolution)
    yield edge


def _floor(day: date, resolution: str) -> date:
    if resolution == "P1W":
        return day - timedelta(days=day.weekday())
    return {"P1D": day, "P1M": day.replace(day=1), "P1Y": day.replace(month=1, day=1)}[resolution]


def _next(day: date, resolution: str) -> date:
    if resolution in ("P1D", "P1W"):
        return day + timedelta(days=1 if resolution == "P1D" else 7)
    if resolution == "P1M":
        return (day + timedelta(days=31)).replace(day=1)
    return day.replace(year=day.year + 1)

"""Stamps that label the start or the end of intervals -> blocks, on clock-change days too."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bronze.formats.columns import resolution_of
from bronze.formats.consecutive import Consecutive, Series, Span, length, span_from
from bronze.formats.local_time import LocalTime
from bronze.formats.mapping_keys import FROM_STAMPS
from bronze.formats.records import ESTIMATED, MEASURED, MISSING, Block
from bronze.formats.rows import UnreadableRow, summed
from bronze.formats.stamps import at

_MOST_DIGITS = 5
_CALENDAR = {"P1D": timedelta(days=1), "P1M": timedelta(days=28), "P1Y": timedelta(days=365)}


class MeterClock(LocalTime):
    """The clock of one series, in a zone or at a fixed offset; it knows where the series stands."""

    def __init__(self, zone: tzinfo) -> None:
        """Take the zone that the mapping or the sender says."""
        super().__init__(zone.key if isinstance(zone, ZoneInfo) else "UTC")
        self.tz = zone
        self.ends_at: datetime | None = None

    def at(self, stamp: datetime) -> datetime:
        """Return the instant of a stamp."""
        return at(stamp, self)

    def started(self, ends: datetime, step: timedelta) -> datetime:
        """Return the instant at which an interval began whose end is labelled.

        In the repeated hour, and where files count on by the wall clock ("02:00" on the day that
        has no two o'clock), it is the instant at which the interval before it ended.
        """
        if ends.tzinfo is not None:
            return ends.astimezone(UTC) - step
        local = ends - step
        possible = [local.replace(tzinfo=self.tz, fold=f).astimezone(UTC) for f in (0, 1)]
        ended = self.instant(ends)
        if self.ends_at in possible and not self.is_in_pairs:
            return self.ends_at
        if ended is not None:
            return ended - step
        if possible[0] > possible[1]:
            raise UnreadableRow(f"{ends} is in the hour that the clocks leave out in {self.zone}")
        return possible[0]


class _Sum(NamedTuple):
    parts: dict[str, str | None]
    words: list[str]
    line: int


class Lengths:
    """How long the intervals of each meter are: the shortest step between its stamps.

    Registers are parts of one interval, and have its length.
    """

    def __init__(self, zone: tzinfo, resolution: str) -> None:
        """Take the length of all, or that the stamps are to tell it."""
        self.zone, self.resolution = zone, resolution
        # Why a stamp is not among those that were seen.
        self.unread: UnreadableRow | None = None
        self._clocks = defaultdict[tuple[str, str], MeterClock](lambda: MeterClock(zone))
        self._last: dict[tuple[str, str], datetime] = {}
        # Two stamps of a meter, and under None of any, than which no others lie nearer.
        self._nearest: dict[str | None, tuple[datetime, datetime]] = {}
        self._told: dict[str, str] = {}

    def is_told(self, meter_id: str) -> bool:
        """Tell whether the length is settled, so that no stamp changes it any more."""
        return meter_id in self._told

    def see(self, meter_id: str, register: str, stamp: datetime) -> None:
        """Take a stamp, in the order of the file; UnreadableRow for one that the day has not."""
        series = (meter_id, register)
        instant = self._clocks[series].at(stamp)
        last = self._last.get(series, instant)
        self._last[series] = instant
        for whose in (meter_id, None):
            near = self._nearest.get(whose)
            if last < instant and (near is None or instant - last < near[1] - near[0]):
                self._nearest[whose] = (last, instant)

    def of(self, meter_id: str) -> str:
        """Return the length of a meter's intervals; of one with a single stamp the shortest of all.

        UnreadableFile where no meter has two stamps.
        """
        if self.resolution != FROM_STAMPS:
            return self.resolution
        if meter_id not in self._told:
            near = self._nearest.get(meter_id) or self._nearest.get(None)
            self._told[meter_id] = resolution_of(near or (), self.zone, unread=self.unread)
        return self._told[meter_id]


class Intervals:
    """Intervals, the registers of one interval added up, as blocks."""

    def __init__(self, zone: tzinfo, labels: str, *, has_registers: bool = False) -> None:
        """Take what the stamps label, ``start`` or ``end``, and whether values are parts."""
        self.zone, self.labels = zone, labels
        self.has_registers = has_registers
        self._blocks = Consecutive(zone)
        self._sums: dict[Series, dict[Span, _Sum]] = {}

    def add(
        self, meter_id: str, register: str, unit: str, value: str | None,
        *, stamp: datetime, resolution: str, clock: MeterClock, word: str, line: int,
    ) -> Iterator[Block]:  # fmt: skip
        """Take a value by its stamp; UnreadableRow for a stamp that the day has not."""
        where = self._span(stamp, resolution, clock)
        clock.ends_at = where.ends_at
        return self.put(meter_id, register, unit, where, value, word=word, line=line)

    def put(
        self, meter_id: str, register: str, unit: str, where: Span, value: str | None,
        *, word: str, line: int,
    ) -> Iterator[Block]:  # fmt: skip
        """Take a value by its interval; where there are registers it waits for the others."""
        series = Series(meter_id, unit)
        if not self.has_registers:
            yield from self._put(series, where, _Sum({register: value}, [word], line))
            return
        # They may stand anywhere in the file; of one that is said again the last value counts.
        known = self._sums.setdefault(series, {}).setdefault(where, _Sum({}, [], line))
        known.parts[register] = value if value is not None else known.parts.get(register)
        known.words.append(word)

    def rest(self) -> Iterator[Block]:
        """Yield what is still open."""
        for series, sums in self._sums.items():
            for where in sorted(sums):
                yield from self._put(series, where, sums[where])
        self._sums.clear()
        yield from self._blocks.rest()

    def _put(self, series: Series, where: Span, added: _Sum) -> Iterator[Block]:
        value = summed(added.parts.values())
        word = MEASURED
        if value is None or MISSING in added.words:
            value, word = None, MISSING
        elif ESTIMATED in added.words:
            word = ESTIMATED
        return self._blocks.add(series, where, value, quality=word, line=added.line)

    def _span(self, stamp: datetime, resolution: str, clock: MeterClock) -> Span:
        if self.labels == "start":
            return span_from(clock.at(stamp), resolution, self.zone)
        if resolution not in _CALENDAR:
            step = length(resolution)
            starts_at = clock.started(stamp, step)
            return Span(starts_at, starts_at + step, resolution)
        ends = clock.at(stamp).astimezone(self.zone).replace(tzinfo=None)
        starts = ends - timedelta(days=1)
        if resolution != "P1D":
            months = starts.month - 1 if resolution == "P1Y" else 0
            starts = starts.replace(day=1, month=starts.month - months)
        return span_from(starts.replace(tzinfo=self.zone).astimezone(UTC), resolution, self.zone)


def nominal(resolution: str) -> timedelta:
    """Return how long a resolution is at the least."""
    return _CALENDAR.get(resolution) or length(resolution)


def numbered(day: datetime, said: str, step: timedelta, zone: tzinfo) -> datetime:
    """Return when an interval of a local day begins that is told by its number, from 1.

    UnreadableRow for what is no number, or one that the day has not.
    """
    number = said.strip()
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        raise UnreadableRow(f"{said!r} is no number of an interval")
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone)
    begins, ends = midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
    starts_at = begins + (int(number) - 1) * step
    if not begins <= starts_at < ends:
        raise UnreadableRow(f"{day:%Y-%m-%d} has no interval {number} of {step}")
    return starts_at

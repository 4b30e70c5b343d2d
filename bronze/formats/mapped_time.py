"""Stamps that label the start or the end of intervals -> blocks, on clock-change days too."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bronze.formats.consecutive import Consecutive, Series, Span, length, span_from
from bronze.formats.local_time import LocalTime
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
        self.known: Span | None = None

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
        if self.known and self.known.ends_at in possible and not self.is_in_pairs:
            return self.known.ends_at
        if ended is not None:
            return ended - step
        if possible[0] > possible[1]:
            raise UnreadableRow(f"{ends} is in the hour that the clocks leave out in {self.zone}")
        return possible[0]


class _Sum(NamedTuple):
    parts: dict[str, str | None]
    words: list[str]
    line: int


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
        """Take a value by its stamp.

        UnreadableRow for a stamp that the day has not, and within the interval before it.
        """
        where = self._span(stamp, resolution, clock)
        if clock.known and clock.known.starts_at < where.starts_at < clock.known.ends_at:
            raise UnreadableRow(f"{stamp} is within the {clock.known.resolution} before it")
        clock.known = where
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

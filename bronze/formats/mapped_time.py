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


class _Pending(NamedTuple):
    where: Span
    parts: dict[str, str | None]
    words: list[str]
    line: int


class Intervals:
    """Intervals of one length, the registers of one interval added up, as blocks."""

    def __init__(self, resolution: str, zone: tzinfo, labels: str) -> None:
        """Take what the stamps label: ``start`` or ``end``."""
        self.resolution, self.zone, self.labels = resolution, zone, labels
        self._blocks = Consecutive(zone)
        self._pending: dict[Series, _Pending] = {}

    def add(
        self, meter_id: str, register: str, unit: str, value: str | None,
        *, stamp: datetime, clock: MeterClock, word: str, line: int,
    ) -> Iterator[Block]:  # fmt: skip
        """Take a value by its stamp; UnreadableRow for a stamp that the day has not."""
        where = self._span(stamp, clock)
        clock.ends_at = where.ends_at
        return self.put(meter_id, register, unit, where, value, word=word, line=line)

    def put(
        self, meter_id: str, register: str, unit: str, where: Span, value: str | None,
        *, word: str, line: int,
    ) -> Iterator[Block]:  # fmt: skip
        """Take a value by its interval; it waits for its other registers, if it has any."""
        series = Series(meter_id, unit)
        pending = self._pending.get(series)
        if pending is not None and pending.where == where and register not in pending.parts:
            pending.parts[register] = value
            pending.words.append(word)
            return
        if pending is not None:
            yield from self._put(series, pending)
        self._pending[series] = _Pending(where, {register: value}, [word], line)

    def rest(self) -> Iterator[Block]:
        """Yield what is still open."""
        for series, pending in self._pending.items():
            yield from self._put(series, pending)
        self._pending.clear()
        yield from self._blocks.rest()

    def _put(self, series: Series, pending: _Pending) -> Iterator[Block]:
        value = summed(pending.parts.values())
        word = MEASURED
        if value is None or MISSING in pending.words:
            value, word = None, MISSING
        elif ESTIMATED in pending.words:
            word = ESTIMATED
        return self._blocks.add(series, pending.where, value, quality=word, line=pending.line)

    def _span(self, stamp: datetime, clock: MeterClock) -> Span:
        if self.labels == "start":
            return span_from(clock.at(stamp), self.resolution, self.zone)
        if self.resolution not in _CALENDAR:
            step = length(self.resolution)
            starts_at = clock.started(stamp, step)
            return Span(starts_at, starts_at + step, self.resolution)
        ends = clock.at(stamp).astimezone(self.zone).replace(tzinfo=None)
        starts = ends - timedelta(days=1)
        if self.resolution != "P1D":
            months = starts.month - 1 if self.resolution == "P1Y" else 0
            starts = starts.replace(day=1, month=starts.month - months)
        return span_from(
            starts.replace(tzinfo=self.zone).astimezone(UTC), self.resolution, self.zone
        )


def nominal(resolution: str) -> timedelta:
    """Return how long a resolution is at the least."""
    return _CALENDAR.get(resolution) or length(resolution)

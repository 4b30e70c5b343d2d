"""Single values with begin and end -> blocks of consecutive ones, and how long an interval is."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from bronze.formats.records import Block
from bronze.formats.resolution import named

_DAY_S = 24 * 3600


class Value(NamedTuple):
    """One interval of one series; ``starts_at`` and ``ends_at`` are instants in UTC."""

    meter_id: str
    unit: str
    starts_at: datetime
    ends_at: datetime
    value: str | None
    quality: str
    known_at: datetime | None = None
    line: int = 0


class Joined:
    """The block that grows; ``local`` returns an instant by the clock whose days and months count.

    A block is a day long at most, and one value where an interval is that long or longer.
    """

    def __init__(self, local: Callable[[datetime], datetime]) -> None:
        """Begin without a block."""
        self._local = local
        self._first: Value | None = None
        self._length_s = self._most = 0
        self._ends_at: datetime | None = None
        self._values: list[str | None] = []
        self._words: list[str] = []

    def add(self, value: Value) -> Iterator[Block]:
        """Add a value; yield the block before it where it begins another."""
        first = self._first
        length_s = int((value.ends_at - value.starts_at).total_seconds())
        if (
            first is None
            or self._ends_at != value.starts_at
            or self._length_s != length_s
            or len(self._values) >= self._most
            or (first.meter_id, first.unit, first.known_at)
            != (value.meter_id, value.unit, value.known_at)
        ):
            yield from self.end()
            self._first, self._length_s = value, length_s
            self._most = max(1, _DAY_S // length_s)
        self._values.append(value.value)
        self._words.append(value.quality)
        self._ends_at = value.ends_at

    def end(self) -> Iterator[Block]:
        """Yield the block that has grown, if there is one."""
        first, ends_at = self._first, self._ends_at
        if first is None or ends_at is None:
            return
        resolution, starts_at = _resolution(first, self._local)
        words = self._words
        yield Block(
            meter_id=first.meter_id,
            starts_at=starts_at,
            resolution=resolution,
            unit=first.unit,
            values=self._values,
            quality=words[0] if len(set(words)) == 1 else words,
            known_at=first.known_at,
            line=first.line,
        )
        self._first, self._values, self._words = None, [], []


def _resolution(value: Value, local: Callable[[datetime], datetime]) -> tuple[str, datetime]:
    """Return the length of an interval as ISO 8601, and its begin.

    Whole local days and months are P1D and P1M, and begin with the zone's offset, which tells the
    day; anything else is the time that passed.
    """
    length_s = int((value.ends_at - value.starts_at).total_seconds())
    if length_s >= 23 * 3600:
        begin, end = (local(moment) for moment in (value.starts_at, value.ends_at))
        if not any((begin.hour, begin.minute, begin.second, end.hour, end.minute, end.second)):
            days = (end.date() - begin.date()).days
            is_month = begin.day == end.day == 1 and 28 <= days <= 31
            if is_month or days == 1:
                offset = timezone(begin.utcoffset() or timedelta(0))
                return "P1M" if is_month else "P1D", begin.replace(tzinfo=offset)
    return named(length_s), value.starts_at

"""Single values with begin and end -> blocks of consecutive ones, and how long an interval is."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from bronze.formats.records import Block
from bronze.formats.resolution import named

_DAY_S = 24 * 3600


class Value(NamedTuple):
    """One interval of one series; ``starts_s`` and ``ends_s`` are seconds since 1970 in UTC."""

    meter_id: str
    unit: str
    starts_s: int
    ends_s: int
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
        self._of: tuple[str, str, datetime | None] | None = None
        self._length_s = self._most = 0
        self._ends_s: int | None = None
        self._values: list[str | None] = []
        self._words: list[str] = []

    def add(self, values: Iterable[Value]) -> Iterator[Block]:
        """Add values; yield the block before each that begins another."""
        for value in values:
            meter_id, unit, starts_s, ends_s, number, word, known_at, _ = value
            if (
                self._ends_s != starts_s
                or self._length_s != ends_s - starts_s
                or len(self._values) >= self._most
                or self._of != (meter_id, unit, known_at)
            ):
                yield from self.end()
                self._first, self._of = value, (meter_id, unit, known_at)
                self._length_s = ends_s - starts_s
                self._most = max(1, _DAY_S // self._length_s)
            self._values.append(number)
            self._words.append(word)
            self._ends_s = ends_s

    def end(self) -> Iterator[Block]:
        """Yield the block that has grown, if there is one."""
        first = self._first
        if first is None:
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
        self._first, self._ends_s, self._values, self._words = None, None, [], []


def instant(seconds: int) -> datetime:
    """Return the instant (UTC) that lies so many seconds after the begin of 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _resolution(value: Value, local: Callable[[datetime], datetime]) -> tuple[str, datetime]:
    """Return the length of an interval as ISO 8601, and its begin.

    Whole local days and months are P1D and P1M, and begin with the zone's offset, which tells the
    day; anything else is the time that passed.
    """
    starts_at, length_s = instant(value.starts_s), value.ends_s - value.starts_s
    if length_s >= 23 * 3600:
        begin, end = (local(moment) for moment in (starts_at, instant(value.ends_s)))
        if not any((begin.hour, begin.minute, begin.second, end.hour, end.minute, end.second)):
            days = (end.date() - begin.date()).days
            is_month = begin.day == end.day == 1 and 28 <= days <= 31
            if is_month or days == 1:
                offset = timezone(begin.utcoffset() or timedelta(0))
                return "P1M" if is_month else "P1D", begin.replace(tzinfo=offset)
    return named(length_s), starts_at

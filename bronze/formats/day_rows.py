"""A row a day, its values in the order of the day -> intervals, on clock-change days too.

A row with exactly the day's 92 or 100 quarter hours (23 or 25 hours), one after the other, is
counted from midnight. So is every row of a table with columns for more than 24 hours, and a row
with more values than that: there an empty cell is a missing value; but a spring row that leaves
its hour open and goes on behind the day's last is not. Otherwise the columns' times are taken for
what they say: in autumn a time that stands once is the first of the two hours, and the second is a
gap. Columns that the day has not, and values behind its last, are left out where they are empty or
zero, and refused where they have energy.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from bronze.formats.consecutive import Span, lasting
from bronze.formats.local_time import LocalTime

_A_DAY = 24 * 60


class DayColumns:
    """The minutes from midnight at which the columns of a row begin, and their length."""

    def __init__(self, minutes: Sequence[int], step: int) -> None:
        """Take the minutes in the order of the columns, and the length of each in minutes."""
        self.minutes = minutes
        self.step = timedelta(minutes=step)
        self.resolution = lasting(step * 60)
        self._a_day = _A_DAY // step
        a_day = minutes[: self._a_day]
        self._is_from_midnight = all(m == n * step for n, m in enumerate(a_day))

    def count(self, day: datetime, clock: LocalTime) -> int:
        """Return how many intervals a local day has."""
        begins, ends = (clock.midnight(day + timedelta(days=n)) for n in (0, 1))
        return (ends - begins) // self.step

    def placed(
        self, day: datetime, values: Sequence[str | None], clock: LocalTime
    ) -> Iterator[tuple[Span | str, str | None]]:
        """Yield each value with its interval, or with why it has none."""
        midnight, count = clock.midnight(day), self.count(day, clock)
        filled = len(values)
        while filled and values[filled - 1] is None:
            filled -= 1
        if self._is_counted(day, values[:filled], count, clock):
            for n, value in enumerate(values[:count]):
                yield self._span(midnight + n * self.step), value
            beyond = values[count:]
        else:
            yield from self._by_name(day, values, clock)
            beyond = values[len(self.minutes) :]
        if any(map(_has_energy, beyond)):
            yield f"{filled} values, and the day has {count}", None

    def _is_counted(
        self, day: datetime, filled: Sequence[str | None], count: int, clock: LocalTime
    ) -> bool:
        if not self._is_from_midnight:
            return False
        if len(filled) == count and None not in filled:
            return True
        if max(len(self.minutes), len(filled)) <= self._a_day:
            return False
        open_hour = [
            value
            for minute, value in zip(self.minutes, filled, strict=False)
            if minute < _A_DAY and not clock.has(day + timedelta(minutes=minute))
        ]
        return not open_hour or len(filled) <= count or any(map(_has_energy, open_hour))

    def _by_name(
        self, day: datetime, values: Sequence[str | None], clock: LocalTime
    ) -> Iterator[tuple[Span | str, str | None]]:
        known: set[datetime] = set()
        for minute, value in zip(self.minutes, values, strict=False):
            is_of_day = minute < _A_DAY
            starts_at = clock.instant(day + timedelta(minutes=minute)) if is_of_day else None
            if starts_at is not None and starts_at not in known:
                known.add(starts_at)
                yield self._span(starts_at), value
            elif _has_energy(value):
                why = "is only once in" if starts_at in known else "is no time of"
                yield f"{minute // 60:02}:{minute % 60:02} {why} that day", value

    def _span(self, starts_at: datetime) -> Span:
        return Span(starts_at, starts_at + self.step, self.resolution)


def _has_energy(value: str | None) -> bool:
    return value is not None and bool(Decimal(value))

"""A row a day, its values in the order of the day -> intervals, on clock-change days too.

A row with exactly the day's 92 or 100 quarter hours (23 or 25 hours), one after the other, is
counted from midnight. Otherwise the columns' times are taken for what they say: in spring those
that the day has not are left out where they are empty or zero, and refused where they have energy;
in autumn a time that stands once is the first of the two hours, and the second is a gap. Values
that are neither counted nor have a column are refused.
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
        a_day = minutes[: _A_DAY // step]
        self._is_from_midnight = all(m == n * step for n, m in enumerate(a_day))

    def placed(
        self, day: datetime, values: Sequence[str | None], clock: LocalTime
    ) -> Iterator[tuple[Span | str, str | None]]:
        """Yield each value with its interval, or with why it has none."""
        midnight, next_midnight = (clock.midnight(day + timedelta(days=n)) for n in (0, 1))
        count = (next_midnight - midnight) // self.step
        filled = len(values)
        while filled and values[filled - 1] is None:
            filled -= 1
        if filled == count and self._is_from_midnight and None not in values[:filled]:
            for n, value in enumerate(values[:filled]):
                yield self._span(midnight + n * self.step), value
            return
        for minute, value in zip(self.minutes, values, strict=False):
            starts_at = clock.instant(day + timedelta(minutes=minute))
            if starts_at is not None:
                yield self._span(starts_at), value
            elif value is not None and Decimal(value):
                yield f"{minute // 60:02}:{minute % 60:02} is no time of that day", value
        if filled > len(self.minutes):
            yield f"{filled} values, and the day has {count}", None

    def _span(self, starts_at: datetime) -> Span:
        return Span(starts_at, starts_at + self.step, self.resolution)

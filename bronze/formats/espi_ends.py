"""Intervals that are told up to their last second -> whole ones: an hour of Opower has 3599 s.

Days of gas of PG&E are told from their first second: they begin one second past midnight.
"""

from collections.abc import Iterator
from datetime import timedelta

from bronze.formats.espi_shared import Series
from bronze.formats.joined import Value

_SECOND, _MINUTE_S = timedelta(seconds=1), 60


def begin_s(first_s: int, length_s: int) -> int:
    """Return when an interval begins (s since 1970) of which the first second is told."""
    is_late = length_s and length_s % _MINUTE_S == 0 and first_s % _MINUTE_S == 1
    return first_s - 1 if is_late else first_s


class Ends:
    """The values of a feed in its order; one that ends early waits for the next."""

    def __init__(self) -> None:
        """Begin without a value."""
        self._before: tuple[Series, Value] | None = None
        # Where one ends a second before the next begins, the last of a file and of a day do too.
        self._early: set[Series] = set()

    def are_told(self, length_s: int) -> bool:
        """Tell whether a value of this length (s) need not pass: nothing waits, nor would it."""
        return self._before is None and length_s % _MINUTE_S != _MINUTE_S - 1

    def add(self, series: Series, value: Value) -> Iterator[tuple[Series, Value]]:
        """Take a value; yield the one that waits, and this one where it is whole."""
        yield from self.rest(series, value)
        if self.are_told(_length_s(value)):
            yield series, value
        else:
            self._before = series, value

    def rest(
        self, of_next: Series | None = None, following: Value | None = None
    ) -> Iterator[tuple[Series, Value]]:
        """Yield the value that waits, with its last second."""
        if self._before is None:
            return
        (series, value), self._before = self._before, None
        ends_at = value.ends_at + _SECOND
        if following and series == of_next and following.starts_at == ends_at:
            self._early.add(series)
        yield series, value._replace(ends_at=ends_at) if series in self._early else value


def _length_s(value: Value) -> int:
    return int((value.ends_at - value.starts_at).total_seconds())

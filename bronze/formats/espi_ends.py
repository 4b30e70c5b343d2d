"""Intervals that are told up to their last second -> whole ones: an hour of Opower has 3599 s."""

from collections.abc import Iterator
from datetime import timedelta

from bronze.formats.espi_feed import Series
from bronze.formats.joined import Value

_SECOND, _MINUTE_S = timedelta(seconds=1), 60


class Ends:
    """The values of a feed in its order; each is given out when the next one has come."""

    def __init__(self) -> None:
        """Begin without a value."""
        self._before: tuple[Series, Value] | None = None
        # Where one ends a second before the next begins, the last of a file and of a day do too.
        self._early: set[Series] = set()

    def add(self, series: Series, value: Value) -> Iterator[tuple[Series, Value]]:
        """Take a value; yield the one before it."""
        yield from self.rest(series, value)
        self._before = series, value

    def rest(
        self, of_next: Series | None = None, following: Value | None = None
    ) -> Iterator[tuple[Series, Value]]:
        """Yield the value that waits, with its last second."""
        if self._before is None:
            return
        (series, value), self._before = self._before, None
        length_s = int((value.ends_at - value.starts_at).total_seconds())
        if length_s % _MINUTE_S == _MINUTE_S - 1:
            ends_at = value.ends_at + _SECOND
            if following and series == of_next and following.starts_at == ends_at:
                self._early.add(series)
            if series in self._early:
                value = value._replace(ends_at=ends_at)
        yield series, value

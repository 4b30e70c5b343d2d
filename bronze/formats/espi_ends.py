"""Intervals that are told up to their last second -> whole ones: an hour of Opower has 3599 s.

Days of gas of PG&E are told from their first second: they begin one second past midnight.
"""

import itertools
from collections.abc import Iterator, Sequence

from bronze.formats.espi_shared import Series
from bronze.formats.joined import Value

_MINUTE_S = 60
Values = Sequence[Value]


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

    def add(self, series: Series, values: Values) -> Iterator[tuple[Series, Values]]:
        """Take values of a series; yield the one that waits, and these but a last that waits."""
        if not values:
            return
        if self._before is None and not any(map(_is_early, values)):
            yield series, values
            return
        yield from self.rest(series, values[0])
        is_early, whole = series in self._early, list[Value]()
        for value, following in itertools.zip_longest(values, values[1:]):
            if not _is_early(value):
                whole.append(value)
            elif following is None:
                self._before = series, value
            else:
                is_early = is_early or following.starts_s == value.ends_s + 1
                whole.append(value._replace(ends_s=value.ends_s + 1) if is_early else value)
        if is_early:
            self._early.add(series)
        yield series, whole

    def rest(
        self, of_next: Series | None = None, following: Value | None = None
    ) -> Iterator[tuple[Series, Values]]:
        """Yield the value that waits, with its last second."""
        if self._before is None:
            return
        (series, value), self._before = self._before, None
        ends_s = value.ends_s + 1
        if following and series == of_next and following.starts_s == ends_s:
            self._early.add(series)
        yield series, [value._replace(ends_s=ends_s) if series in self._early else value]


def _is_early(value: Value) -> bool:
    return (value.ends_s - value.starts_s) % _MINUTE_S == _MINUTE_S - 1

"""A row a day, as a mapping describes it -> the cells of its values, and when each begins.

EPEX and Nord Pool print the two hours of autumn as columns 3A and 3B, of which 3B is empty on all
other days: it has the time of its neighbour.
"""

import re
from datetime import datetime

from bronze.formats.day_rows import DayColumns
from bronze.formats.local_time import LocalTime
from bronze.formats.mapped_columns import Header
from bronze.formats.mapped_time import nominal
from bronze.formats.mapping_keys import Day
from bronze.formats.records import Refused
from bronze.formats.rows import Row
from lake.ingestion.files import UnreadableFile

_A_DAY, _HOUR = 24 * 60, 60
_FIRST_OF_TWO = re.compile(r"(?<=\d)a\b")


class DayCells:
    """The columns of a day in one file."""

    def __init__(self, keys: Day, header: Header, resolution: str) -> None:
        """Find the columns; UnreadableFile where one is not there, or no day has such intervals."""
        step = int(nominal(resolution).total_seconds()) // 60
        if not step or _A_DAY % step:
            raise UnreadableFile(f"{resolution} divides no day", cure="say PT15M, PT30M or PT1H")
        self.first = header.place(keys.first, "day.first")
        self.end = self.first + keys.count
        an_hour = _HOUR // step
        again = self._again(keys, header, an_hour)
        columns = [*range(keys.count)]
        if again is not None:
            columns = [*range(again), *range(again - an_hour, keys.count - an_hour)]
        self.times = DayColumns([n * step for n in columns], step)

    def of(self, row: Row, day: datetime, clock: LocalTime) -> list[str] | Refused:
        """Return the cells of the values; refuse a row with others behind the header.

        Where the day's columns are the last, a row may have those of the repeated hour behind them.
        """
        named = [row.cell(place) for place in range(self.first, min(self.end, row.width))]
        refused = row.shifted()
        if refused is None:
            return named
        count, cells = self.times.count(day, clock), row.cells[self.first :]
        if self.end < row.width or not len(named) < count <= len(cells) or any(cells[count:]):
            return refused
        return cells[:count]

    def _again(self, keys: Day, header: Header, an_hour: int) -> int | None:
        """Return which of the columns is the first of the repeated hour."""
        if keys.repeated:
            again = header.place(keys.repeated, "day.repeated") - self.first
            if not an_hour <= again <= keys.count - an_hour:
                raise UnreadableFile(
                    f"day.repeated: {keys.repeated!r} is no second hour of the day",
                    cure="name a column at least an hour behind day.first, and within day.count",
                )
            return again
        names = header.names[self.first : self.end]
        for n in range(an_hour, len(names) - an_hour + 1) if an_hour else ():
            pairs = zip(names[n - an_hour : n], names[n : n + an_hour], strict=True)
            if all(_is_repeated(*pair) for pair in pairs):
                return n
        return None


def _is_repeated(first: str, second: str) -> bool:
    """Tell whether a column is the second of one hour: 3A and 3B, H3 and H3B, or one name twice."""
    return second in (first, f"{first}b", _FIRST_OF_TWO.sub("b", first))

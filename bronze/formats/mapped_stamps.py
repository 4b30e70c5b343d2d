"""The cells of a row -> its stamp, as the mapping says that it stands there."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from bronze.formats.mapped_columns import Header
from bronze.formats.mapped_time import nominal, numbered
from bronze.formats.mapping_keys import Stamp
from bronze.formats.rows import Row, UnreadableRow, amount
from bronze.formats.stamps import in_years, iso, wall_clock

# Not the minutes and seconds of 10:24:00.
_MIDNIGHT = re.compile(r"(?<![\d:])24:00(:00)?(?![\d:])")
# strptime knows AM, and not a.m. as Canadian and Spanish files have it.
_HALF_DAY = re.compile(r"\b([ap])\.? ?m\b\.?", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Day 0 of Excel on Windows, whose 1900 has a 29th of February.
_EXCEL, _EPOCH = datetime(1899, 12, 30), datetime(1970, 1, 1, tzinfo=UTC)  # noqa: DTZ001
_SECONDS = {"excel": Decimal(86_400), "epoch": Decimal(1), "epoch-ms": Decimal("0.001")}
_DAY = timedelta(days=1)


class Stamps:
    """The columns of the stamp in one file."""

    def __init__(self, keys: Stamp, header: Header, resolution: str, zone: tzinfo) -> None:
        """Find the columns; UnreadableFile where one is not there."""
        self.keys, self.resolution, self.zone = keys, resolution, zone
        self._places = [header.place(name, "stamp") for name in keys.columns or [keys.column]]
        self._number = header.optional(keys.number, "stamp.number")
        self._months = {name.lower(): short for name, short in zip(keys.months, _MONTHS)}  # noqa: B905 - may be left out

    def of(self, row: Row) -> datetime:
        """Return the stamp of a row, without offset where nothing tells it; UnreadableRow."""
        said = " ".join(row.cell(place) for place in self._places).strip()
        if self.keys.pattern:
            match = re.search(self.keys.pattern, said)
            if match is None or not match[1]:
                raise UnreadableRow(f"{said!r} is not as stamp.pattern says")
            said = match[1].strip()
        found = self._found(said)
        if found.tzinfo is None and self.keys.fixed:
            found = found.replace(tzinfo=self.keys.fixed)
        if self._number is None:
            return found
        return numbered(found, row.cell(self._number), nominal(self.resolution), self.zone)

    def _found(self, said: str) -> datetime:
        form = self.keys.format
        if form in _SECONDS:
            return self._counted(said, _SECONDS[form])
        if form == "iso":
            later = _DAY if _MIDNIGHT.search(said) else timedelta()
            return iso(_MIDNIGHT.sub(lambda match: "00" + match[0][2:], said)) + later
        if "%p" in form:
            said = _HALF_DAY.sub(r"\1m", said)
        if self._months:
            said = re.sub(r"[^\W\d_]+\.?", self._month, said)
        return wall_clock(said, (form,))

    def _counted(self, said: str, unit: Decimal) -> datetime:
        """Read a number of days (Excel, by the wall clock) or seconds (the epoch)."""
        number = amount(said, decimal="," if "," in said else ".")
        if number is None:
            raise UnreadableRow("no stamp")
        begin = _EXCEL if self.keys.format == "excel" else _EPOCH
        try:
            found = begin + timedelta(seconds=round(Decimal(number) * unit))
        except OverflowError as error:
            raise UnreadableRow(f"{said!r} is in no year of meter readings") from error
        return in_years(found if found.tzinfo is None else found.astimezone(self.zone), said)

    def _month(self, word: re.Match[str]) -> str:
        plain = word[0].lower()
        return self._months.get(plain) or self._months.get(plain.rstrip("."), word[0])


class _Before(NamedTuple):
    """The stamp ahead in a series, what it was taken for, and how far it lay behind its own."""

    stamp: datetime
    taken: datetime
    step: timedelta
    midnight: datetime | None


class DayEnds:
    """The date of the midnight that ends a day, where stamps label the ends of intervals.

    Some files have it with the date of that day: 23:45 of the 1st, and then 00:00 of the 1st. Such
    a midnight lies a day less a step before the stamp ahead; where one did, so does any that lies
    before the stamp ahead with its date. One that was said before it begins its day.
    """

    def __init__(self, keys: Stamp) -> None:
        """Take whether ends are labelled, and what the mapping says of midnight."""
        self._is_asked = keys.labels == "end" and keys.midnight != "next_day"
        self._is_said = keys.midnight == "same_day"
        self._is_found = False
        self._before: dict[Sequence[str], _Before] = {}

    def of(self, series: Sequence[str], stamp: datetime) -> datetime:
        """Return a stamp with the date that the calendar has for it; in the order of the file."""
        if not self._is_asked:
            return stamp
        wall = stamp.replace(tzinfo=None)
        before = self._before.get(series)
        if before is not None and before.stamp == wall:
            return before.taken.replace(tzinfo=stamp.tzinfo)
        is_midnight = (wall.hour, wall.minute, wall.second) == (0, 0, 0)
        is_late = is_midnight and (self._is_said or self._ends(before, wall))
        taken = stamp + _DAY if is_late else stamp
        self._before[series] = _Before(
            wall, taken.replace(tzinfo=None), wall - before.stamp if before else timedelta(),
            wall if is_midnight or before is None else before.midnight,
        )  # fmt: skip
        return taken

    def _ends(self, before: _Before | None, midnight: datetime) -> bool:
        if before is None or before.step <= timedelta() or before.midnight == midnight:
            return False
        if not midnight < before.stamp < midnight + _DAY:
            return False
        self._is_found = self._is_found or before.stamp + before.step == midnight + _DAY
        return self._is_found

"""Any other CSV -> readings or register reads, as a mapping describes it (``--mapping FILE``).

The keys are in ``mapping_keys.py`` and, with an example, in README.md. Three forms: a row a value
(``value``), a column a meter, direction or register (``columns``), a row a day (``day``). Rows and
columns of one interval to which the mapping gives different registers are parts of one value, and
added up, wherever they stand: such a file is held until its end. Nothing is guessed: no file is
known by its bytes.
"""

import itertools
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import IO, NamedTuple

from bronze.formats.consecutive import with_offset
from bronze.formats.day_rows import DayColumns
from bronze.formats.mapped_columns import Header
from bronze.formats.mapped_time import Intervals, Lengths, MeterClock, nominal, numbered
from bronze.formats.mapping_keys import FROM_STAMPS, Mapping, Rule, mapping_of
from bronze.formats.opened import text
from bronze.formats.records import MEASURED, Read, Record, Told
from bronze.formats.rows import Row, UnreadableRow, amount, plain_id, rows, unit_of
from bronze.formats.stamps import iso, wall_clock, zone_told
from lake.ingestion.files import UnreadableFile

VERSION = 1
# From the first row of a meter on, as many rows tell how long its intervals are.
_ROWS_AHEAD = 5000
# Not the minutes and seconds of 10:24:00.
_MIDNIGHT = re.compile(r"(?<![\d:])24:00(:00)?(?![\d:])")


class _Whose(NamedTuple):
    """The meter of a row, and what a rule of ``direction`` adds to it."""

    meter_id: str
    suffix: str = ""
    register: str = ""

    @property
    def series(self) -> str:
        return self.meter_id + self.suffix


class _Said(NamedTuple):
    """One value of a row, and whose it is; without value where it is ``wrong``."""

    meter_id: str
    register: str
    unit: str
    value: str | None
    wrong: UnreadableRow | None


def is_its(name: str, head: bytes) -> bool:
    """Tell that no file is known by its bytes: a mapping is told, never found."""
    del name, head
    return False


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield what the mapping says of a file; rows that do not fit it are refused.

    UnreadableFile where the mapping is wrong (its key is named) or names a column that is not
    there.
    """
    keys = mapping_of(told.mapping)
    zone = keys.stamp.fixed or zone_told(
        keys.stamp.zone or told.zone, "say stamp.zone or stamp.offset in the mapping, or --zone"
    )
    with text(stream, keys.encoding) as lines:
        listed = rows(lines, keys.separator, skip=keys.skip_rows)
        first = next(listed, None)
        if first is None:
            raise UnreadableFile("the file has no rows", cure="send it again, whole")
        if not keys.header:
            listed = itertools.chain([first], listed)
        if keys.stamp.newest_first:
            listed = reversed(list(listed))
        numbers = [str(n + 1) for n in range(len(first.cells))]
        mapped = _Mapped(keys, Header(first.cells if keys.header else numbers), told, zone)
        yield from mapped.days(listed) if keys.day else mapped.values(listed)


class _Mapped:
    """A mapping that has found its columns in one file."""

    def __init__(self, keys: Mapping, header: Header, told: Told, zone: tzinfo) -> None:
        self.keys, self.told, self.zone = keys, told, zone
        stamps = keys.stamp.columns or [keys.stamp.column]
        self.stamps = [header.place(name, "stamp") for name in stamps]
        self.number = header.optional(keys.stamp.number, "stamp.number")
        self.meter = header.optional(keys.meter.column, "meter.column")
        self.unit = header.optional(keys.unit_column, "unit_column")
        self.quality = header.optional(
            keys.quality.column if keys.quality else "", "quality.column"
        )
        self.direction = header.optional(
            keys.direction.column if keys.direction else "", "direction.column"
        )
        self.value = header.optional(keys.value, "value")
        self.first = header.optional(keys.day.first if keys.day else "", "day.first")
        self.columns = header.of_values(keys.columns, keys.meter)

    def values(self, listed: Iterator[Row]) -> Iterator[Record]:
        """Yield the records of rows with a stamp each."""
        lengths = Lengths(self.zone, self.keys.resolution)
        intervals = Intervals(
            self.zone, self.keys.stamp.labels, has_registers=self.keys.has_registers
        )
        clocks = defaultdict[tuple[str, str], MeterClock](lambda: MeterClock(self.zone))
        for row in self._seen(listed, lengths):
            try:
                stamp, word, whose = self._stamp(row), self._word(row), self._whose(row)
            except UnreadableRow as error:
                yield row.refused(error)
                continue
            if whose is None:
                continue
            said = list(self._said(row, whose))
            if wrong := next((each.wrong for each in said if each.wrong), None):
                yield row.refused(wrong)
                if not self.keys.has_registers:
                    continue  # else the sums of which it has parts are not known
            for each in said:
                clock = clocks[each.meter_id, each.register]
                try:
                    if self.keys.kind == "interval":
                        yield from intervals.add(
                            each.meter_id, each.register, each.unit, each.value,
                            stamp=stamp, resolution=lengths.of(whose.series), clock=clock,
                            word=word, line=row.line,
                        )  # fmt: skip
                    elif each.value is not None:
                        yield Read(
                            each.meter_id, with_offset(clock.at(stamp), self.zone), each.value,
                            each.unit, register=each.register, quality=word or MEASURED,
                            line=row.line,
                        )  # fmt: skip
                except UnreadableRow as error:
                    yield row.refused(error)
        yield from intervals.rest()

    def days(self, listed: Iterator[Row]) -> Iterator[Record]:
        """Yield the blocks of rows with a day each."""
        day = self.keys.day
        step = int(nominal(self.keys.resolution).total_seconds()) // 60
        count = day.count if day else 0
        if not step or 1440 % step:
            raise UnreadableFile(
                f"{self.keys.resolution} divides no day", cure="say PT15M, PT30M or PT1H"
            )
        times = DayColumns([n * step for n in range(count)], step)
        intervals = Intervals(self.zone, "start", has_registers=self.keys.has_registers)
        clock = MeterClock(self.zone)
        places = range(self.first or 0, (self.first or 0) + count)
        for row in listed:
            try:
                stamp, word, whose = self._stamp(row), self._word(row), self._whose(row)
            except UnreadableRow as error:
                yield row.refused(error)
                continue
            if whose is None:
                continue
            said = [self._value_or_why(row, place) for place in places]
            if wrong := next((why for _, why in said if why), None):
                yield row.refused(wrong)
                if not self.keys.has_registers:
                    continue
            values = [value for value, _ in said]
            for where, value in times.placed(stamp, values, clock):
                if isinstance(where, str):
                    yield row.refused(where)
                else:
                    yield from intervals.put(
                        whose.series, whose.register, self._unit(row), where, value,
                        word=word, line=row.line,
                    )  # fmt: skip
        yield from intervals.rest()

    def _said(self, row: Row, whose: _Whose) -> Iterator[_Said]:
        if not self.columns:
            yield _Said(
                whose.series, whose.register, self._unit(row),
                *self._value_or_why(row, self.value or 0),
            )  # fmt: skip
        for place, column, named in self.columns:
            suffix = f"-{column.suffix}" if column.suffix else ""
            yield _Said(
                (column.meter or named or whose.meter_id) + whose.suffix + suffix,
                column.register_ or whose.register,
                unit_of(column.unit) if column.unit else self._unit(row),
                *self._value_or_why(row, place),
            )

    def _whose(self, row: Row) -> _Whose | None:
        """Return whose values a row has; None where a rule says to ignore it."""
        meter_id = self.keys.meter.id or self.told.meter_id
        if self.meter is not None:
            meter_id = plain_id(_cell(row, self.meter))
            if not meter_id:
                raise UnreadableRow("no meter id")
        if self.direction is None:
            return _Whose(meter_id)
        cell = _cell(row, self.direction)
        rule = self._rule(cell)
        if rule is None:
            raise UnreadableRow(f"no rule of direction matches {cell!r}")
        if rule.ignore:
            return None
        return _Whose(meter_id, f"-{rule.suffix}" if rule.suffix else "", rule.register_)

    def _rule(self, cell: str) -> Rule | None:
        rules = self.keys.direction.rules if self.keys.direction else []
        return next((r for r in rules if re.search(r.match, cell, re.IGNORECASE)), None)

    def _stamp(self, row: Row) -> datetime:
        said = " ".join(_cell(row, place) for place in self.stamps).strip()
        form = self.keys.stamp.format
        later = timedelta()
        if _MIDNIGHT.search(said):
            said, later = _MIDNIGHT.sub(lambda m: "00" + m[0][2:], said), timedelta(days=1)
        found = (iso(said) if form == "iso" else wall_clock(said, (form,))) + later
        if found.tzinfo is None and self.keys.stamp.fixed:
            found = found.replace(tzinfo=self.keys.stamp.fixed)
        if self.number is None:
            return found
        return numbered(found, _cell(row, self.number), nominal(self.keys.resolution), self.zone)

    def _word(self, row: Row) -> str:
        if self.quality is None or self.keys.quality is None:
            return ""
        return self.keys.quality.word(_cell(row, self.quality))

    def _unit(self, row: Row) -> str:
        cell = _cell(row, self.unit) if self.unit is not None else ""
        return unit_of(cell or self.keys.unit)

    def _amount(self, row: Row, place: int) -> str | None:
        return amount(_cell(row, place), decimal=self.keys.decimal, thousands=self.keys.thousands)

    def _value_or_why(self, row: Row, place: int) -> tuple[str | None, UnreadableRow | None]:
        try:
            return self._amount(row, place), None
        except UnreadableRow as error:
            return None, error

    def _seen(self, listed: Iterator[Row], lengths: Lengths) -> Iterator[Row]:
        """Yield the rows, each when those behind it have told how long its intervals are."""
        if self.keys.kind != "interval" or self.keys.resolution != FROM_STAMPS:
            yield from listed
            return
        waiting = deque[Row]()
        for row in listed:
            try:
                whose = self._whose(row)
                if whose and not lengths.is_told(whose.series):
                    lengths.see(whose.series, whose.register, self._stamp(row))
            except UnreadableRow as error:
                lengths.unread = lengths.unread or error  # it is refused when its turn comes
            waiting.append(row)
            if len(waiting) > _ROWS_AHEAD:
                yield waiting.popleft()
        lengths.of("")
        yield from waiting


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""

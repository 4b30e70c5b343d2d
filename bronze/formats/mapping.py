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
from datetime import datetime, tzinfo
from typing import IO, NamedTuple

from bronze.formats.consecutive import with_offset
from bronze.formats.mapped_columns import Header
from bronze.formats.mapped_days import DayCells
from bronze.formats.mapped_lengths import Lengths, Steps
from bronze.formats.mapped_stamps import DayEnds, Stamps
from bronze.formats.mapped_time import Intervals, MeterClock
from bronze.formats.mapping_keys import FROM_STAMPS, Day, Mapping, Rule, mapping_of
from bronze.formats.opened import text
from bronze.formats.records import MEASURED, Read, Record, Refused, Told
from bronze.formats.rows import Row, UnreadableRow, amount, plain_id, rows, unit_of
from bronze.formats.stamps import zone_told
from lake.ingestion.files import UnreadableFile

VERSION = 2
# From a row on, as many tell how long its interval is.
_ROWS_AHEAD = 5000


class _Whose(NamedTuple):
    """The meter of a row, and what a rule of ``direction`` adds to it."""

    meter_id: str
    suffix: str = ""
    register: str = ""

    @property
    def series(self) -> str:
        return self.meter_id + self.suffix


class _Stamped(NamedTuple):
    """A row with its stamp, its word of quality and whose it is."""

    row: Row
    stamp: datetime
    word: str
    whose: _Whose


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
        listed = rows(lines, keys.separator, skip=keys.skip_rows, header=keys.header)
        first = next(listed, None)
        if first is None:
            raise UnreadableFile("the file has no rows", cure="send it again, whole")
        if not keys.header:
            listed = itertools.chain([first], listed)
        if keys.stamp.newest_first:
            listed = reversed(list(listed))
        numbers = [str(n + 1) for n in range(len(first.cells))]
        mapped = _Mapped(keys, Header(first.cells if keys.header else numbers), told, zone)
        yield from mapped.days(listed, keys.day) if keys.day else mapped.values(listed)


class _Mapped:
    """A mapping that has found its columns in one file."""

    def __init__(self, keys: Mapping, header: Header, told: Told, zone: tzinfo) -> None:
        self.keys, self.told, self.zone = keys, told, zone
        self.header = header
        self.stamps = Stamps(keys.stamp, header, keys.resolution, zone)
        self.ends = DayEnds(keys.stamp)
        self.missing = frozenset(keys.missing)
        self.meter = header.optional(keys.meter.column, "meter.column")
        self.unit = header.optional(keys.unit_column, "unit_column")
        self.quality = header.optional(
            keys.quality.column if keys.quality else "", "quality.column"
        )
        self.direction = header.optional(
            keys.direction.column if keys.direction else "", "direction.column"
        )
        self.value = header.optional(keys.value, "value")
        self.columns = header.of_values(keys.columns, keys.meter)

    def values(self, listed: Iterator[Row]) -> Iterator[Record]:
        """Yield the records of rows with a stamp each."""
        intervals = Intervals(
            self.zone, self.keys.stamp.labels, has_registers=self.keys.has_registers
        )
        clocks = defaultdict[tuple[str, ...], MeterClock](lambda: MeterClock(self.zone))
        for found, resolution in self._long(listed):
            if isinstance(found, Refused):
                yield found
                continue
            row, stamp, word, whose = found
            said = list(self._said(row, whose))
            yield from row.without([each.wrong for each in said if each.wrong])
            for each in said:
                clock = clocks[each.meter_id, each.register, each.unit]
                try:
                    if self.keys.kind == "interval":
                        yield from intervals.add(
                            each.meter_id, each.register, each.unit, each.value,
                            stamp=stamp, resolution=resolution, clock=clock,
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

    def days(self, listed: Iterator[Row], day: Day) -> Iterator[Record]:
        """Yield the blocks of rows with a day each."""
        columns = DayCells(day, self.header, self.keys.resolution)
        intervals = Intervals(self.zone, "start", has_registers=self.keys.has_registers)
        clock = MeterClock(self.zone)
        for row in listed:
            found = self._stamped(row)
            if not isinstance(found, _Stamped):
                yield from [found] if found else ()
                continue
            cells = columns.of(row, found.stamp, clock)
            if isinstance(cells, Refused):
                yield cells
                continue
            said = [self._value_or_why(cell) for cell in cells]
            yield from row.without([why for _, why in said if why])
            values = [value for value, _ in said]
            for where, value in columns.times.placed(found.stamp, values, clock):
                if isinstance(where, str):
                    yield row.refused(where)
                else:
                    yield from intervals.put(
                        found.whose.series, found.whose.register, self._unit(row), where, value,
                        word=found.word, line=row.line,
                    )  # fmt: skip
        yield from intervals.rest()

    def _stamped(self, row: Row) -> _Stamped | Refused | None:
        """Return a row with its stamp; None where a rule says to ignore it."""
        try:
            whose = self._whose(row)
            if whose is None:
                return None
            stamp = self.ends.of((whose.series, whose.register), self.stamps.of(row))
            return _Stamped(row, stamp, self._word(row), whose)
        except UnreadableRow as error:
            return row.refused(error)

    def _long(self, listed: Iterator[Row]) -> Iterator[tuple[_Stamped | Refused, str]]:
        """Yield the rows, each with the length of its interval, which those behind it may tell."""
        found = (row.shifted() or self._stamped(row) for row in listed)
        if self.keys.kind != "interval" or self.keys.resolution != FROM_STAMPS:
            yield from ((each, self.keys.resolution) for each in found if each)
            return
        lengths = Lengths(self.zone, self.keys.stamp.labels)
        waiting = deque[tuple[_Stamped | Refused, Steps | None]]()

        def told() -> tuple[_Stamped | Refused, str]:
            each, steps = waiting.popleft()
            if isinstance(each, Refused):
                return each, ""
            return each, lengths.of(each.whose.series, each.whose.register, steps)

        for each in found:
            if each is None:
                continue
            if isinstance(each, Refused):
                lengths.unread = lengths.unread or each.reason
                waiting.append((each, None))
            else:
                steps = lengths.see(each.whose.series, each.whose.register, each.stamp)
                waiting.append((each, steps))
            if len(waiting) > _ROWS_AHEAD:
                yield told()
        lengths.shortest()
        while waiting:
            yield told()

    def _said(self, row: Row, whose: _Whose) -> Iterator[_Said]:
        if not self.columns:
            yield _Said(
                whose.series, whose.register, self._unit(row),
                *self._value_or_why(row.cell(self.value or 0)),
            )  # fmt: skip
        for place, column, named in self.columns:
            suffix = f"-{column.suffix}" if column.suffix else ""
            yield _Said(
                (column.meter or named or whose.meter_id) + whose.suffix + suffix,
                column.register_ or whose.register,
                unit_of(column.unit) if column.unit else self._unit(row),
                *self._value_or_why(row.cell(place)),
            )

    def _whose(self, row: Row) -> _Whose | None:
        """Return whose values a row has; None where a rule says to ignore it."""
        meter_id = self.keys.meter.id or self.told.meter_id
        if self.meter is not None:
            meter_id = plain_id(row.cell(self.meter))
            if not meter_id:
                raise UnreadableRow("no meter id")
        if self.direction is None:
            return _Whose(meter_id)
        cell = row.cell(self.direction)
        rule = self._rule(cell)
        if rule is None:
            raise UnreadableRow(f"no rule of direction matches {cell!r}")
        if rule.ignore:
            return None
        return _Whose(meter_id, f"-{rule.suffix}" if rule.suffix else "", rule.register_)

    def _rule(self, cell: str) -> Rule | None:
        rules = self.keys.direction.rules if self.keys.direction else []
        return next((r for r in rules if re.search(r.match, cell, re.IGNORECASE)), None)

    def _word(self, row: Row) -> str:
        if self.quality is None or self.keys.quality is None:
            return ""
        return self.keys.quality.word(row.cell(self.quality))

    def _unit(self, row: Row) -> str:
        cell = row.cell(self.unit) if self.unit is not None else ""
        return unit_of(cell or self.keys.unit)

    def _value_or_why(self, cell: str) -> tuple[str | None, UnreadableRow | None]:
        if cell.lower() in self.missing:
            return None, None
        try:
            keys = self.keys
            return amount(cell, decimal=keys.decimal, thousands=keys.thousands), None
        except UnreadableRow as error:
            return None, error

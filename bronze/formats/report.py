"""CSV reports of inverters' portals -> readings: a row an interval, stamps of the local clock.

The file does not name its zone: it must be told, unless stamps carry an offset (2021-12-01 00:00:00
+0000) and intervals are shorter than a day. Stamps are the start of the interval, in US order
(10/31/2022); where any day of the file can only be read the other way round, or only that gives a
file in order, or a shorter time, it is day first. Firsts of months in US order are a report by
month where no day could have that much energy, or where they are of more than one year; else the
file is refused: they may be the first days of a January. The frequency (15 min, hour, day, week,
month) is the shortest step between stamps; a row with less time to the next one is refused. A file
with the newest row first is held and read from its end. With semicolons between cells the comma is
decimal, and where one of the first cells ("0,512") tells it; else it groups thousands, not of tabs.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import IO, NamedTuple

from bronze.formats.columns import EnergyColumn, resolution_of, suffixed, values_of
from bronze.formats.consecutive import Consecutive, length
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import peeked, text
from bronze.formats.records import Record, Told
from bronze.formats.rows import Row, UnreadableRow, amount, first_line, names_of, rows, separator_of
from bronze.formats.stamps import at, in_order, iso, wall_clock, zone_told
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile

_US = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%m/%d/%Y %I:%M %p")
_DAY_FIRST = tuple(form.replace("%m/%d", "%d/%m") for form in _US)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}")
_DECIMAL_COMMA = re.compile(r"0,\d+|\d+,(\d{1,2}|\d{4,})", re.ASCII)
# More than a home makes in a day, or takes where days stand first, in Wh.
_NO_DAY = 100_000
_IN_WH = {"Wh": 1, "kWh": 1000, "MWh": 1_000_000}
# The shortest that days and months are, in local time.
_SHORTEST = {"P1D": timedelta(hours=22), "P1M": timedelta(days=27)}
_JANUARY = timedelta(days=31)
# As many rows as tell the frequency: four days of quarter hours.
_FIRST_ROWS = 400


# A row and when it is of, or why that cannot be read.
_Stamped = tuple[datetime | LakeError, Row]


class _Cells(NamedTuple):
    """The columns of energy, and what points and commas in them are."""

    columns: list[EnergyColumn]
    decimal: str
    is_grouped: bool


def report(
    stream: IO[bytes],
    told: Told,
    columns_of: Callable[[list[str]], list[EnergyColumn]],
    not_its: UnreadableFile,
) -> Iterator[Record]:
    """Yield blocks in units as reported; UnreadableFile without columns or a time zone.

    An empty cell is no value; a row that cannot be read is refused.
    """
    zone = LocalTime(told.zone or "UTC").zone
    head, stream = peeked(stream)
    separator = separator_of(first_line(head))
    with text(stream) as lines:
        listed = rows(lines, separator)
        header = next(listed, None)
        names = names_of(header.cells) if header else []
        columns = columns_of(names)
        if not columns:
            raise not_its
        series = suffixed(told.meter_id, columns)
        blocks, clock = Consecutive(zone), LocalTime(told.zone) if told.zone else None
        ahead = list(itertools.islice(listed, _FIRST_ROWS))
        is_decimal = separator == ";" or _has_decimal_commas(ahead, columns)
        read = _Cells(columns, "," if is_decimal else ".", separator == "," and not is_decimal)
        stamped = _stamped(_oldest_first(ahead, listed), clock, read)
        first = list(itertools.islice(stamped, _FIRST_ROWS))
        resolution = resolution_of(
            [s for s, _ in first if isinstance(s, datetime)], zone,
            unread=next((s for s, _ in first if isinstance(s, LakeError)), None),
        )  # fmt: skip
        if not resolution.startswith("PT"):
            zone_told(told.zone)  # a day is the site's own
        all_: Iterator[_Stamped] = itertools.chain(first, stamped)
        has_points = any("." in row.cell(c.place) for row in ahead for c in columns)
        if read.is_grouped and not has_points:
            is_short = resolution.startswith("PT") or resolution == "P1D"
            all_ = _with_plain_commas(all_, columns, are_small=is_short)
        for stamp, row in _apart(all_, resolution):
            if isinstance(stamp, LakeError):
                yield row.refused(stamp)
            else:
                yield from values_of(
                    row, stamp, resolution, series, blocks,
                    decimal=read.decimal, grouped=read.is_grouped,
                )  # fmt: skip
        yield from blocks.rest()


def _oldest_first(ahead: list[Row], listed: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows as they stand, or from the last one on where the newest stands first."""
    found = itertools.chain(ahead, listed)
    return reversed(list(found)) if _falls([row.cells[0] for row in ahead]) else found


def _falls(stamps: list[str]) -> bool:
    """Tell whether more stamps lie before the one ahead of them than behind it, offsets aside."""
    read = max((list(_on_the_wall(stamps, forms)) for forms in (_US, _DAY_FIRST)), key=len)
    pairs = list(itertools.pairwise(read))
    return sum(a > b for a, b in pairs) > sum(a < b for a, b in pairs)


def _on_the_wall(stamps: list[str], forms: tuple[str, ...]) -> Iterator[datetime]:
    for stamp in stamps:
        with suppress(UnreadableRow):
            yield _read(stamp, forms).replace(tzinfo=None)


def _has_decimal_commas(listed: list[Row], columns: list[EnergyColumn]) -> bool:
    """Tell whether a comma in a cell can be nothing else, as in "0,512" or "12,5"."""
    cells = (row.cell(each.place) for row in listed for each in columns if not row.shifted())
    return any(map(_DECIMAL_COMMA.fullmatch, cells))


def _with_plain_commas(
    stamped: Iterable[_Stamped], columns: list[EnergyColumn], *, are_small: bool
) -> Iterator[_Stamped]:
    """Yield the rows; UnreadableFile where commas, taken to group thousands, may be decimal.

    Where values ``are_small``, of a day at most, a thousand kWh are more than a home has.
    """
    for stamp, row in stamped:
        for column in () if row.shifted() else columns:
            cell = row.cell(column.place)
            is_too_large = are_small and column.unit in ("kWh", "MWh") and "," in cell
            if is_too_large or _DECIMAL_COMMA.fullmatch(cell):
                raise UnreadableFile(
                    f"line {row.line}: the comma of {cell!r} may be decimal or group thousands",
                    cure="send points, or semicolons between columns, or describe it by --mapping",
                )
        yield stamp, row


def _apart(stamped: Iterable[_Stamped], resolution: str) -> Iterator[_Stamped]:
    """Yield each row, with what is wrong where the next, or of the last the one ahead, is nearer.

    A file may change its frequency further down than it was looked at.
    """
    least = _SHORTEST.get(resolution) or length(resolution) - timedelta(
        hours=resolution.endswith("D")
    )
    near = UnreadableRow(f"less than {resolution}, the file's step, lies between two rows")
    held: tuple[datetime, Row] | None = None
    is_near = False
    for stamp, row in stamped:
        if isinstance(stamp, LakeError):
            yield stamp, row
            continue
        if held:
            is_near = timedelta() < stamp - held[0] < least
            yield (near if is_near else held[0]), held[1]
        held = stamp, row
    if held:
        yield (near if is_near else held[0]), held[1]


def _stamped(listed: Iterable[Row], clock: LocalTime | None, read: _Cells) -> Iterator[_Stamped]:
    """Yield each row with its instant, or with what is wrong with its stamp."""
    forms, waiting = None, list[Row]()
    for row in listed:
        if forms is None:
            waiting.append(row)
            forms = _order(row.cells[0])
            if forms is None:
                continue
        for each in waiting or [row]:
            yield _instant(each, clock, forms), each
        waiting.clear()
    for each in waiting:
        forms = forms or _likely(waiting, read)
        yield _instant(each, clock, forms), each


def _instant(row: Row, clock: LocalTime | None, forms: tuple[str, ...]) -> datetime | LakeError:
    said = row.cells[0]
    try:
        stamp = _read(said, forms)
        if clock is None and stamp.tzinfo is None:
            zone_told("")
        return at(stamp, clock) if clock else stamp.astimezone(UTC)
    except UnreadableRow as error:
        return error


def _read(stamp: str, forms: tuple[str, ...]) -> datetime:
    return wall_clock(stamp, forms) if "/" in stamp else iso(stamp)


def _order(stamp: str) -> tuple[str, ...] | None:
    """Return the only order in which a stamp is a date; None where it is one in both."""
    match = _SLASHED.match(stamp)
    if match is None:
        return _US if re.match(r"\d{4}-", stamp) else None
    first, second = int(match[1]), int(match[2])
    if first > 12 >= second:
        return _DAY_FIRST
    return _US if second > 12 >= first else None


def _likely(listed: list[Row], cells: _Cells) -> tuple[str, ...]:
    """Choose the order for a file whose days are at most the twelfth: in order, and shorter.

    UnreadableFile for firsts of months that may be the first days of a January.
    """
    stamps = [row.cells[0] for row in listed if _SLASHED.match(row.cells[0])]
    spans, months = {}, list[tuple[str, ...]]()
    for forms in (_US, _DAY_FIRST):
        try:
            read = [wall_clock(stamp, forms) for stamp in stamps]
        except UnreadableRow:
            continue
        if read and in_order(read):
            spans[forms] = read[-1] - read[0]
            if read[0] < read[-1] and all(map(_begins_a_month, read)):
                months.append(forms)
    shortest = min(spans, key=lambda forms: spans[forms], default=_US)
    if not months:
        return shortest
    are_no_days = any(_is_no_day(row, each, cells) for row in listed for each in cells.columns)
    if months == [_DAY_FIRST]:
        # Months of a day-first report are the first days of Januaries in US order.
        return _DAY_FIRST if are_no_days or spans.get(_US, timedelta.max) > _JANUARY else shortest
    if spans.get(_DAY_FIRST, timedelta.max) < _JANUARY and not are_no_days:
        raise UnreadableFile(
            f"{stamps[0]} to {stamps[-1]} may be months, or the first days of a January",
            cure="send it with a later day or year, or describe it with --mapping",
        )
    return _US


def _is_no_day(row: Row, column: EnergyColumn, read: _Cells) -> bool:
    thousands = "," if read.is_grouped else ""
    try:
        value = amount(row.cell(column.place), decimal=read.decimal, thousands=thousands)
    except UnreadableRow:
        return False
    return float(value or 0) * _IN_WH.get(column.unit, 0) > _NO_DAY


def _begins_a_month(stamp: datetime) -> bool:
    return (stamp.day, stamp.hour, stamp.minute) == (1, 0, 0)

"""Enphase Enlighten report (CSV) -> readings: energy produced, consumed, exported, imported.

Source: Enlighten's "Custom" and "Site energy" reports, in English or French: ``Date/Time,Energy
Produced (Wh),...``, one row an interval, its stamp the start in the site's local time, which the
file does not name: it must be told, unless stamps carry an offset (2021-12-01 00:00:00 +0000) and
intervals are shorter than a day. Reports come in US order (10/31/2022); where any day of the file
can only be read the other way round, or only that gives a file in order, or a shorter time, it is
day first; but firsts of months in US order are a report by month. The frequency (15 min, hour, day,
week, month) is the shortest step between stamps. The file names no system: ids are the told meter
with ``-production``, ``-consumption``, ``-export``, ``-import`` where it has more than one column.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO

from bronze.formats.columns import EnergyColumn, resolution_of, suffixed, values_of
from bronze.formats.consecutive import Consecutive
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import text
from bronze.formats.records import Record, Told
from bronze.formats.rows import Row, UnreadableRow, cells_of, first_line, names_of, rows
from bronze.formats.stamps import at, in_order, iso, wall_clock, zone_told
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile

VERSION = 2
_TIME = ("date/time", "date", "time", "timestamp", "date/heure")
_ENERGY = re.compile(
    r"(?:energy |electricity )?(produced|production|consumed|consumption|exported|imported|"
    r"energy delivered|energy received)(?: to grid| from grid)?(?: energy)? ?\((k?wh|mwh)\)"
)
_FRENCH = re.compile(
    r"(?:énergie )?(produite|consommée|exportée|importée)(?: vers le réseau| depuis le réseau)? ?"
    r"\((k?wh|mwh)\)"
)
_SUFFIXES = {"produ": "production", "consu": "consumption", "conso": "consumption",
             "expor": "export", "impor": "import"}  # fmt: skip
_UNITS = {"wh": "Wh", "kwh": "kWh", "mwh": "MWh"}
_US = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%m/%d/%Y %I:%M %p")
_DAY_FIRST = tuple(form.replace("%m/%d", "%d/%m") for form in _US)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}")
# As many rows as tell the frequency: four days of quarter hours.
_FIRST_ROWS = 400


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is a report of Enphase, by its columns.

    Many write "Consumption (kWh)" beside a date: its own words must be among them.
    """
    del name
    names = names_of(cells_of(first_line(head), ","))
    if not names or names[0] not in _TIME or not _columns(names):
        return False
    return "/" in names[0] or any(n.startswith(("energy prod", "energy cons")) for n in names)


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in Wh as reported; UnreadableFile without the report's columns or a time zone.

    An empty cell is no value; a row that cannot be read is refused.
    """
    zone = LocalTime(told.zone or "UTC").zone
    with text(stream) as lines:
        listed = rows(lines, ",")
        header = next(listed, None)
        names = names_of(header.cells) if header else []
        columns = _columns(names)
        if not columns or names[0] not in _TIME:
            raise UnreadableFile(
                "not a report of Enphase: it has no column of energy in Wh",
                cure="export the report from Enlighten with Date/Time and energy columns",
            )
        series = suffixed(told.meter_id, columns)
        blocks, clock = Consecutive(zone), LocalTime(told.zone) if told.zone else None
        stamped = _stamped(listed, clock)
        first = list(itertools.islice(stamped, _FIRST_ROWS))
        resolution = resolution_of(
            [s for s, _ in first if isinstance(s, datetime)], zone,
            unread=next((s for s, _ in first if isinstance(s, LakeError)), None),
        )  # fmt: skip
        if not resolution.startswith("PT"):
            zone_told(told.zone)  # a day is the site's own
        for stamp, row in itertools.chain(first, stamped):
            if isinstance(stamp, LakeError):
                yield row.refused(stamp)
            else:
                yield from values_of(row, stamp, resolution, series, blocks, grouped=True)
        yield from blocks.rest()


def _columns(names: list[str]) -> list[EnergyColumn]:
    found = (
        (place, _ENERGY.fullmatch(name) or _FRENCH.fullmatch(name))
        for place, name in enumerate(names)
    )
    return [
        EnergyColumn(place, _SUFFIXES[match[1][:5]], _UNITS[match[2]])
        for place, match in found
        if match and match[1][:5] in _SUFFIXES
    ]


def _stamped(
    listed: Iterable[Row], clock: LocalTime | None
) -> Iterator[tuple[datetime | LakeError, Row]]:
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
        forms = forms or _likely([w.cells[0] for w in waiting])
        yield _instant(each, clock, forms), each


def _instant(row: Row, clock: LocalTime | None, forms: tuple[str, ...]) -> datetime | LakeError:
    said = row.cells[0]
    try:
        stamp = wall_clock(said, forms) if "/" in said else iso(said)
        if clock is None and stamp.tzinfo is None:
            zone_told("")
        return at(stamp, clock) if clock else stamp.astimezone(UTC)
    except UnreadableRow as error:
        return error


def _order(stamp: str) -> tuple[str, ...] | None:
    """Return the only order in which a stamp is a date; None where it is one in both."""
    match = _SLASHED.match(stamp)
    if match is None:
        return _US if re.match(r"\d{4}-", stamp) else None
    first, second = int(match[1]), int(match[2])
    if first > 12 >= second:
        return _DAY_FIRST
    return _US if second > 12 >= first else None


def _likely(stamps: list[str]) -> tuple[str, ...]:
    """Choose the order for a file whose days are at most the twelfth: in order, and shorter.

    Firsts of months are so in US order: the other way round they would be the first days of a year.
    """
    spans = {}
    for forms in (_US, _DAY_FIRST):
        try:
            read = [wall_clock(stamp, forms) for stamp in stamps if _SLASHED.match(stamp)]
        except UnreadableRow:
            continue
        if read and in_order(read):
            if forms == _US and read[0] < read[-1] and all(map(_begins_a_month, read)):
                return _US
            spans[forms] = read[-1] - read[0]
    return min(spans, key=lambda forms: spans[forms], default=_US)


def _begins_a_month(stamp: datetime) -> bool:
    return (stamp.day, stamp.hour, stamp.minute) == (1, 0, 0)

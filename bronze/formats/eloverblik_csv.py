"""Eloverblik's CSV -> readings: what a customer downloads from the portal, and ``export`` answers.

Its columns in three spellings: ``Målepunkt id;Fra dato;Til dato;Mængde;Måleenhed;Kvalitet;Type``,
``MålepunktsID;Fra_dato;...``, newer with ``Målepunktstype_Kode;Målepunktstype``, and those in
English. Stamps are of the Danish wall clock, in the marks of the portal or of a spreadsheet; each
of the repeated hour comes twice, and ends at 03:00 or, the first time, at 02:00. One id may carry
several types: E17 and E18 (a point of consumption or production) are the id, D06 (supply to the
grid) is ``-export``, D07 (consumption from the grid) ``-import``, any other its code, so that an id
is the same in every file.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import IO

from bronze.formats.consecutive import Consecutive, Series, Span, span
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import text
from bronze.formats.records import ESTIMATED, MEASURED, MISSING, Record
from bronze.formats.rows import (
    UnreadableRow,
    amount,
    cells_of,
    first_line,
    names_of,
    plain_id,
    rows,
    separator_of,
    unit_of,
)
from bronze.formats.stamps import at, wall_clock
from lake.ingestion.files import UnreadableFile

_ZONE = "Europe/Copenhagen"
_COLUMNS = {
    "point": ("målepunktsid", "målepunkt id", "metering point id"),
    "from": ("fra dato", "from date"),
    "to": ("til dato", "to date"),
    "amount": ("mængde", "volume"),
    "unit": ("måleenhed", "unit", "measurement unit"),
    "quality": ("kvalitet", "quality"),
    "type": ("målepunktstype kode", "metering point type code"),
}
_NEEDED = ("point", "from", "to", "amount")
_FORMS = tuple(
    f"{day} {clock}"
    for day in ("%d-%m-%Y", "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y")
    for clock in ("%H:%M:%S", "%H:%M", "%H.%M", "%H.%M.%S")
)
# As the codes of quality have it: what was calculated is measured, any other word is no proof.
_QUALITY = {
    "": MEASURED, "målt": MEASURED, "measured": MEASURED, "beregnet": MEASURED,
    "calculated": MEASURED, "mangler": MISSING, "manglende": MISSING, "missing": MISSING,
}  # fmt: skip
_SUFFIXES = {"": "", "E17": "", "E18": "", "D06": "-export", "D07": "-import"}
_HOUR = timedelta(hours=1)


def is_its(head: bytes) -> bool:
    """Tell whether a file is a CSV of Eloverblik, by its columns."""
    line = first_line(head)
    return _places(cells_of(line, separator_of(line))) is not None


def records(stream: IO[bytes]) -> Iterator[Record]:
    """Yield blocks in the file's unit; a row that cannot be read is refused."""
    with text(stream) as lines:
        listed = rows(lines)
        header = next(listed, None)
        places = _places(header.cells) if header else None
        if places is None:
            raise UnreadableFile("not a CSV of Eloverblik", cure="send it with its first line")
        clocks = defaultdict[Series, LocalTime](lambda: LocalTime(_ZONE))
        blocks = Consecutive(LocalTime(_ZONE).zone)
        for row in listed:
            if refused := row.shifted():
                yield refused
                continue
            cells = {c: row.cells[p] for c, p in places.items() if p < len(row.cells)}
            try:
                series = _series(cells)
                where = _span(cells, clocks[series])
                value = amount(cells["amount"], decimal=",")
            except UnreadableRow as error:
                yield row.refused(error)
                continue
            word = _QUALITY.get(cells.get("quality", "").lower(), ESTIMATED)
            value = None if word == MISSING else value
            yield from blocks.add(
                series, where, value, quality=MISSING if value is None else word, line=row.line
            )
        yield from blocks.rest()


def _places(cells: list[str]) -> dict[str, int] | None:
    names = [name.replace("_", " ") for name in names_of(cells)]
    found = {
        column: names.index(name)
        for column, spellings in _COLUMNS.items()
        for name in spellings
        if name in names
    }
    return found if all(column in found for column in _NEEDED) else None


def _series(cells: dict[str, str]) -> Series:
    if any(column not in cells for column in _NEEDED):
        raise UnreadableRow("it has too few cells")
    point, code = plain_id(cells["point"]), cells.get("type", "").upper()
    if not point:
        raise UnreadableRow("no metering point")
    return Series(point + _SUFFIXES.get(code, f"-{code}"), unit_of(cells.get("unit") or "kWh"))


def _span(cells: dict[str, str], clock: LocalTime) -> Span:
    """Return the interval of a row; an hour or less is as long as its stamps say."""
    starts, ends = wall_clock(cells["from"], _FORMS), wall_clock(cells["to"], _FORMS)
    starts_at = at(starts, clock)
    if timedelta() < ends - starts <= _HOUR:
        return span(starts_at, starts_at + (ends - starts), clock.zone)
    possible = [ends.replace(tzinfo=clock.zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    ends_at = next((each for each in possible if each > starts_at), None)
    if ends_at is None:
        raise UnreadableRow("it ends before it starts")
    return span(starts_at, ends_at, clock.zone)

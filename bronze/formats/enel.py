"""e-distribuzione (Enel Distribuzione) load curve (CSV) -> readings: a row a day, a column a span.

Source: "Curve di carico" of e-distribuzione's customer area: ``Giorno;00:00-00:15;...`` with 96
columns (24 for hours), decimal comma, kWh, days as 31/12/2024, Italian wall-clock time. A POD in
the file is the meter, else it is the told one; a column of the kind of energy (prelievo,
immissione) adds ``-import`` or ``-export``; rows of reactive energy are refused.

Clock-change days are those of ``day_rows``; cells behind the last named column are further values.
"""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from bronze.formats.consecutive import Consecutive, Series
from bronze.formats.day_rows import DayColumns
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import text
from bronze.formats.records import Record, Told
from bronze.formats.rows import (
    Row,
    UnreadableRow,
    amount,
    cells_of,
    first_line,
    names_of,
    plain_id,
    rows,
    separator_of,
)  # fmt: skip
from bronze.formats.stamps import wall_clock
from lake.ingestion.files import UnreadableFile

VERSION = 2
_ZONE = "Europe/Rome"
_DAY, _POD = ("giorno", "data", "data lettura"), ("pod", "codice pod")
_KIND = ("tipo", "tipologia", "magnitudo", "grandezza", "flusso", "tipo energia", "misura")
_EXPORT, _REACTIVE = re.compile(r"imm[ei]s|^e?a-$"), re.compile(r"reatt")
_FROM_TO = re.compile(r"(\d{1,2})[:.](\d{2}) ?- ?(\d{1,2})[:.](\d{2})(?:\.\d+)?")
_FORMS = ("%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d.%m.%Y")
_FEWEST = 24


class _Columns(NamedTuple):
    """Where what stands, and the times of the columns of energy."""

    day: int
    pod: int | None
    kind: int | None
    places: list[int]
    times: DayColumns
    width: int


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is a load curve of e-distribuzione, by its columns."""
    del name
    line = first_line(head)
    return _columns(names_of(cells_of(line, separator_of(line)))) is not None


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in kWh; an empty cell is no value; a row that cannot be read is refused."""
    clock = LocalTime(told.zone or _ZONE)
    blocks = Consecutive(clock.zone)
    with text(stream) as lines:
        listed = rows(lines)
        header = next(listed, None)
        columns = _columns(names_of(header.cells)) if header else None
        if columns is None:
            raise UnreadableFile(
                "not a load curve of e-distribuzione",
                cure="export it as CSV: Giorno;00:00-00:15;00:15-00:30;...",
            )
        for row in listed:
            try:
                yield from _day(row, columns, clock, blocks, told)
            except UnreadableRow as error:
                yield row.refused(error)
        yield from blocks.rest()


def _columns(names: list[str]) -> _Columns | None:
    spans = [(place, m) for place, m in ((p, _FROM_TO.fullmatch(n)) for p, n in enumerate(names))
             if m]  # fmt: skip
    day = next((names.index(name) for name in _DAY if name in names), None)
    if day is None or len(spans) < _FEWEST:
        return None
    minutes = [int(m[1]) * 60 + int(m[2]) for _, m in spans]
    first = spans[0][1]
    step = int(first[3]) * 60 + int(first[4]) - minutes[0]
    if step <= 0 or 60 % step:
        return None
    pod, kind = (
        next((names.index(name) for name in known if name in names), None)
        for known in (_POD, _KIND)
    )
    places = [place for place, _ in spans]
    return _Columns(day, pod, kind, places, DayColumns(minutes, step), len(names))


def _day(
    row: Row, columns: _Columns, clock: LocalTime, blocks: Consecutive, told: Told
) -> Iterator[Record]:
    series = Series(_meter(row, columns, told), "kWh")
    day = wall_clock(_cell(row, columns.day), _FORMS)
    cells = [_cell(row, place) for place in columns.places] + row.cells[columns.width :]
    values = [amount(cell, decimal=",") for cell in cells]
    for where, value in columns.times.placed(day, values, clock):
        if isinstance(where, str):
            yield row.refused(where)
        else:
            yield from blocks.add(series, where, value, line=row.line)


def _meter(row: Row, columns: _Columns, told: Told) -> str:
    pod = plain_id(_cell(row, columns.pod)) if columns.pod is not None else ""
    kind = _cell(row, columns.kind).lower() if columns.kind is not None else ""
    if _REACTIVE.search(kind):
        raise UnreadableRow("reactive energy is not read")
    suffix = "-export" if _EXPORT.search(kind) else "-import" if kind else ""
    return (pod or told.meter_id) + suffix


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""

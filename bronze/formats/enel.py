"""e-distribuzione (Enel Distribuzione) load curve (CSV) -> readings: a row a day, a column a span.

Source: "Curve di carico" of e-distribuzione's customer area: ``Giorno;00:00-00:15;...`` with 96
columns (24 for hours), decimal comma, kWh, days as 31/12/2024, Italian wall-clock time. Lines above
the columns are passed over. A POD in the file is the meter, else it is the told one; a column of
the kind of energy adds ``-import`` (attiva prelevata), ``-export`` (immessa) or ``-production``;
the portal has curves of reactive energy too (R1 to R4): rows of these and of any other kind are
refused, also power without a column that says its unit.

Points are decimal where the row has no comma and one of them can be nothing else. A dash is no
value. Clock-change days are those of ``day_rows``; cells behind the last named column are further
values, unless commas stand between them. A row an interval (``Data;Ora;Consumo``) is refused: no
public document says whether its times are begins or ends.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import IO, NamedTuple

from bronze.formats.consecutive import Consecutive, Series
from bronze.formats.day_rows import DayColumns
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import decoded, peeked, text
from bronze.formats.records import Record, Told
from bronze.formats.rows import (
    Row,
    UnreadableRow,
    amount,
    cells_of,
    names_of,
    plain_id,
    rows,
    separator_of,
    unit_of,
)
from bronze.formats.stamps import wall_clock
from lake.ingestion.files import UnreadableFile

# 2: kinds and units that are not known are refused; cells that cannot be read are refused alone.
# 3: rows with more cells than columns are refused where commas stand between them.
VERSION = 3
_ZONE = "Europe/Rome"
_DAY, _POD = ("giorno", "data", "data lettura"), ("pod", "codice pod")
# Of the form with a row an interval: Data;Ora;Consumo.
_HOUR, _ENERGY = ("ora", "orario"), ("consumo", "consumi", "energia", "prelievo", "kwh")
_KIND = ("tipo", "tipologia", "magnitudo", "grandezza", "flusso", "tipo energia", "misura")
_UNIT = re.compile(r"unit[àa\ufffd](?: di misura)?|u\.?m\.?")
_UNITS = ("kWh", "Wh", "MWh", "kW", "W")
_SUFFIXES = {
    "-export": re.compile(r"imm[ei]s|^e?a-$"),
    "-production": re.compile(r"prodott|produz"),
    "-import": re.compile(r"preli?ev|^e?a\+$|^(energia )?attiva$"),
}
_FROM_TO = re.compile(r"(\d{1,2})[:.](\d{2}) ?- ?(\d{1,2})[:.](\d{2})(?:\.\d+)?")
_FORMS = ("%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%y")
_POD_ABOVE = re.compile(r"\bIT\d{3}E\d{8}[0-9A-Z]?\b", re.IGNORECASE)
_GROUPED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+")
_FEWEST, _MOST_ABOVE = 24, 10
# What a cell counts as that cannot be read: a value, which has its place in the day.
_UNREAD = "NaN"


class _Columns(NamedTuple):
    """Where what stands, and the times of the columns of energy."""

    day: int
    pod: int | None
    kind: int | None
    unit: int | None
    places: list[int]
    times: DayColumns
    width: int


class _Header(NamedTuple):
    """The columns, how many lines stand above them, what separates cells, and the POD above."""

    columns: _Columns
    above: int
    separator: str
    pod: str


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is a load curve of e-distribuzione, by its columns."""
    del name
    return _header(head) is not None or _is_long(head)


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in kWh; an empty cell is no value; a row or cell that is none is refused."""
    clock = LocalTime(told.zone or _ZONE)
    blocks = Consecutive(clock.zone)
    head, stream = peeked(stream)
    header = _header(head)
    if header is None and _is_long(head):
        raise UnreadableFile(
            "a load curve with a row an hour or quarter, which does not say whether its times are "
            "begins or ends",
            cure="describe it with --mapping; bronze/formats/README.md has one for it",
        )
    if header is None:
        raise UnreadableFile(
            "not a load curve of e-distribuzione",
            cure="export it as CSV: Giorno;00:00-00:15;00:15-00:30;...",
        )
    told = replace(told, meter_id=header.pod or told.meter_id)
    with text(stream) as lines:
        listed = rows(lines, header.separator, skip=header.above)
        next(listed, None)
        for row in listed:
            # Of an export put behind this one; its header is passed over.
            if pod := _other_pod(row, header.columns):
                told = replace(told, meter_id=pod)
                continue
            # Only commas between cells may be decimal ones; else they are more hours of autumn.
            if header.separator == "," and _is_split(row, header.columns):
                yield row.refused(f"{len(row.cells)} cells under {row.width} columns")
                continue
            try:
                yield from _day(row, header.columns, clock, blocks, told)
            except UnreadableRow as error:
                yield row.refused(error)
        yield from blocks.rest()


def _header(head: bytes) -> _Header | None:
    pod = ""
    for above, line in enumerate(head.decode("utf-8-sig", errors="replace").splitlines()):
        separator = separator_of(line)
        if columns := _columns(names_of(cells_of(line, separator))):
            return _Header(columns, above, separator, pod)
        if above == _MOST_ABOVE:
            break
        if found := _POD_ABOVE.search(line):
            pod = found[0].upper()
    return None


def _other_pod(row: Row, columns: _Columns) -> str:
    """Return the POD of a line that has no day, as it stands above the columns."""
    found = None if columns.pod is not None else _POD_ABOVE.search(row.raw)
    is_day = any(map(str.isdigit, row.cell(columns.day)[:1]))
    return found[0].upper() if found and not is_day else ""


def _is_split(row: Row, columns: _Columns) -> bool:
    """Tell whether decimal commas may have split cells: no cell has a point or a comma itself."""
    cells = [row.cell(place) for place in columns.places] + row.cells[columns.width :]
    return row.shifted() is not None and not any("." in cell or "," in cell for cell in cells)


def _is_long(head: bytes) -> bool:
    """Tell a row an interval: a column of the day, one of the time and one of energy."""
    for line in decoded(head).splitlines()[: _MOST_ABOVE + 1]:
        names = names_of(cells_of(line, separator_of(line)))
        words = {name.partition(" ")[0] for name in names}
        if all(not words.isdisjoint(known) for known in (_DAY, _HOUR, _ENERGY)):
            return True
    return False


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
    unit = next((place for place, name in enumerate(names) if _UNIT.fullmatch(name)), None)
    places = [place for place, _ in spans]
    return _Columns(day, pod, kind, unit, places, DayColumns(minutes, step), len(names))


def _day(
    row: Row, columns: _Columns, clock: LocalTime, blocks: Consecutive, told: Told
) -> Iterator[Record]:
    series = _series(row, columns, told)
    day = wall_clock(row.cell(columns.day), _FORMS)
    cells = [row.cell(place) for place in columns.places] + row.cells[columns.width :]
    values, unread = _amounts(cells)
    if _has_total(values, len(columns.places), columns.times.count(day, clock)):
        yield row.refused(f"{len(cells)} values, of which the last is no interval of the day")
        values = values[: len(columns.places)]
    if unread:
        yield row.refused(", ".join(map(repr, unread)) + " is not a number")
    for where, value in columns.times.placed(day, values, clock):
        if isinstance(where, str):
            yield row.refused(where)
        else:
            known = None if value == _UNREAD else value
            yield from blocks.add(series, where, known, line=row.line)


def _has_total(values: list[str | None], width: int, count: int) -> bool:
    """Tell whether one value behind the columns is no interval: too few, or the sum of all."""
    behind = [value for value in values[width:] if value is not None]
    if len(behind) != 1 or not values[width] or _UNREAD in values:
        return False
    total = sum(Decimal(value) for value in values[:width] if value)
    is_sum = bool(total) and abs(total - Decimal(behind[0])) <= width * Decimal("0.0005")
    return is_sum or len(values) < count


def _amounts(cells: list[str]) -> tuple[list[str | None], list[str]]:
    """Return the values of cells, and those cells that are none."""
    cells = ["" if cell == "-" else cell for cell in cells]
    decimal = _decimal(cells)
    values, unread = list[str | None](), list[str]()
    for cell in cells:
        is_grouped = decimal in cell and decimal == ","
        try:
            values.append(amount(cell, decimal=decimal, thousands="." if is_grouped else ""))
        except UnreadableRow:
            values.append(_UNREAD)
            unread.append(cell)
    if len(unread) == len(cells):
        raise UnreadableRow(f"{cells[0]!r} and all others are not numbers")
    return values, unread


def _decimal(cells: list[str]) -> str:
    pointed = [cell for cell in cells if "." in cell]
    if not pointed or any("," in cell for cell in cells):
        return ","
    if all(map(_GROUPED.fullmatch, pointed)):
        raise UnreadableRow(f"the point of {pointed[0]!r} may be decimal or group thousands")
    return "."


def _series(row: Row, columns: _Columns, told: Told) -> Series:
    pod, kind, said = (
        row.cell(place) if place is not None else ""
        for place in (columns.pod, columns.kind, columns.unit)
    )
    unit = unit_of(said or "kWh")
    if unit not in _UNITS:
        raise UnreadableRow(f"{said!r} is no unit of energy or power")
    return Series(
        (plain_id(pod) or told.meter_id) + _suffix(kind.lower(), has_unit=bool(said)), unit
    )


def _suffix(kind: str, *, has_unit: bool) -> str:
    if not kind:
        return ""
    if "potenza" in kind and not has_unit:
        raise UnreadableRow(f"{kind!r} is power, and no column says its unit")
    found = next((suffix for suffix, words in _SUFFIXES.items() if words.search(kind)), "")
    if not found or "reatt" in kind:
        raise UnreadableRow(f"{kind!r} is no kind of active energy that is known")
    return found

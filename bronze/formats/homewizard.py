"""HomeWizard Energy export (CSV) -> register reads: what the counters of a meter showed.

Source: HomeWizard, "How to export and use CSV files": ``time`` and cumulative counters in kWh, of
the P1 meter ``Import T1 kWh, Import T2 kWh, Export T1 kWh, Export T2 kWh``, of a kWh meter
``Import kWh, Export kWh``, gas as ``Total gas used`` (m3); stamps of Dutch wall-clock time. The
file names no meter: ids are the told one with ``-import``, ``-export``, ``-gas`` where it has more
than one of them. Registers are ``T1`` (low tariff) and ``T2`` (normal tariff), or none: the total.
With semicolons or tabs between cells, as a spreadsheet saves it, the comma is decimal. Columns of
power are no readings of energy, and water is no energy. Energy by interval under such names, which
many write, is told by values that fall.
"""

import io
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, NamedTuple

from bronze.formats.consecutive import with_offset
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import peeked, text
from bronze.formats.records import Read, Record, Refused, Told
from bronze.formats.rows import (
    UnreadableRow,
    amount,
    cells_of,
    first_line,
    names_of,
    rows,
    separator_of,
)
from bronze.formats.stamps import at, iso
from lake.ingestion.files import UnreadableFile

# 2: rows with more cells than columns are refused; semicolons.
# 3: tabs.
VERSION = 3
_ZONE = "Europe/Amsterdam"
_TIME = ("time", "timestamp", "tijd")
_COUNTER = re.compile(
    r"(?:total )?(import|export|teruglevering|verbruik)(?: (t[1-4]))? \(?(k?wh)\)?"
    r"|(?:total )?gas(?: used| import| usage| verbruik)?(?: \(?(m3|m³|m\ufffd)\)?)?"
)
_MANY, _ANEW = 20, 0.1
_NUMBER = re.compile(r"\d+([.,]\d+)?", re.ASCII)
_SUFFIXES = {"import": "import", "verbruik": "import", "export": "export",
             "teruglevering": "export", None: "gas"}  # fmt: skip


class _Counter(NamedTuple):
    place: int
    suffix: str
    register: str
    unit: str


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is an export of HomeWizard, by its columns, and counters that rise."""
    del name
    line = first_line(head)
    names = names_of(cells_of(line, separator_of(line)))
    if not names or names[0] not in _TIME:
        return False
    counters = _counters(names)
    return (
        all(_rises(head, c.place, separator_of(line)) for c in counters)
        if counters
        else _is_water(names)
    )


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield a read a counter and row; an empty cell says nothing, a row that is none is refused."""
    zone = told.zone or _ZONE
    head, stream = peeked(stream)
    separator = separator_of(first_line(head))
    decimal = "." if separator == "," else ","
    with text(stream) as lines:
        listed = rows(lines, separator)
        header = next(listed, None)
        names = names_of(header.cells) if header else []
        counters = _counters(names)
        if not counters or names[0] not in _TIME:
            raise UnreadableFile(
                "an export of water, which is no energy" if _is_water(names)
                else "not an export of HomeWizard: it has no counter in kWh or m3",
                cure="export electricity or gas from the app, by 15 minutes or by day",
            )  # fmt: skip
        clock, many = LocalTime(zone), len({c.suffix for c in counters}) > 1
        for row in listed:
            if refused := row.shifted():
                yield refused
                continue
            try:
                read_at = with_offset(at(iso(row.cells[0]), clock), clock.zone)
            except UnreadableRow as error:
                yield row.refused(error)
                continue
            for counter in counters:
                cell = row.cell(counter.place)
                try:
                    reading = amount(cell, decimal=decimal if "," in cell else ".")
                except UnreadableRow as error:
                    yield Refused(f"{names[counter.place]}: {error}", row.raw, row.line)
                    continue
                if reading is not None:
                    yield Read(
                        f"{told.meter_id}-{counter.suffix}" if many else told.meter_id,
                        read_at, reading, counter.unit, register=counter.register, line=row.line,
                    )  # fmt: skip


def _counters(names: list[str]) -> list[_Counter]:
    found = ((place, _COUNTER.fullmatch(name)) for place, name in enumerate(names))
    return [
        _Counter(
            place,
            _SUFFIXES[match[1]],
            (match[2] or "").upper(),
            {"kwh": "kWh", "wh": "Wh"}.get(match[3] or "", "m3"),
        )
        for place, match in found
        if match
    ]


def _rises(head: bytes, place: int, separator: str) -> bool:
    """Tell whether a column rises, but for one exchange of the meter.

    Few rows do not tell an exchange from energy by interval, unless the counter begins anew.
    """
    cells = list[str]()
    with text(io.BytesIO(head)) as lines, suppress(UnreadableFile):
        for row in rows(lines, separator):
            cells.append(row.cell(place))
    shown = [float(cell.replace(",", ".")) for cell in cells if _NUMBER.fullmatch(cell)]
    falls = [b / a for a, b in itertools.pairwise(shown) if a > b]
    return not falls or (len(falls) == 1 and (len(shown) >= _MANY or falls[0] < _ANEW))


def _is_water(names: list[str]) -> bool:
    return bool(names) and names[0] in _TIME and any("water" in name for name in names[1:])

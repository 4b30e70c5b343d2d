"""Enphase Enlighten report (CSV) -> readings: energy produced, consumed, exported, imported.

Source: Enlighten's "Custom" and "Site energy" reports, in English or French: ``Date/Time,Energy
Produced (Wh),...``, read as ``report`` says. The file names no system: ids are the told meter with
``-production``, ``-consumption``, ``-export``, ``-import`` where it has more than one column. The
answers of the API are in ``enphase_api.py``.
"""

import re
from collections.abc import Iterator
from typing import IO

from bronze.formats import enphase_api
from bronze.formats.columns import EnergyColumn
from bronze.formats.opened import peeked
from bronze.formats.records import Record, Told
from bronze.formats.report import report
from bronze.formats.rows import cells_of, first_line, names_of, separator_of
from lake.ingestion.files import UnreadableFile

# 2: the API, semicolons; rows nearer than the frequency and days that may be months are refused.
# 3: the newest row may stand first.
VERSION = 3
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


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is an answer of Enphase, or a report, by its columns.

    Many write "Consumption (kWh)" beside a date: its own words must be among them.
    """
    del name
    if enphase_api.is_its(head):
        return True
    line = first_line(head)
    names = names_of(cells_of(line, separator_of(line)))
    if not _columns(names):
        return False
    return "/" in names[0] or any(n.startswith(("energy prod", "energy cons")) for n in names)


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in Wh as reported; UnreadableFile without the report's columns or a time zone.

    An empty cell is no value; a row that cannot be read is refused.
    """
    head, stream = peeked(stream)
    if enphase_api.is_its(head):
        return enphase_api.records(stream, told)
    return report(
        stream, told, _columns,
        UnreadableFile(
            "not a report of Enphase: it has no column of energy in Wh",
            cure="export the report from Enlighten with Date/Time and energy columns",
        ),
    )  # fmt: skip


def _columns(names: list[str]) -> list[EnergyColumn]:
    if not names or names[0] not in _TIME:
        return []
    found = (
        (place, _ENERGY.fullmatch(name) or _FRENCH.fullmatch(name))
        for place, name in enumerate(names)
    )
    return [
        EnergyColumn(place, _SUFFIXES[match[1][:5]], _UNITS[match[2]])
        for place, match in found
        if match and match[1][:5] in _SUFFIXES
    ]

"""SolarEdge's CSV -> readings: what the monitoring portal's charts download.

No specification is published; headers and stamps as users' programs have them: ``Time,System
Production (W)`` with 03/31/2024 13:15, by quarter of an hour, ``Time,System Production (Wh)`` with
03/31/2024 by day, beside it ``Consumption``, ``Export``, ``Import``, ``Self Consumption`` and, with
a battery, ``Solar Production``; newer ``Measurement Time,Production (Wh)``. It is read as
``report`` says; power is the mean of its interval. Charge and power of batteries are left.
"""

import re
from collections.abc import Iterator
from typing import IO

from bronze.formats.columns import EnergyColumn
from bronze.formats.records import Record, Told
from bronze.formats.report import report
from bronze.formats.rows import cells_of, first_line, names_of, separator_of, unit_of
from lake.ingestion.files import UnreadableFile

_TIME, _NEWER = "time", "measurement time"
_COLUMN = re.compile(
    r"(system production|production|solar production|consumption|self consumption|export|import)"
    r" \((k?wh?|mwh?)\)"
)
_OWN = ("system production", "solar production", "self consumption")
_SUFFIXES = {"system production": "production"}


def is_its(head: bytes) -> bool:
    """Tell whether a file is a CSV of SolarEdge, by its columns.

    Many write "Consumption (Wh)" beside a time: its own words must be among them.
    """
    line = first_line(head)
    names = names_of(cells_of(line, separator_of(line)))
    return bool(_columns(names)) and (
        names[0] == _NEWER or any(name.startswith(_OWN) for name in names)
    )


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in Wh or W; UnreadableFile for other columns, or without a time zone."""
    return report(
        stream, told, _columns,
        UnreadableFile(
            "not a CSV of SolarEdge: it has no column of energy or power",
            cure="download it from the charts of the monitoring portal, with its first line",
        ),
    )  # fmt: skip


def _columns(names: list[str]) -> list[EnergyColumn]:
    if not names or names[0] not in (_TIME, _NEWER):
        return []
    found = ((place, _COLUMN.fullmatch(name)) for place, name in enumerate(names))
    return [
        EnergyColumn(place, _SUFFIXES.get(m[1], m[1]).replace(" ", "-"), unit_of(m[2]))
        for place, m in found
        if m
    ]

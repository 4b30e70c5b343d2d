"""Cells of a NEM12 or NEM13 line -> channel, day and its quality, instants and numbers.

AEMO, Meter Data File Format Specification NEM12 & NEM13: sections 3 and 4, appendices A and B.
"""

import csv
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from bronze.formats.records import ESTIMATED, MEASURED, MISSING, Block

# Market time: UTC+10 all year, in every state of the NEM.
AEST = timezone(timedelta(hours=10))
# A file for Excel has them as numbers: 30.0.
_LENGTH = re.compile(r"(\d{1,4})(?:\.0*)?", re.ASCII)
DAY_MINUTES = 24 * 60
_UNITS = {
    unit.upper(): unit
    for unit in (
        "kWh", "Wh", "MWh", "kVArh", "VArh", "MVArh", "kW", "W", "MW", "kVAr", "VAr", "MVAr",
        "kVAh", "VAh", "MVAh", "kVA", "VA", "MVA", "kV", "V", "kA", "A", "pf",
    )
}  # fmt: skip
# Quality flag, and two digits for the method. F: final substitute, S: substitute, V: as 400s say.
FLAG = re.compile(r"[AEFNSV]\d{0,2}")
WORD = {
    "A": MEASURED, "E": ESTIMATED, "F": ESTIMATED, "S": ESTIMATED, "N": MISSING,
    # An interval that no 400 speaks of: nobody said that it is actual.
    "V": ESTIMATED,
}  # fmt: skip
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
IS_NUMBER = re.compile(_NUMBER, re.ASCII)
_ARE_NUMBERS = re.compile(rf"{_NUMBER}(?:;{_NUMBER})*", re.ASCII)
_STAMP = re.compile(r"\d{8}(?:\d{4}(?:\d{2})?)?", re.ASCII)
_COUNT = re.compile(r"\d{1,4}", re.ASCII)


_ENERGIES = "|".join(unit for unit in _UNITS if unit.endswith("H"))
# What a record has behind its number, which may also be a value that begins a broken line.
_IS_RECORD = {
    "100": re.compile("NEM", re.IGNORECASE),
    "200": re.compile(rf"[A-Z0-9]{{10,11}},|.*,(?:{_ENERGIES}),", re.IGNORECASE),
    "250": re.compile(rf"[A-Z0-9]{{10,11}},|.*,(?:{_ENERGIES}),", re.IGNORECASE),
    "300": re.compile(r"\d{8}(?:,|$)", re.ASCII),
    "400": re.compile(rf"\d{{1,4}},\d{{1,4}},{FLAG.pattern}(?:,|$)", re.IGNORECASE | re.ASCII),
    "500": re.compile(r"[A-Z]", re.IGNORECASE),
    "550": re.compile(r"[A-Z]", re.IGNORECASE),
    "900": re.compile(r",*$"),
}


@dataclass(slots=True)
class Channel:
    """What a 200 says; ``clock`` is that of its days."""

    meter_id: str
    unit: str
    minutes: int
    device: str
    clock: timezone = AEST


@dataclass(slots=True)
class Day:
    """A 300 that waits for its 400s; without block where it cannot be read."""

    line: int
    raw: list[str]
    block: Block | None = None
    reason: str = ""
    is_short: bool = False


def channel(cells: list[str], clock: timezone = AEST) -> tuple[Channel | None, str]:
    """Read a 200: the channel, or what is wrong.

    The portal of United Energy has one cell more behind the NMI (aguinane/nem-reader, issue 16).
    """
    is_unit = [cell(cells, n).upper() in _UNITS for n in (7, 8)]
    if is_unit == [False, True] and _LENGTH.fullmatch(cell(cells, 9)):
        cells = [*cells[:2], *cells[3:]]
    nmi, suffix, device, unit, length = (cell(cells, n) for n in (1, 4, 6, 7, 8))
    found = _LENGTH.fullmatch(length)
    minutes = int(found[1]) if found else 0
    if not minutes or DAY_MINUTES % minutes:
        return None, f"no interval length that divides a day: {length[:20]!r}"
    if why := lacks(NMI=nmi, NMISuffix=suffix, UOM=unit) or rounded(nmi):
        return None, why
    return Channel(f"{nmi}-{suffix}", unit_of(unit), minutes, device, clock), ""


def day(of: Channel, cells: list[str], raw: str, line: int, created: datetime | None) -> Day:
    """Read a 300: as many values as the intervals make, then the quality flag."""
    count = DAY_MINUTES // of.minutes
    start, flag = instant(cell(cells, 1)[:8], of.clock), cell(cells, count + 2).upper()
    if start is None:
        return Day(line, [raw], reason=f"no day: {cell(cells, 1)[:20]!r}")
    if not FLAG.fullmatch(flag):
        # Without a flag the line may end in the middle of its last value.
        said = next((n for n, c in enumerate(cells[2:]) if FLAG.fullmatch(c.strip().upper())), None)
        if said is None:
            why = f"no quality flag after the {count} values that {of.minutes} minutes make"
            return Day(line, [raw], reason=why, is_short=len(cells) < count + 3)
        return Day(line, [raw], reason=f"{said} values, and {of.minutes} minutes make {count}")
    values, wrong = _numbers(cells[2 : count + 2])
    word = WORD[flag[0]]
    words: str | list[str] = word
    if word == MISSING:
        values = [None] * count
    elif None in values:
        words = [MISSING if v is None else word for v in values]
    block = Block(
        meter_id=of.meter_id,
        starts_at=start,
        resolution=f"PT{of.minutes}M",
        unit=of.unit,
        values=values,
        quality=words,
        known_at=instant(cell(cells, count + 5), of.clock) or created,
        line=line,
    )
    numbers = ", ".join(map(str, wrong[:10]))
    return Day(line, [raw], block, reason=f"no number: value {numbers}" if wrong else "")


def with_quality(block: Block, cells: list[str]) -> tuple[Block, str]:
    """Apply a 400, which says the quality of some intervals: the block, or what is wrong."""
    first, last, said = (cell(cells, n) for n in (1, 2, 3))
    values, flag = list(block.values), said.upper()
    are_counts = _COUNT.fullmatch(first) and _COUNT.fullmatch(last)
    if not are_counts or not 1 <= int(first) <= int(last) <= len(values):
        return block, f"a 400 of no part of the {len(values)} intervals"
    if not FLAG.fullmatch(flag) or flag[0] == "V":
        return block, f"a 400 without quality flag: {said[:20]!r}"
    one = block.quality
    words = [one] * len(values) if isinstance(one, str) else list(one)
    for n in range(int(first) - 1, int(last)):
        if WORD[flag[0]] == MISSING:
            values[n] = None
        words[n] = MISSING if values[n] is None else WORD[flag[0]]
    quality = words[0] if len(set(words)) == 1 else words
    return Block(
        meter_id=block.meter_id, starts_at=block.starts_at, resolution=block.resolution,
        unit=block.unit, values=values, quality=quality, known_at=block.known_at, line=block.line,
    ), ""  # fmt: skip


def is_record(cells: list[str]) -> bool:
    """Tell a record from a piece of a broken 300 whose first value is the number of one."""
    found = _IS_RECORD.get(cells[0])
    return found is not None and bool(found.match(",".join(c.strip() for c in cells[1:])))


def cells_of(line: str) -> list[str]:
    """Split a line; quotes are rare, and take longer."""
    cells = line.split(",")
    if '"' in line:
        try:
            cells = next(csv.reader([line]))
        except csv.Error:
            cells = line.replace('"', "").split(",")
    cells[0] = cells[0].strip("\ufeff \t")
    return cells


def cell(cells: list[str], position: int) -> str:
    """Return a cell; empty where the line is shorter."""
    return cells[position].strip() if position < len(cells) else ""


@lru_cache(maxsize=4096)
def instant(stamp: str, clock: timezone = AEST) -> datetime | None:
    """Read YYYYMMDD, and hhmm or hhmmss behind it; None for anything else."""
    if not _STAMP.fullmatch(stamp):
        return None
    month, day, hour, minute, second = (int(stamp[n : n + 2] or 0) for n in (4, 6, 8, 10, 12))
    try:
        return datetime(int(stamp[:4]), month, day, hour, minute, second, tzinfo=clock)
    except ValueError:
        return None


def lacks(**said: str) -> str:
    """Name what is empty."""
    return ", ".join(f"no {name}" for name, value in said.items() if not value)


def rounded(nmi: str) -> str:
    """Say so where a spreadsheet made a number of a NMI, so that several became one."""
    return f"a NMI that a spreadsheet has rounded: {nmi[:20]!r}" if {".", "+"} & {*nmi} else ""


def unit_of(said: str) -> str:
    """Return a unit as the specification spells it, or as it was sent."""
    return _UNITS.get(said.upper(), said)


def _numbers(cells: list[str]) -> tuple[list[str | None], list[int]]:
    """Return the values, and the positions (from 1) of those that are neither number nor empty."""
    # Not by comma, which may stand in a quoted cell.
    if _ARE_NUMBERS.fullmatch(";".join(cells)):
        return [*cells], []
    stripped = [c.strip() for c in cells]
    wrong = [n for n, c in enumerate(stripped, 1) if c and not IS_NUMBER.fullmatch(c)]
    return [c if IS_NUMBER.fullmatch(c) else None for c in stripped], wrong

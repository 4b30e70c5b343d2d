"""Lines of a CSV -> cells, each line by itself, so that a stray quote spoils that line only."""

import csv
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from io import TextIOWrapper
from typing import NamedTuple

from bronze.formats.records import Refused
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile

_LONGEST = 1024 * 1024
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
# Blanks and apostrophe that group thousands in French and Swiss numbers, and the Swedish minus.
_MARKS = {0x00A0: None, 0x202F: None, 0x2019: "'", 0x2212: "-"}
# Excel keeps the zeros of an id that is written as a formula: ="0541".
_FORMULA = re.compile(r'="?([^"]*)"?')
_UNITS = {"kwh": "kWh", "wh": "Wh", "mwh": "MWh", "w": "W", "kw": "kW"}


class UnreadableRow(LakeError):
    """One row that says nothing that can be taken; the others are not touched by it."""

    code = "unreadable-row"


class Row(NamedTuple):
    """The cells of a line, where it stands (counted from 1), and the line itself."""

    line: int
    cells: list[str]
    raw: str

    def refused(self, reason: object) -> Refused:
        """Refuse the row, as it stands in the file."""
        return Refused(str(reason), payload=self.raw, line=self.line)


def rows(lines: TextIOWrapper, separator: str = "", *, skip: int = 0) -> Iterator[Row]:
    """Yield the lines that have anything in them; UnreadableFile for one that has no end.

    Without a separator it is what the first line has most of; so many lines are skipped before it.
    """
    number = 0
    while line := lines.readline(_LONGEST):
        number += 1
        if len(line) == _LONGEST and line[-1] not in "\r\n":
            raise UnreadableFile(f"line {number} has no end", cure="send the CSV as it was made")
        if number <= skip:
            continue
        raw = line.rstrip("\r\n")
        separator = separator or separator_of(raw)
        cells = cells_of(raw, separator)
        if any(cells):
            yield Row(number, cells, raw)


def separator_of(line: str) -> str:
    """Return what separates the cells of a line: semicolon, tab or comma."""
    return max(";\t,", key=line.count)


def cells_of(line: str, separator: str) -> list[str]:
    """Split a line into its cells, without blanks around them."""
    try:
        found = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:  # a cell longer than any; it stays one
        found = line.split(separator)
    return [cell.strip().strip("\ufeff\x00") for cell in found]


def first_line(head: bytes) -> str:
    """Return the first line of a file that has anything in it."""
    text = head.decode("utf-8-sig", errors="replace")
    return next((line for line in text.splitlines() if line.strip()), "")


def names_of(cells: Iterable[str]) -> list[str]:
    """Return names of columns in lower case, with single blanks."""
    return [" ".join(cell.lower().split()) for cell in cells]


def amount(text: str, *, decimal: str = ".", thousands: str = "") -> str | None:
    """Return a number as plain text, the file's digits kept; None for an empty cell.

    UnreadableRow for any other text.
    """
    found = text.strip()
    if not found.isascii():
        found = found.translate(_MARKS)
    if not found:
        return None
    if thousands and thousands in found:
        if not _grouped(thousands, decimal).fullmatch(found):
            raise UnreadableRow(f"{text!r} is not a number")
        found = found.replace(thousands, "")
    if decimal != "." and "." in found:
        raise UnreadableRow(f"{text!r} is not a number")
    found = found.replace(decimal, ".")
    if not _NUMBER.fullmatch(found):
        raise UnreadableRow(f"{text!r} is not a number")
    return found.removeprefix("+")


@cache
def _grouped(thousands: str, decimal: str) -> re.Pattern[str]:
    mark, point = re.escape(thousands), re.escape(decimal)
    return re.compile(rf"[+-]?\d{{1,3}}({mark}\d{{3}})+({point}\d*)?", re.ASCII)


def summed(parts: Iterable[str | None]) -> str | None:
    """Add parts of one value exactly; a sum of which a part is not known is not known.

    A single part keeps its text.
    """
    known = list(parts)
    if not known or any(part is None for part in known):
        return None
    if len(known) == 1:
        return known[0]
    return format(sum((Decimal(part) for part in known if part), Decimal(0)), "f")


def unit_of(text: str) -> str:
    """Return a unit as the canonical reading has it; one that is not known stays as it is."""
    plain = text.strip()
    # A cubed sign in another encoding is read as U+FFFD.
    if plain.lower() in ("m3", "m³", "m\ufffd", "m^3", "nm3", "nm³"):
        return "m3"
    return _UNITS.get(plain.lower(), plain)


def plain_id(text: str) -> str:
    """Return an id without what Excel puts around it."""
    found = _FORMULA.fullmatch(text.strip())
    return found[1].strip() if found else text.strip()

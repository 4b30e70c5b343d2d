"""Lines of a CSV -> cells, each line by itself, so that a stray quote spoils that line only."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from io import TextIOWrapper
from typing import NamedTuple

from bronze.formats.opened import decoded
from bronze.formats.records import Refused
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile

_LONGEST = 1024 * 1024
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
# Blanks and apostrophe that group thousands in French and Swiss numbers, and the Swedish minus.
_MARKS = {0x00A0: None, 0x202F: None, 0x2019: "'", 0x2212: "-"}
# Excel keeps the zeros of an id that is written as a formula: ="0541".
_FORMULA = re.compile(r'="?([^"]*)"?')
# An id of which a spreadsheet has kept six digits: 5,71313E+17. 5E17 may be one of hexadecimals.
ROUNDED = r"[0-9]([.,][0-9]+[Ee]|[Ee]\+)\+?[0-9]+"
_ROUNDED = re.compile(ROUNDED)
# What Excel writes before a CSV to say its separator.
_SAYS_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\"])\"?[\s;,]*", re.IGNORECASE)
_UNITS = {"kwh": "kWh", "wh": "Wh", "mwh": "MWh", "w": "W", "kw": "kW"}


class UnreadableRow(LakeError):
    """One row that says nothing that can be taken; the others are not touched by it."""

    code = "unreadable-row"


class Row(NamedTuple):
    """The cells of a line, where it stands (counted from 1), and the line itself.

    ``width`` is how many columns the header has.
    """

    line: int
    cells: list[str]
    raw: str
    width: int = 0

    def cell(self, place: int) -> str:
        """Return a cell, empty where the row is shorter."""
        return self.cells[place] if place < len(self.cells) else ""

    def refused(self, reason: object) -> Refused:
        """Refuse the row, as it stands in the file."""
        return Refused(str(reason), payload=self.raw, line=self.line)

    def without(self, wrong: Sequence[object]) -> Iterator[Refused]:
        """Refuse cells of the row, which is taken without them: once, for the first of them."""
        if wrong:
            more = f", and {len(wrong) - 1} more of its cells" if wrong[1:] else ""
            yield self.refused(f"{wrong[0]}{more}")

    def shifted(self) -> Refused | None:
        """Refuse a row with cells behind the header's last column; None for any other.

        A decimal comma without quotes makes two cells of one, and moves all behind it.
        """
        if not any(self.cells[self.width :]):
            return None
        return self.refused(f"{len(self.cells)} cells under {self.width} columns")


def rows(
    lines: TextIOWrapper, separator: str = "", *, skip: int = 0, header: bool = True
) -> Iterator[Row]:
    """Yield the lines that have anything in them; UnreadableFile for one that has no end.

    Without a separator it is what the first of them has most of, or what Excel says before it; so
    many lines are skipped before it. The first gives all of them their width: a header that of its
    last name. A header that stands again, as where exports were put together, is passed over;
    another one is an UnreadableFile.
    """
    number = width = 0
    names = list[str]()
    while line := lines.readline(_LONGEST):
        number += 1
        if len(line) == _LONGEST and line[-1] not in "\r\n":
            raise UnreadableFile(f"line {number} has no end", cure="send the CSV as it was made")
        if number <= skip:
            continue
        raw = line.rstrip("\r\n")
        if not raw.strip():
            continue
        if not width and (said := _SAYS_SEPARATOR.fullmatch(raw)):
            separator = separator or said[1]
            continue
        separator = separator or separator_of(raw)
        cells = cells_of(raw, separator)
        if any(cells):
            width = width or max(n for n, cell in enumerate(cells, 1) if cell or not header)
            if header and names and _is_header(cells, names):
                if names_of(cells)[:width] != names[:width]:
                    raise UnreadableFile(
                        f"line {number} is a header, and not that of the file",
                        cure="send each export as a file of its own",
                    )
                continue
            names = names or names_of(cells)
            yield Row(number, cells, raw, width)


def _is_header(cells: list[str], names: list[str]) -> bool:
    """Tell whether a line is a header again: its first name, and no number; no line of units."""
    return (
        bool(cells[0])
        and names_of(cells[:1]) == names[:1]
        and not any(map(_NUMBER.fullmatch, cells))
        and not all(
            unit_of(cell.strip("[]()")) in {"", "m3", *_UNITS.values()} for cell in cells[1:]
        )
    )


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
    """Return the first line of a file that has anything in it, but what Excel says of its cells."""
    lines = (line for line in decoded(head).splitlines() if line.strip())
    return next((line for line in lines if not _SAYS_SEPARATOR.fullmatch(line)), "")


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
        raise UnreadableRow(f"{text!r} is not a number where the comma is decimal")
    found = found.replace(decimal, ".")
    if not _NUMBER.fullmatch(found):
        raise UnreadableRow(f"{text!r} is not a number")
    return found.removeprefix("+")


@cache
def _grouped(thousands: str, decimal: str) -> re.Pattern[str]:
    mark, point = re.escape(thousands), re.escape(decimal)
    return re.compile(rf"[+-]?[1-9]\d{{0,2}}({mark}\d{{3}})+({point}\d*)?", re.ASCII)


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
    """Return an id without what Excel puts around it; UnreadableRow for one that it has rounded."""
    found = _FORMULA.fullmatch(text.strip())
    plain = found[1].strip() if found else text.strip()
    if _ROUNDED.fullmatch(plain):
        raise UnreadableRow(f"{plain} is an id that a spreadsheet has rounded")
    return plain

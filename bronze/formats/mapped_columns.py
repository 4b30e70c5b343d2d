"""The header of a CSV -> where the columns of a mapping stand, and whose values they hold."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bronze.formats.mapping_keys import Meter, ValueColumn
from bronze.formats.rows import names_of, unit_of
from lake.ingestion.files import UnreadableFile

_SHOWN = 40
_NTH = re.compile(r"(.+)#([1-9]\d?)", re.ASCII)


class Column(NamedTuple):
    """Where values stand, what the mapping says of them, and the meter where the header has it."""

    place: int
    keys: ValueColumn
    meter_id: str


class Header:
    """The names of the columns, found in upper or lower case."""

    def __init__(self, cells: Sequence[str]) -> None:
        """Take the cells as they were sent."""
        self.cells = [" ".join(cell.split()) for cell in cells]
        self.names = names_of(cells)

    def place(self, name: str, key: str) -> int:
        """Return where a column stands, the second of a name as ``name#2``.

        UnreadableFile, with the key of the mapping, for none, and for one of two of a name.
        """
        [plain] = names_of([name])
        places = [place for place, known in enumerate(self.names) if known == plain]
        if not places and (match := _NTH.fullmatch(plain)):
            named = [place for place, known in enumerate(self.names) if known == match[1]]
            places = named[int(match[2]) - 1 : int(match[2])]
        if not places:
            raise UnreadableFile(f"{key}: the file has no column {name!r}", cure=self._cure())
        if len(places) > 1:
            raise UnreadableFile(
                f"{key}: the file has {len(places)} columns {name!r}",
                cure=f"say which, as in {name}#1 or {name}#2",
            )
        return places[0]

    def optional(self, name: str, key: str) -> int | None:
        """Return where a column stands; None where the mapping names none."""
        return self.place(name, key) if name else None

    def of_values(self, columns: Sequence[ValueColumn], meter: Meter) -> list[Column]:
        """Return the columns of values.

        Without a group in its pattern a column is of the row's meter, and has the name of its
        header only where there is none. UnreadableFile where a column would take the place of
        another.
        """
        found = [column for keys in columns for column in self._found(keys, meter)]
        known: dict[tuple[str, ...], int] = {}
        for place, keys, named in found:
            whose = (keys.meter or named, keys.suffix, keys.register_, unit_of(keys.unit))
            other = known.setdefault(whose, place)
            if other != place:
                raise UnreadableFile(
                    f"columns: {self.cells[other]} and {self.cells[place]} are of one meter",
                    cure="say meter, suffix or register of each, or a pattern whose group tells it",
                )
        return found

    def _found(self, keys: ValueColumn, meter: Meter) -> list[Column]:
        if keys.name:
            return [Column(self.place(keys.name, "columns"), keys, "")]
        has_meter = bool(meter.column or meter.id)
        found = [
            Column(
                place, keys, (match[1] if match.re.groups else "") or ("" if has_meter else cell)
            )
            for place, cell in enumerate(self.cells)
            if (match := re.fullmatch(keys.pattern, cell, re.IGNORECASE))
        ]
        if not found:
            raise UnreadableFile(f"columns: no column matches {keys.pattern}", cure=self._cure())
        return found

    def _cure(self) -> str:
        return f"it has {', '.join(self.cells[:_SHOWN])}"

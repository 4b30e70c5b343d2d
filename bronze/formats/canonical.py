"""The platform's own NDJSON and CSV -> the same records: readings by interval, or register reads.

Source: docs/inputs.md, and ``bronze/forms.py`` for the columns of the CSVs: ``meter_id,
starts_at,resolution,value,unit,quality,known_at`` and ``meter_id,read_at,register,reading,unit,
quality,known_at,device``. A read may have a local date, which begins in the told zone. Values,
units and words of quality stay as they are: they are judged later, as if the file had come by
itself.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any

from bronze.formats.local_time import LocalTime
from bronze.formats.opened import UTF_8, text
from bronze.formats.records import MEASURED, Block, Read, Record, Refused, Told
from bronze.formats.rows import UnreadableRow, cells_of, first_line, names_of, plain_id
from bronze.formats.stamps import iso
from bronze.forms import FORMS
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import LONGEST_LINE

VERSION = 2
_KINDS = ("readings", "registers")
_NAMES = frozenset({"meter_id", "starts_at", "resolution", "read_at"})
_TELLING = 2
_Fields = Mapping[str, Any]


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is canonical: its first line has two of the names that only it has.

    One of them may have been renamed or left out: that is then said of it, and not that nobody
    knows the file.
    """
    del name
    line = first_line(head).strip()
    if line.startswith("{"):
        # The first line may be a block that is longer than the head.
        return sum(f'"{name}"' in line for name in _NAMES) >= _TELLING
    return len(_NAMES.intersection(names_of(cells_of(line, ",")))) >= _TELLING


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield a block or read a line; UnreadableFile where the first line is neither form."""
    clock = LocalTime(told.zone) if told.zone else None
    names: list[str] | None = None
    with text(stream, UTF_8) as lines:
        for number, line in _lines(lines):
            if names is None and not line.startswith("{"):
                names = names_of(cells_of(line, ","))
                if _kind(names) is None:
                    raise UnreadableFile(
                        "neither NDJSON nor the CSV of readings or registers",
                        where=f"line {number}",
                        cure=f"the columns are {','.join(sum(FORMS['readings'], ()))}",
                    )
                continue
            names = names or []
            try:
                fields = _cells(line, names) if names else _object(line)
                yield _record(fields, clock, number)
            except UnreadableRow as error:
                yield Refused(str(error), line[:4000], number)
        if names is None:
            raise UnreadableFile("the file is empty", cure="send it again, whole")


def _kind(names: list[str]) -> str | None:
    for kind in _KINDS:
        must, _ = FORMS[kind]
        if set(must) <= set(names):
            return kind
    return None


def _lines(lines: TextIOWrapper) -> Iterator[tuple[int, str]]:
    number = 0
    while line := lines.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise UnreadableFile(f"line {number} has no end", cure="send one block a line")
        if line.strip():
            yield number, line.strip()


def _cells(line: str, names: list[str]) -> _Fields:
    cells = cells_of(line, ",")
    if len(cells) > len(names):
        raise UnreadableRow(f"{len(cells)} cells under {len(names)} columns")
    return dict(zip(names, cells, strict=False))


def _object(line: str) -> _Fields:
    try:
        found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableRow("not a JSON object") from error
    if not isinstance(found, dict):
        raise UnreadableRow("not a JSON object")
    return found


def _record(fields: _Fields, clock: LocalTime | None, line: int) -> Record:
    meter_id = plain_id(_needed(fields, "meter_id"))
    known_at = _text(fields, "known_at")
    said = iso(known_at) if known_at else None
    if said is not None and said.tzinfo is None:
        raise UnreadableRow("known_at has no offset")
    unit = _text(fields, "unit") or "kWh"
    if "read_at" in fields or "reading" in fields:
        return Read(
            meter_id, _read_at(_needed(fields, "read_at"), clock), _needed(fields, "reading"), unit,
            register=_text(fields, "register"), quality=_text(fields, "quality") or MEASURED,
            known_at=said, line=line, device=_text(fields, "device"),
        )  # fmt: skip
    starts_at = iso(_needed(fields, "starts_at"))
    if starts_at.tzinfo is None:
        raise UnreadableRow("starts_at has no offset")
    resolution = _needed(fields, "resolution").upper()
    values = fields.get("values")
    if values is None:
        values = [_needed(fields, "value")]  # a list of one null is a gap that somebody says
    if not isinstance(values, list) or not values:
        raise UnreadableRow("values is missing")
    quality = fields.get("quality") or MEASURED
    return Block(
        meter_id, starts_at, resolution, unit,
        values=tuple(None if value is None else _plain(value) for value in values),
        quality=tuple(map(_plain, quality)) if isinstance(quality, list) else _plain(quality),
        known_at=said, line=line,
    )  # fmt: skip


def _read_at(read_at: str, clock: LocalTime | None) -> datetime:
    found = iso(read_at)
    if found.tzinfo is not None:
        return found
    if len(read_at) > 10 or clock is None:
        raise UnreadableRow("read_at has no offset")
    return clock.midnight(found)


def _text(fields: _Fields, name: str) -> str:
    found = fields.get(name)
    return "" if found is None else _plain(found).strip()


def _needed(fields: _Fields, name: str) -> str:
    found = _text(fields, name)
    if not found:
        raise UnreadableRow(f"{name} is missing")
    return found


def _plain(value: object) -> str:
    """Return a value of a line as text: a list or an object is not one."""
    return value if isinstance(value, str) else json.dumps(value)

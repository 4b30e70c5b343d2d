"""A file as it was sent -> landing/: kept untouched, and what it says as canonical lines.

Canonical NDJSON and CSV land as they are, the files of a zip each for itself. Any other form is
read here: the file goes to landing/files, its blocks to landing/readings and its register reads to
landing/registers, each line naming where in the file it stands (``message_id``); what could not be
read is a line too, which bronze puts with its reason into bronze.rejected.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Protocol

from bronze import forms
from bronze.formats import CANONICAL, form
from bronze.formats.files import found, named_for, records_of
from bronze.formats.opened import unpacked
from bronze.formats.records import (
    ESTIMATED,
    MISSING,
    NOTHING_TOLD,
    Block,
    Read,
    Record,
    Refused,
    Told,
)
from bronze.formats.resolution import named, starts
from bronze.formats.rows import UnreadableRow, amount
from bronze.formats.stamps import NoZone
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import Landed, derived, keep, land
from lake.settings import Settings

READINGS, REGISTERS = "readings", "registers"
# The canonical reading as CSV, as partners send it too.
COLUMNS = ("meter_id", "starts_at", "resolution", "value", "unit", "quality", "known_at")
_VALUE = COLUMNS.index("value")
_PAYLOAD = 4000


class Log(Protocol):
    """What is told of refused parts, a line each."""

    def write(self, text: str, /) -> object:
        """Take one line, with its end."""
        ...


@dataclass(frozen=True)
class Taken:
    """What a file said: its form, and counts of values, register reads and refused parts."""

    form: str
    landed: Landed
    readings: int = 0
    reads: int = 0
    refused: int = 0


def take(
    file: Path, *, partner: str, settings: Settings, clock: datetime, kind: str = READINGS,
    form: str = "", told: Told = NOTHING_TOLD, keeps_unreadable: bool = False, arrival: str = "",
) -> Taken:  # fmt: skip
    """Put a file into landing, readable for bronze; UnreadableFile where nothing of it can be read.

    ``kind`` is what a canonical file holds; ``form`` is found out from the content where it is not
    given. The same file again is found and left, unless it is of another ``arrival``; one told
    otherwise (zone, meter, mapping) is read again. With ``keeps_unreadable`` a file that nobody
    waits for is kept all the same, and its error becomes a line of bronze.rejected.
    """
    name = ""
    try:
        name = CANONICAL if kind != READINGS else form or found(file, told)
        if name == CANONICAL:
            landed = _landed(file, kind=kind, partner=partner, settings=settings, clock=clock,
                             arrival=arrival)  # fmt: skip
            return Taken(name, landed)
    except UnreadableFile as error:
        if not keeps_unreadable:
            raise
        kept = keep(file, partner=partner, settings=settings, clock=clock, arrival=arrival)
        return _unreadable(kept, error, settings)
    told = replace(told, partner=partner)
    landed = keep(file, partner=partner, settings=settings, clock=clock, arrival=arrival)
    try:
        return _read(landed, name, told, file, settings)
    except UnreadableFile as error:
        if keeps_unreadable:
            return _unreadable(landed, error, settings)
        if landed.is_new:
            landed.path.unlink()
        raise


def as_csv(
    file: Path, out: IO[str], *, log: Log, form: str = "", told: Told = NOTHING_TOLD
) -> Counter[type[Record]]:
    """Write what a file says as canonical CSV, and touch nothing else; refused parts go to ``log``.

    Counters (register reads) are written as what passed between two reads of a register of one
    device, empty where it fell: a roll-over is told by silver, which knows the meter. Stamps of
    which nobody tells the zone are shown as UTC. Return how many values, reads and refused parts
    there were; UnreadableFile where nothing can be read.
    """
    name = form or found(file, told)
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    last: dict[tuple[str, ...], Read] = {}
    count: Counter[type[Record]] = Counter()
    passed: Counter[bool] = Counter()
    for record in _zoned(file, name, told, log):
        try:
            rows = _shown(record, last)
            if isinstance(record, Read):
                passed.update(row[_VALUE] == "" for row in rows)
            table.writerows(rows)
        except UnreadableRow as error:
            record = Refused(str(error), line=record.line)  # noqa: PLW2901 - it is that now
        count[type(record)] += len(record.values) if isinstance(record, Block) else 1
        if isinstance(record, Refused):
            log.write(f"refused: line {record.line}: {record.reason}\n")
    if not count:
        raise UnreadableFile("there are no readings in it", where=str(file))
    if passed[True]:
        log.write(
            f"{passed[True]} of {passed.total()} differences of registers are empty: a register "
            "fell, and whether it ran over or was exchanged is told when it is read into the lake\n"
        )
    return count


def _landed(
    file: Path, *, kind: str, partner: str, settings: Settings, clock: datetime, arrival: str
) -> Landed:
    """Land a canonical file, or all files of a zip; UnreadableFile before the first of them."""
    for plain in unpacked(file):
        forms.form_of(plain, kind)
    landed = [
        land(plain, kind=kind, partner=partner, settings=settings, clock=clock, arrival=arrival)
        for plain in unpacked(file)
    ]
    if not landed:
        raise UnreadableFile("the archive is empty", where=str(file))
    is_new, size = any(each.is_new for each in landed), sum(each.bytes for each in landed)
    return replace(landed[0], is_new=is_new, bytes=size)


def _zoned(file: Path, name: str, told: Told, log: Log) -> Iterator[Record]:
    """Yield what a file says, in UTC where nobody tells its zone, which the first record shows."""
    records = records_of(file, name, told)
    try:
        first = next(records, None)
    except NoZone as error:
        log.write(f"{error}; shown as UTC\n")
        yield from records_of(file, name, replace(told, zone="UTC"))
        return
    if first is not None:
        yield first
        yield from records


def _read(landed: Landed, name: str, told: Told, file: Path, settings: Settings) -> Taken:
    """Write what a kept file says as lines; all of them, or none."""
    count: Counter[type[Record]] = Counter()
    version = _version(name, named_for(file.name, told))
    with ExitStack() as files:
        write = {
            kind: files.enter_context(
                derived(landed, kind, version=version, ending="ndjson", settings=settings)
            )
            for kind in (READINGS, REGISTERS)
        }
        for record in records_of(file, name, told):
            count[type(record)] += len(record.values) if isinstance(record, Block) else 1
            write[REGISTERS if isinstance(record, Read) else READINGS](_line(record, file.name))
        if not count:
            raise UnreadableFile("there are no readings in it", where=str(file))
    return Taken(name, landed, count[Block], count[Read], count[Refused])


def _unreadable(landed: Landed, error: UnreadableFile, settings: Settings) -> Taken:
    refused = Refused(error.what, payload=error.cure)
    with derived(landed, READINGS, version=0, ending="ndjson", settings=settings) as write:
        write(_line(refused, landed.path.name))
    return Taken("", landed, refused=1)


def _version(name: str, told: Told) -> str:
    """Return what tells two readings of one file apart: the reader's version, and what was told."""
    mapping = told.mapping.read_bytes() if told.mapping else b""
    said = f"{name}\n{told.zone}\n{told.meter_id}\n".encode() + mapping
    return f"{form(name).VERSION}-{hashlib.sha256(said).hexdigest()[:8]}"


def _line(record: Record, file: str) -> str:
    where = f"{file}:{record.line}"
    said: dict[str, Any]
    match record:
        case Refused():
            said = {"refused": record.reason, "message_id": where,
                    "payload": record.payload[:_PAYLOAD]}  # fmt: skip
        case Read():
            said = {"meter_id": record.meter_id, "read_at": record.read_at.isoformat(),
                    "register": record.register, "reading": record.reading, "unit": record.unit,
                    "quality": record.quality}  # fmt: skip
            if record.device:
                said["device"] = record.device
        case Block():
            quality = record.quality if isinstance(record.quality, str) else [*record.quality]
            said = {"meter_id": record.meter_id, "starts_at": record.starts_at.isoformat(),
                    "resolution": record.resolution, "unit": record.unit,
                    "values": [*record.values], "quality": quality,
                    "message_id": where}  # fmt: skip
    if not isinstance(record, Refused) and record.known_at:
        said["known_at"] = record.known_at.isoformat()
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)


def _shown(record: Record, last: dict[tuple[str, ...], Read]) -> Sequence[tuple[str, ...]]:
    """Return the rows of a record, and keep the last read of a register.

    UnreadableRow where a canonical line has what only silver would judge.
    """
    match record:
        case Block():
            return _rows(record)
        case Read():
            _number(record)
            of = (record.meter_id, record.device, record.register, record.unit)
            before, last[of] = last.get(of), record
            is_later = before is not None and before.read_at < record.read_at
            return [_passed(before, record)] if before and is_later else []
        case Refused():
            return []


def _rows(block: Block) -> list[tuple[str, ...]]:
    words = [block.quality] * len(block.values) if isinstance(block.quality, str) else block.quality
    if len(words) != len(block.values):
        raise UnreadableRow(f"{len(words)} words of quality for {len(block.values)} values")
    # Values first: no start is looked for behind the last.
    of_all = zip(block.values, words, starts(block.starts_at, block.resolution), strict=False)
    return [
        (block.meter_id, start.isoformat(), block.resolution, value or "", block.unit,
         MISSING if value is None else word, _known(block))
        for value, word, start in of_all
    ]  # fmt: skip


def _passed(before: Read, read: Read) -> tuple[str, ...]:
    """Write the difference of two reads; a counter that fell has none."""
    passed = _number(read) - _number(before)
    words = {before.quality, read.quality}
    quality = MISSING if passed < 0 else read.quality if len(words) == 1 else ESTIMATED
    seconds = (read.read_at - before.read_at).total_seconds()
    value = "" if passed < 0 else f"{passed:f}"
    return (read.meter_id, before.read_at.isoformat(), named(round(seconds)), value, read.unit,
            quality, _known(read))  # fmt: skip


def _number(read: Read) -> Decimal:
    number = amount(read.reading)
    if number is None:
        raise UnreadableRow("reading is missing")
    return Decimal(number)


def _known(record: Block | Read) -> str:
    return record.known_at.isoformat() if record.known_at else ""

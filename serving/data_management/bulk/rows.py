"""A canonical file -> its rows, each with what is wrong with it; a row at a time, never the whole.

NDJSON or CSV, plain, gzip or zip. Only what bronze would reject or silver put aside is an error
here, and of registrations what PUT would refuse; what they take with a warning (a reading outside
of supply) is not.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from pydantic_core import from_json

from bronze.forms import CSV_KINDS, FORMS, JSON_KINDS, OF_ALL_PARTNERS
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import LONGEST_LINE
from serving.data_management.blocks.blocks import Block, Fault, Faults, Meter
from serving.data_management.blocks.checks import checked, is_id
from serving.data_management.bulk.demand_checks import check_demand, is_true
from serving.data_management.bulk.home_documents import Home, home_said
from serving.data_management.bulk.homes import JobHomes
from serving.data_management.bulk.row_checks import (
    as_number,
    check_co2,
    check_price,
    check_read,
    check_weather,
)

# What a line of a kind must have.
NEEDED = {kind: must or ("location_id",) for kind, (must, _) in FORMS.items()}
BOM = b"\xef\xbb\xbf"
_TAKEN_ALL_THE_SAME = frozenset({"outside_supply", "unknown_field", "too_many"})
_TOGETHER, _TOGETHER_BYTES = 2_000, 1024 * 1024
Find = Callable[[set[str]], Mapping[str, Meter]]
Check = Callable[[Mapping[str, Any], Meter | None, datetime, Faults], None]
_OF_METERS: Mapping[str, Check] = {"registers": check_read, "demand": check_demand}


@dataclass(slots=True)
class Row:
    """One line of a file: where it stands, how it was sent, and what is wrong with it."""

    line: int
    payload: bytes
    reasons: list[str] = field(default_factory=list)
    block: Block | None = None


# A row and its fields.
Said = tuple[Row, dict[str, Any]]


def rows(
    stream: IO[bytes], kind: str, *, partner_id: str, at: datetime, find: Find, homes: JobHomes
) -> Iterator[Row]:
    """Yield the rows of one plain file, judged; UnreadableFile."""
    numbered = lines(stream)
    _, first = next(numbered, (0, b""))
    head = first.removeprefix(BOM).strip()
    if not head:
        raise UnreadableFile("the file is empty", cure="send it again, whole")
    if head.startswith(b"{"):
        if kind not in JSON_KINDS:
            raise UnreadableFile(f"{kind} come as CSV", cure=_columns(kind))
        found = _of_json(_with_first(head, numbered), kind)
    else:
        if kind not in CSV_KINDS:
            raise UnreadableFile(f"{kind} come as NDJSON", cure="send a document a line")
        found = _of_csv(head, numbered, kind)
    for part in _parts(found):
        if kind in OF_ALL_PARTNERS:
            _judge_market(part, kind, at)
        elif kind == "readings":
            _judge(part, partner_id, at, find)
        elif kind in _OF_METERS:
            _judge_of_meters(part, partner_id, at, find, _OF_METERS[kind])
        else:
            _judge_homes(part, partner_id, homes)
        for row, _ in part:
            yield row


def _parts(found: Iterator[Said]) -> Iterator[list[Said]]:
    """Yield rows together, as many as are asked for at once and as their size lets."""
    part: list[Said] = []
    size = 0
    for row, said in found:
        part.append((row, said))
        size += len(row.payload)
        if len(part) >= _TOGETHER or size >= _TOGETHER_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _judge(part: list[Said], partner_id: str, at: datetime, find: Find) -> None:
    """Hold readings against their meters; meters that are not known yet are no error."""
    meters = find({i for _, said in part if is_id(i := said.get("meter_id"))})
    for row, said in part:
        if row.reasons:
            continue
        block = checked(said, index=0, partner_id=partner_id, at=at, meter=meters.get)
        faults = [one for one in block.faults if one.code not in _TAKEN_ALL_THE_SAME]
        row.reasons += [_worded(one) for one in faults]
        row.block = None if faults else block


def _judge_of_meters(
    part: list[Said], partner_id: str, at: datetime, find: Find, check: Check
) -> None:
    meters = find({i for _, said in part if is_id(i := said.get("meter_id"))})
    for row, said in part:
        if row.reasons:
            continue
        faults: list[Fault] = []
        if not is_id(meter_id := said.get("meter_id")):
            faults.append(Fault("meter_id", "missing", "printable text of at most 200 characters"))
        elif said.get("partner_id") not in (None, partner_id):
            faults.append(Fault("partner_id", "not_your_partner", "leave it out, or name your own"))
        else:
            check(said, meters.get(meter_id), at, Faults(faults))
        row.reasons += map(_worded, faults)


def _judge_homes(part: list[Said], partner_id: str, homes: JobHomes) -> None:
    """Read documents, and hold those that can be read against what is known of their homes."""
    read: list[tuple[Row, Home, list[Fault]]] = []
    for row, said in part:
        if not row.reasons:
            faults: list[Fault] = []
            read.append((row, home_said(said, partner_id, Faults(faults)), faults))
    homes.ask([home for _, home, _ in read])
    for row, home, faults in read:
        if not faults:
            homes.check(home, Faults(faults))
        if not faults:
            homes.take(home)
        row.reasons += map(_worded, faults)


def _judge_market(part: list[Said], kind: str, at: datetime) -> None:
    for row, said in part:
        if row.reasons:
            continue
        faults: list[Fault] = []
        match kind:
            case "weather":
                check_weather(said, at, Faults(faults))
            case "prices":
                check_price(said, Faults(faults))
            case "co2":
                check_co2(said, Faults(faults))
        row.reasons += map(_worded, faults)


def _worded(fault: Fault) -> str:
    return f"{fault.code}: {fault.field}: {fault.message}" if fault.field else fault.code


def _of_json(numbered: Iterator[tuple[int, bytes]], kind: str) -> Iterator[Said]:
    for number, line in numbered:
        row = Row(number, line)
        said: dict[str, Any] = {}
        try:
            read = from_json(line)
        except ValueError as error:
            row.reasons.append(f"not_json: {str(error)[:200]}")
        else:
            if isinstance(read, dict):
                said = _as_numbers(read) if kind in ("readings", *_OF_METERS) else read
                if kind != "readings":
                    row.reasons += _missing(kind, read)
            else:
                row.reasons.append("not_json: not a JSON object")
        yield row, said


def _missing(kind: str, said: Mapping[str, Any]) -> list[str]:
    """Name what a line lacks; a maximum that is taken back is none."""
    is_taken_back = kind == "demand" and is_true(said.get("is_deleted"))
    return [
        f"missing: {name} is missing"
        for name in NEEDED[kind]
        if said.get(name) in (None, "") and not (is_taken_back and name == "demand")
    ]


def _as_numbers(said: dict[str, Any]) -> dict[str, Any]:
    """Read numbers that files say as text, and ids that they say as numbers, as silver does."""
    if isinstance(meter_id := said.get("meter_id"), int):
        said["meter_id"] = str(meter_id)
    for name in ("values", "value"):
        values = said.get(name)
        if isinstance(values, str):
            said[name] = as_number(values)
        elif isinstance(values, list) and any(isinstance(v, str) for v in values):
            said[name] = [as_number(v) for v in values]
    return said


def _of_csv(head: bytes, numbered: Iterator[tuple[int, bytes]], kind: str) -> Iterator[Said]:
    try:
        names = [cell.strip().lower() for cell in _cells(head)]
    except csv.Error as error:
        raise UnreadableFile(f"not CSV: {error}", where="line 1", cure=_columns(kind)) from error
    if missing := [name for name in NEEDED[kind] if name not in names]:
        raise UnreadableFile(f"no column {', '.join(missing)}", where="line 1", cure=_columns(kind))
    for number, line in numbered:
        row = Row(number, line)
        try:
            cells = _cells(line)
        except csv.Error as error:
            row.reasons.append(f"not_csv: {error}")
            yield row, {}
            continue
        told = {n: c.strip() for n, c in zip(names, cells, strict=False) if c.strip()}
        said: dict[str, Any] = dict(told)
        if kind == "readings":
            _with_value(row, said)
        else:
            row.reasons += _missing(kind, told)
        yield row, said


def _with_value(row: Row, said: dict[str, Any]) -> None:
    """Read the value of a CSV line; one of a meter that says it is missing says nothing."""
    text = said.pop("value", None)
    if text is None:
        row.reasons.append("missing: value is missing")
        return
    value = as_number(text)
    if isinstance(value, str):
        row.reasons.append(f"not_a_number: {text[:40]}")
    else:
        said["values"] = [value]


def _cells(line: bytes) -> list[str]:
    text = line.decode("utf-8", "replace")
    if '"' not in text:
        return text.split(",")
    return next(csv.reader([text]), [])


def lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold something, with their number; UnreadableFile."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise UnreadableFile("a line is longer than 16 MiB", where=f"line {number}",
                               cure="send one block a line")  # fmt: skip
        if b"\x00" in line:
            raise UnreadableFile("not a text file: it has zero bytes", where=f"line {number}",
                               cure="send UTF-8 text: NDJSON or CSV")  # fmt: skip
        if line := line.strip():
            yield number, line


def _with_first(head: bytes, numbered: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    yield 1, head
    yield from numbered


def _columns(kind: str) -> str:
    return f"the columns are {', '.join(NEEDED[kind])}, …"

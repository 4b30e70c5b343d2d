"""A held row and what is to be changed in it -> the line that is sent again for it.

The line is taken from landing, where it stands whole; an event's from its row in bronze. Of a block
of values only the one that was held is said again: a null says nothing.
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from lake.catalog import Catalog
from lake.contract import Table
from lake.errors import LakeError
from lake.ingestion.landing import Landed, land
from lake.reading import Reader
from lake.repair.held import Held
from lake.repair.repairs import as_file
from lake.settings import Settings
from lake.sql_values import literal

# What is said of the held value of a block.
_ONE = "value"
_KNOWN_AT = "known_at"


class CannotMend(LakeError):
    """A change that the line does not take."""

    code = "cannot-mend"


@dataclass(frozen=True)
class Mended:
    """The text that is sent: the kind of landing, its form, the line under its header."""

    kind: str
    ending: str
    text: str


@dataclass(frozen=True)
class Original:
    """A line as it was sent; ``header`` is null where it is JSON."""

    text: str
    header: str | None


def mended(
    held: Held, changes: Mapping[str, str], line: str, *, reader: Reader, catalog: Catalog
) -> Mended:
    """Return what is to be sent for a held row; CannotMend.

    ``line`` is the whole line anew; ``changes`` are fields of the old one, those of a document by
    their path (``meters.0.fuel``), and what is no JSON is text.
    """
    node = catalog.node(held.table_name)
    driver = node if node.landing else catalog.node(next(iter(node.inputs.values())))
    sent = original(held, driver.table, reader)
    if not line:
        line = (
            _json(held, sent.text, changes, driver.table)
            if sent.header is None
            else _csv(sent, changes, held)
        )
    if sent.header is None or line.lstrip().startswith("{"):
        return Mended(driver.landing, "ndjson", line + "\n")
    header = _row([*next(csv.reader([sent.header])), *_added(sent, changes)])
    return Mended(driver.landing, "csv", f"{header}\n{line}\n")


def send(held: Held, what: Mended, *, settings: Settings, clock: datetime) -> Landed:
    """Put the mended line into landing; the same line again is found there."""
    with as_file(what.text, f"mended-{held.id}.{what.ending}") as file:
        return land(file, kind=what.kind, partner=held.partner_id, settings=settings, clock=clock)


def original(held: Held, driver: Table, reader: Reader) -> Original:
    """Return the line as it was sent; CannotMend where it is not kept whole."""
    file = reader.settings.landing_folder / held.source_file
    if file.is_file():
        return _landed(file, held.source_line)
    if held.table_name == driver.name:
        return Original(held.payload or "", None)
    where = f"source_file = {literal(held.source_file)} AND source_line = {held.source_line}"
    found = reader.rows(f"SELECT * FROM {driver.name} WHERE {where}")
    if not found:
        raise CannotMend("the line is not there", where=f"{held.source_file}:{held.source_line}")
    first = driver.names.index("received_date") + 1
    said = {name: found[0][name] for name in driver.names[first:] if found[0][name] is not None}
    return Original(json.dumps(said, ensure_ascii=False), None)


def _landed(file: Path, number: int) -> Original:
    opened = gzip.open if file.suffix == ".gz" else Path.open
    with opened(file, "rt", encoding="utf-8-sig") as lines:
        first = next(lines, "").rstrip("\n")
        line = first if number == 1 else next(islice(lines, number - 2, None), "").rstrip("\n")
    return Original(line, None if first.lstrip().startswith("{") else first)


def _json(held: Held, text: str, changes: Mapping[str, str], driver: Table) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise CannotMend(
            "the line is not a JSON object", where=held.id, cure="give it anew: --line"
        )
    block = next((c.name for c in driver.columns if c.type == "array<string>"), "")
    values = document.get(block) if block else None
    if held.position >= 0 and isinstance(values, list):
        document[block] = [v if n == held.position else None for n, v in enumerate(values)]
        if _ONE in changes:
            document[block][held.position] = _value(changes[_ONE])
            changes = {k: v for k, v in changes.items() if k != _ONE}
    # It is said now, unless it is told otherwise.
    document.pop(_KNOWN_AT, None)
    for path, text_of in changes.items():
        _set(document, path, _value(text_of), known={*document, *driver.names, _ONE})
    return json.dumps(document, ensure_ascii=False)


def _set(document: Any, path: str, value: Any, *, known: set[str]) -> None:
    first, *rest = path.split(".")
    if first not in known:
        raise CannotMend(f"there is no field {first}", cure=f"it has {', '.join(sorted(known))}")
    place = document
    keys = [first, *rest]
    for key in keys[:-1]:
        place = _inner(place, key, path)
    try:
        if isinstance(place, list):
            place[int(keys[-1])] = value
        else:
            place[keys[-1]] = value
    except (ValueError, IndexError, TypeError) as error:
        raise CannotMend(f"there is no {path} in it") from error


def _inner(place: Any, key: str, path: str) -> Any:
    try:
        return place[int(key)] if isinstance(place, list) else place[key]
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise CannotMend(f"there is no {path} in it") from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _csv(sent: Original, changes: Mapping[str, str], held: Held) -> str:
    assert sent.header is not None
    names = [n.strip().lower() for n in next(csv.reader([sent.header]))]
    cells = next(csv.reader([sent.text]), [])
    if len(cells) > len(names):
        raise CannotMend("the line has more cells than columns", where=held.id,
                         cure="give it anew: --line")  # fmt: skip
    row = dict(zip(names, cells, strict=False))
    if _KNOWN_AT in names:
        row[_KNOWN_AT] = ""
    row |= changes
    return _row([row.get(name, "") for name in [*names, *_added(sent, changes)]])


def _added(sent: Original, changes: Mapping[str, str]) -> list[str]:
    """Return the columns that are set but were not sent."""
    assert sent.header is not None
    names = [n.strip().lower() for n in next(csv.reader([sent.header]))]
    return [name for name in changes if name not in names]


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()

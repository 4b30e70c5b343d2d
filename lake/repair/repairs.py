"""What somebody decided about a held row -> a line in landing/repairs, as everything else comes.

So bronze.repairs can be replayed like the rest, and what it says holds in every table made again.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Literal

from lake.contract import Table
from lake.errors import LakeError
from lake.ingestion.landing import Landed, land
from lake.reading import Reader
from lake.repair.held import (
    KINDS,
    Held,
    Kind,
    Wanted,
    all_are_there,
    decided_rows,
    said_until,
    waiting_rows,
)
from lake.settings import Settings

Action = Literal["release", "mend", "drop", "replay", "reopen"]
KIND = "repairs"
REOPEN = "reopen"
_PLACE = ("table_name", "held_file", "held_line", "position")
_Place = tuple[str, str, int, int]


class CannotRelease(LakeError):
    """A reason that nobody can overrule: such a row is none that the table can hold."""

    code = "cannot-release"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is done, by whom and why; ``mended`` is the line that was sent for the row."""

    action: Action
    by: str
    note: str = ""
    mended: str | None = None


def check_release(rows: Iterable[Held], tables: Mapping[str, Table]) -> None:
    """CannotRelease where a row has a reason that its table's contract does not let go."""
    for row in rows:
        # A line that could not be parsed is of a table that holds nothing back.
        table = tables.get(row.table_name)
        releasable = (table.releasable if table else None) or ()
        if kept := [r for r in row.reasons if r not in releasable]:
            is_unknown = "unknown_meter" in kept
            raise CannotRelease(
                f"{', '.join(kept)} cannot be overruled",
                where=f"{row.id} ({row.table_name}, {row.source_file}:{row.source_line})",
                cure="register the meter" if is_unknown else "mend or drop it",
            )


def decide(
    rows: Iterable[Held], decision: Decision, *, settings: Settings, clock: datetime
) -> list[Landed]:
    """Write what was decided about rows into landing, a file a partner; it holds from the next run.

    The clock is the time of the decision; of two about one row the later holds.
    """
    ordered = sorted(rows, key=lambda row: row.partner_id)
    landed = []
    for partner, its in groupby(ordered, key=lambda row: row.partner_id):
        text = "".join(_line(row, decision, clock) + "\n" for row in its)
        with as_file(text, f"{decision.action}.ndjson") as file:
            landed.append(land(file, kind=KIND, partner=partner, settings=settings, clock=clock))
    return landed


def undone(reader: Reader, kind: Kind, wanted: Wanted) -> list[Held]:
    """Return the rows on which a decision holds; UnknownRow for an id that none of them has."""
    held = decided_by_now(reader, wanted)
    all_are_there(wanted.ids, (h.id for h in held), kind)
    return held


def decided_by_now(reader: Reader, wanted: Wanted) -> list[Held]:
    """Return the rows on which a decision holds, or will with the next run."""
    held = {row.id: row for row in decided_rows(reader, wanted.condition())}
    rows = [row for kind in KINDS for row in waiting_rows(reader, kind, wanted.condition())]
    waiting = [row for row in rows if row.id not in held]
    said = {partner: _said(reader, partner) for partner in {row.partner_id for row in waiting}}
    meant = [row for row in waiting if said[row.partner_id].get(_place(row), REOPEN) != REOPEN]
    return [*held.values(), *meant]


def _said(reader: Reader, partner: str) -> dict[_Place, str]:
    """Return the latest decision in landing on each row, of the days that may not be read yet."""
    since = (said_until(reader, partner) or date.min).isoformat()
    landing = reader.settings.landing_folder / KIND
    files = [f for f in landing.glob(f"*/{partner}/*.ndjson") if f.parts[-3] >= since]
    lines = [line for f in files for line in f.read_text("utf-8").splitlines()]
    decisions = sorted(filter(None, map(_decision, lines)), key=lambda one: one[0])
    return {place: action for _, place, action in decisions}


def _decision(line: str) -> tuple[datetime, _Place, str] | None:
    """Return when a line was said, about which row, and what; None where bronze refuses it."""
    try:
        said = json.loads(line)
        at = datetime.fromisoformat(said["decided_at"]).astimezone(UTC)
        table, file, number, position = (said[name] for name in _PLACE)
        return at, (table, file, number, position), said["action"]
    except (ValueError, KeyError, TypeError):
        return None


def _place(row: Held) -> _Place:
    return row.table_name, row.source_file, row.source_line, row.position


@contextmanager
def as_file(text: str, name: str) -> Iterator[Path]:
    """Give a file of this name and text, which goes afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8")
        yield file


def _line(row: Held, decision: Decision, clock: datetime) -> str:
    said = {
        "action": decision.action,
        "table_name": row.table_name,
        "held_file": row.source_file,
        "held_line": row.source_line,
        "position": row.position,
        "held_at": row.held_at.astimezone(UTC).isoformat(),
        "reasons": row.reasons,
        "mended": decision.mended,
        "decided_by": decision.by,
        "note": decision.note or None,
        "decided_at": clock.astimezone(UTC).isoformat(),
    }
    return json.dumps({k: v for k, v in said.items() if v is not None}, ensure_ascii=False)

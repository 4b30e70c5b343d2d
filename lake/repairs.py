"""What somebody decided about a held row -> a line in landing/repairs, as everything else comes.

So bronze.repairs can be replayed like the rest, and what it says holds in every table made again.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Literal

from lake.contract import Table
from lake.errors import LakeError
from lake.held import Held
from lake.landing import Landed, land
from lake.settings import Settings

Action = Literal["release", "mend", "drop", "replay", "reopen"]
KIND = "repairs"


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

"""What waits for a person, read without Spark: rejected lines and quarantined rows, by a short id.

An id is told by where a row stands (table, file, line, position), so it is the same for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from arro3.core import Table as Arrow

from lake.contract import Table
from lake.errors import LakeError
from lake.reading import Reader
from lake.sql_values import literal

Kind = Literal["quarantine", "rejected"]
KINDS: tuple[Kind, ...] = ("quarantine", "rejected")
REPAIRS = "bronze.repairs"
ID_LENGTH = 12
# Digits of the line and of the position cannot run into the names before them.
_ID = (
    "substr(encode(sha256(concat_ws('|', {table}, {file}, CAST({line} AS VARCHAR), "
    f"CAST({{position}} AS VARCHAR))), 'hex'), 1, {ID_LENGTH})"
)
_COLUMNS = (
    "id, table_name, partner_id, entity_id, position, reasons, payload, source_file, source_line, "
    "held_at"
)
ORDER = ("held_at", "source_file", "source_line", "position")
# The latest decision on each row.
_DECIDED = (
    "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY partner_id, table_name, held_file, "
    "held_line, position ORDER BY decided_at DESC, received_at DESC, source_file DESC, "
    f"source_line DESC) AS nth FROM {REPAIRS}) AS said WHERE nth = 1 AND action <> 'reopen'"
)


class UnknownRow(LakeError):
    """An id that no held row has."""

    code = "unknown-row"


@dataclass(frozen=True)
class Held:
    """A row that waits: where it stands, why, and what was sent."""

    id: str
    table_name: str
    partner_id: str
    entity_id: str | None
    position: int
    reasons: list[str]
    payload: str | None
    source_file: str
    source_line: int
    held_at: datetime


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows are asked for; what is left out is any."""

    ids: tuple[str, ...] = ()
    partner: str = ""
    table: str = ""
    reason: str = ""
    since: datetime | None = None

    def condition(self) -> str:
        """Return it as SQL."""
        said = [
            f"id IN ({', '.join(map(literal, self.ids))})" if self.ids else "",
            f"partner_id = {literal(self.partner)}" if self.partner else "",
            f"table_name = {literal(self.table)}" if self.table else "",
            f"array_has(reasons, {literal(self.reason)})" if self.reason else "",
            f"held_at >= {literal(self.since)}" if self.since else "",
        ]
        return " AND ".join(filter(None, said)) or "TRUE"


def row_id(*, table: str, file: str, line: str, position: str) -> str:
    """Return the id of a row as SQL on the named columns."""
    return _ID.format(table=table, file=file, line=line, position=position)


def waiting(tables: Mapping[str, Table], kind: Kind) -> str:
    """Return SQL of all that waits and of which nobody decided otherwise."""
    names = [name for name in tables if name.endswith(f".{kind}")]
    if kind == "rejected":
        of = "SELECT table_name, partner_id, CAST(NULL AS VARCHAR) AS entity_id, -1 AS position, "
        of += "make_array(reason) AS reasons, payload, source_file, source_line, "
        of += "received_at AS held_at FROM {}"
    else:
        of = "SELECT table_name, partner_id, entity_id, position, reasons, payload, source_file, "
        of += "source_line, received_at AS held_at FROM {}"
    every = " UNION ALL ".join(of.format(name) for name in names)
    its_id = row_id(
        table="held.table_name", file="held.source_file", line="held.source_line",
        position="held.position",
    )  # fmt: skip
    # A row that is held still after its release has other reasons.
    return (
        f"SELECT {its_id} AS id, held.* FROM ({every}) AS held LEFT ANTI JOIN "
        f"(SELECT * FROM ({_DECIDED}) AS d WHERE action <> 'release') AS done "
        "ON done.partner_id = held.partner_id AND done.table_name = held.table_name AND "
        "done.held_file = held.source_file AND done.held_line = held.source_line AND "
        "done.position = held.position"
    )


def decided() -> str:
    """Return SQL of what people decided, with the ids of the rows: the decision that holds."""
    its_id = row_id(table="table_name", file="held_file", line="held_line", position="position")
    return (
        f"SELECT {its_id} AS id, action, table_name, partner_id, position, reasons, "
        "mended AS payload, held_file AS source_file, held_line AS source_line, held_at, "
        f"decided_by, note, decided_at FROM ({_DECIDED}) AS latest"
    )


def listed(
    reader: Reader, kind: Kind, wanted: Wanted, *, is_closed: bool = False, limit: int = 100
) -> Arrow:
    """Return the rows that wait, the oldest first; or those that were decided, the newest first."""
    condition = wanted.condition()
    if is_closed:
        is_rejected = "=" if kind == "rejected" else "<>"
        columns = "id, action, table_name, partner_id, position, reasons, decided_by, note, "
        return reader.query(
            f"SELECT {columns}decided_at FROM ({decided()}) AS decided WHERE {condition} AND "
            f"split_part(table_name, '.', 1) {is_rejected} 'bronze' "
            f"ORDER BY decided_at DESC, id LIMIT {limit}"
        )
    return reader.query(
        f"SELECT {_COLUMNS} FROM ({waiting(reader.tables, kind)}) AS held WHERE {condition} "
        f"ORDER BY {', '.join(ORDER)} LIMIT {limit}"
    )


def counted(reader: Reader, kind: Kind, wanted: Wanted) -> int:
    """Return how many rows wait."""
    sql = f"SELECT count(*) AS n FROM ({waiting(reader.tables, kind)}) AS held"
    return _number(reader.rows(f"{sql} WHERE {wanted.condition()}")[0]["n"])


def found(reader: Reader, kind: Kind, wanted: Wanted) -> list[Held]:
    """Return the rows that wait; UnknownRow for an id that none of them has."""
    held = waiting_rows(reader, kind, wanted.condition())
    all_are_there(wanted.ids, (h.id for h in held), kind)
    return held


def waiting_rows(
    reader: Reader, kind: Kind, condition: str, *, limit: int | None = None
) -> list[Held]:
    """Return the rows that wait for which a SQL condition holds, the oldest first."""
    bound = f" LIMIT {limit}" if limit is not None else ""
    rows = reader.rows(
        f"SELECT {_COLUMNS} FROM ({waiting(reader.tables, kind)}) AS held "
        f"WHERE {condition} ORDER BY {', '.join(ORDER)}{bound}"
    )
    return [Held(**_plain(row)) for row in rows]


def said_until(reader: Reader, partner: str) -> date | None:
    """Return the newest day of landing of which a partner's decisions are in the lake."""
    mine = f"partner_id = {literal(partner)}"
    found = reader.rows(f"SELECT max(received_date) AS day FROM {REPAIRS} WHERE {mine}")
    day = found[0]["day"] if found else None
    assert day is None or isinstance(day, date)
    return day


def decided_rows(reader: Reader, condition: str) -> list[Held]:
    """Return the rows on which a decision holds and for which a SQL condition is true."""
    rows = reader.rows(
        f"SELECT id, table_name, partner_id, CAST(NULL AS VARCHAR) AS entity_id, position, "
        f"reasons, payload, source_file, source_line, held_at FROM ({decided()}) AS decided "
        f"WHERE {condition}"
    )
    return [Held(**_plain(row)) for row in rows]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "reasons": list(row["reasons"] or ())}


def all_are_there(ids: Iterable[str], there: Iterable[str], kind: Kind) -> None:
    """UnknownRow where an id is none of those that are there."""
    if missing := sorted(set(ids) - set(there)):
        raise UnknownRow(
            f"no row of this id waits: {', '.join(missing)}",
            cure=f"`lake {kind} list` shows them, with --closed those that were decided",
        )


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value

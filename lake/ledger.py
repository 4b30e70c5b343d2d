"""What each run has taken in: written last, so that a run cut short is simply done again.

Two Delta tables under ``<lake>/_ledger``, written without Spark (a commit takes milliseconds):
``hops`` holds, a run of a table, the version of each input that it has seen; ``arrivals`` holds
each file or offset range that a bronze table has taken.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

_COMPACT_EVERY = 50
_LOCK = threading.Lock()
_HOPS = pa.schema(
    [
        ("table_name", pa.string()),
        ("input_name", pa.string()),
        ("input_version", pa.int64()),
        ("rule_version", pa.int32()),
        ("rows_written", pa.int64()),
        ("seconds", pa.float64()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)
_ARRIVALS = pa.schema(
    [
        ("table_name", pa.string()),
        ("source_file", pa.string()),
        ("first_line", pa.int64()),
        ("last_line", pa.int64()),
        ("rows_taken", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class Seen:
    """The input versions that a table's last finished run has seen, and its rule version."""

    versions: Mapping[str, int]
    rule_version: int


@dataclass(frozen=True)
class Arrival:
    """A file, or a range of offsets, that bronze has taken."""

    source_file: str
    first_line: int
    last_line: int
    rows_taken: int
    rows_rejected: int


class Ledger:
    """The ledger of one lake."""

    def __init__(self, root: str, storage_options: dict[str, str] | None = None) -> None:
        self._root, self._options = root, storage_options

    def seen(self, table: str) -> Seen:
        """Return what the table's last finished run has seen; nothing for a table never run."""
        rows = self._rows("hops", "table_name", table)
        if not rows.num_rows:
            return Seen({}, 0)
        newest = rows.filter(pc.equal(rows["recorded_at"], pc.max(rows["recorded_at"]))).to_pylist()
        return Seen(
            {r["input_name"]: r["input_version"] for r in newest}, newest[0]["rule_version"]
        )

    def record(
        self,
        table: str,
        versions: Mapping[str, int],
        *,
        rule_version: int,
        rows_written: int,
        seconds: float,
    ) -> None:
        """Say that the table has taken in its inputs up to these versions."""
        now = datetime.now(UTC)
        self._append(
            "hops",
            _HOPS,
            [
                {
                    "table_name": table,
                    "input_name": name,
                    "input_version": version,
                    "rule_version": rule_version,
                    "rows_written": rows_written,
                    "seconds": seconds,
                    "recorded_at": now,
                }
                for name, version in (versions or {"": 0}).items()
            ],
        )

    def arrivals(self, table: str) -> list[Arrival]:
        """Return every file and offset range that the table has taken."""
        names = list(Arrival.__dataclass_fields__)
        rows = self._rows("arrivals", "table_name", table)
        return [Arrival(**{n: r[n] for n in names}) for r in rows.to_pylist()]

    def arrived(self, table: str, arrivals: Iterable[Arrival]) -> None:
        """Say that the table has taken these files or offsets."""
        now = datetime.now(UTC)
        self._append(
            "arrivals",
            _ARRIVALS,
            [{"table_name": table, "recorded_at": now, **vars(a)} for a in arrivals],
        )

    def history(self) -> pa.Table:
        """Return all hops, one row a table, input and finished run."""
        try:
            return DeltaTable(
                f"{self._root}/_ledger/hops", storage_options=self._options
            ).to_pyarrow_table()
        except TableNotFoundError:
            return _HOPS.empty_table()

    def _rows(self, name: str, column: str, value: str) -> pa.Table:
        try:
            table = DeltaTable(f"{self._root}/_ledger/{name}", storage_options=self._options)
        except TableNotFoundError:
            return (_HOPS if name == "hops" else _ARRIVALS).empty_table()
        return table.to_pyarrow_table(filters=[(column, "=", value)])

    def _append(self, name: str, schema: pa.Schema, rows: list[dict[str, object]]) -> None:
        append(f"{self._root}/_ledger/{name}", schema, rows, self._options)


def append(
    path: str,
    schema: pa.Schema,
    rows: list[dict[str, object]],
    storage_options: dict[str, str] | None = None,
) -> None:
    """Append rows to a table that is written without Spark; no rows: no commit."""
    if not rows:
        return
    with _LOCK:
        write_deltalake(
            path,
            pa.Table.from_pylist(rows, schema=schema),
            mode="append",
            storage_options=storage_options,
        )
        table = DeltaTable(path, storage_options=storage_options)
        if table.version() % _COMPACT_EVERY == _COMPACT_EVERY - 1:
            table.optimize.compact()
            table.create_checkpoint()

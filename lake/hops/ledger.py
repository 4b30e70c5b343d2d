"""What each run has taken in: written last, so that a run cut short is simply done again.

Delta tables under ``<lake>/_ledger``, written without Spark (a commit takes milliseconds):
``hops`` holds, a run of a table, the version of each input that it has seen; ``arrivals`` holds
each file or offset range that a bronze table has taken, ``begun`` each that it was about to take,
``topics`` each topic as it was first seen; ``backfills`` the months that are done.
"""

import contextlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

_TICK = timedelta(microseconds=1)
_COMPACT_EVERY = 50
_ATTEMPTS = 5
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
_BACKFILLS = pa.schema(
    [
        ("table_name", pa.string()),
        ("first_day", pa.date32()),
        ("last_day", pa.date32()),
        # Which month is done, by its first day; null: all of them.
        ("month", pa.date32()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)
_TOPICS = pa.schema(
    [
        ("table_name", pa.string()),
        ("topic", pa.string()),
        ("topic_id", pa.string()),
        # How many topics of that name there have been, this one included.
        ("generation", pa.int32()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)
_SCHEMAS = {
    "hops": _HOPS, "arrivals": _ARRIVALS, "begun": _ARRIVALS, "topics": _TOPICS,
    "backfills": _BACKFILLS,
}  # fmt: skip


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
        # When each table was last recorded, as far as it was looked up here.
        self._recorded_at: dict[str, datetime] = {}

    def seen(self, table: str) -> Seen:
        """Return what the table's last finished run has seen; nothing for a table never run."""
        rows = self._rows("hops", "table_name", table)
        if not rows.num_rows:
            return Seen({}, 0)
        newest = rows.filter(pc.equal(rows["recorded_at"], pc.max(rows["recorded_at"]))).to_pylist()
        self._recorded_at[table] = newest[0]["recorded_at"]
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
        # After what was recorded by a clock that was ahead.
        last = self._recorded_at.get(table)
        now = max(datetime.now(UTC), last + _TICK) if last else datetime.now(UTC)
        self._recorded_at[table] = now
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

    def reached(self, table: str) -> dict[str, int]:
        """Return the last line or offset that the table has taken of each file or partition."""
        return self._last("arrivals", table)

    def doubtful(self, table: str) -> dict[str, int]:
        """Return the last line of each file or partition that was begun but not said to be taken.

        Those lines may be in the table already, or not: the process ended in between.
        """
        reached = self.reached(table)
        begun = self._last("begun", table)
        return {file: last for file, last in begun.items() if last > reached.get(file, -1)}

    def begins(self, table: str, arrivals: Iterable[Arrival]) -> None:
        """Say that the table is about to take these files or offsets."""
        self._arrivals("begun", table, arrivals)

    def arrived(self, table: str, arrivals: Iterable[Arrival]) -> None:
        """Say that the table has taken these files or offsets."""
        self._arrivals("arrivals", table, arrivals)

    def topic(self, table: str, topic: str) -> tuple[str, int]:
        """Return the id and generation of a topic as last seen; "" and 0 before the first time."""
        rows = self._rows("topics", "table_name", table)
        seen = rows.filter(pc.equal(rows["topic"], topic)).sort_by("generation").to_pylist()[-1:]
        return (seen[0]["topic_id"], seen[0]["generation"]) if seen else ("", 0)

    def saw_topic(self, table: str, topic: str, topic_id: str, generation: int) -> None:
        """Say which topic the table reads from now on under this name."""
        row = {"table_name": table, "topic": topic, "topic_id": topic_id, "generation": generation}
        self._append("topics", _TOPICS, [{**row, "recorded_at": datetime.now(UTC)}])

    def backfilled(self, table: str, first: date, last: date) -> set[date]:
        """Return the months that a backfill has done which did not come to its end."""
        rows = self._rows("backfills", "table_name", table).sort_by("recorded_at").to_pylist()
        done: set[date] = set()
        for row in rows:
            if (row["first_day"], row["last_day"]) == (first, last):
                done = done | {row["month"]} if row["month"] else set()
        return done

    def backfill(self, table: str, first: date, last: date, month: date | None) -> None:
        """Say that a backfill has done a month, or is done (None)."""
        row = {"table_name": table, "first_day": first, "last_day": last, "month": month}
        self._append("backfills", _BACKFILLS, [{**row, "recorded_at": datetime.now(UTC)}])

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
            return _SCHEMAS[name].empty_table()
        return table.to_pyarrow_table(filters=[(column, "=", value)])

    def _arrivals(self, name: str, table: str, arrivals: Iterable[Arrival]) -> None:
        now = datetime.now(UTC)
        rows = [{"table_name": table, "recorded_at": now, **vars(a)} for a in arrivals]
        self._append(name, _ARRIVALS, rows)

    def _last(self, name: str, table: str) -> dict[str, int]:
        rows = self._rows(name, "table_name", table)
        last = rows.group_by("source_file").aggregate([("last_line", "max")])
        return dict(
            zip(*(last[c].to_pylist() for c in ("source_file", "last_line_max")), strict=True)
        )

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
    arrow = pa.Table.from_pylist(rows, schema=schema)
    with _LOCK:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                write_deltalake(path, arrow, mode="append", storage_options=storage_options)
                break
            except (DeltaError, OSError):
                # Of two processes that make the table at once, one finds it made: it tries again.
                if attempt == _ATTEMPTS:
                    raise
        table = DeltaTable(path, storage_options=storage_options)
        if table.version() % _COMPACT_EVERY == _COMPACT_EVERY - 1:
            # The rows are there; whoever was faster puts the files together.
            with contextlib.suppress(CommitFailedError):
                table.optimize.compact()
                table.create_checkpoint()

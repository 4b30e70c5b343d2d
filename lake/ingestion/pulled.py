"""What was pulled from elsewhere, and from where to go on: Delta tables beside the ledger's others.

``pulled`` holds, a file or message of a source, what it was and what became of it; ``positions``
how far each source was read. Written without Spark, as ``lake.hops.ledger`` is and for its reasons:
the memory lies in the lake's own storage, where a database's locks may not hold.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from lake.hops.ledger import append
from lake.ingestion.landing import CannotWrite

_CURE = "free space or give write permission, and pull again: nothing is taken twice"
_PULLED = pa.schema(
    [
        ("source", pa.string()),
        ("name", pa.string()),
        ("bytes", pa.int64()),
        ("modified_s", pa.int64()),
        ("sha256", pa.string()),
        ("told", pa.string()),
        # Why it was not taken; empty: it was.
        ("refused", pa.string()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)
_POSITIONS = pa.schema(
    [
        ("source", pa.string()),
        ("position", pa.string()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class Pulled:
    """A file as it was read: its name, size and modification time (s since 1970) there, checksum.

    ``told`` is what the source was declared to be then; ``refused`` why it was not taken, or empty.
    """

    name: str
    bytes: int
    modified_s: int
    sha256: str
    told: str
    refused: str = ""


class Pulls:
    """The memory of one source of one lake."""

    def __init__(
        self, root: str, source: str, storage_options: dict[str, str] | None = None
    ) -> None:
        self._root, self._source, self._options = root, source, storage_options

    def known(self, *names: str) -> list[Pulled]:
        """Return what was read of the source, or of some of its names; the newest last."""
        filters: list[tuple[str, str, object]] = [("source", "=", self._source)]
        if names:
            filters.append(("name", "in", list(names)))
        rows = self._rows("pulled", _PULLED, filters).sort_by("recorded_at")
        of_pulled = [f.name for f in fields(Pulled)]
        return [Pulled(**{n: row[n] for n in of_pulled}) for row in rows.to_pylist()]

    def add(self, *pulled: Pulled) -> None:
        """Remember what was read and what became of it, in one commit."""
        self._append("pulled", _PULLED, [vars(one) for one in pulled])

    def position(self) -> str:
        """Return from where to go on; empty for the beginning."""
        rows = self._rows("positions", _POSITIONS, [("source", "=", self._source)])
        newest = rows.sort_by("recorded_at").to_pylist()[-1:]
        return str(newest[0]["position"]) if newest else ""

    def reached(self, position: str) -> None:
        """Remember from where to go on."""
        self._append("positions", _POSITIONS, [{"position": position}])

    def _rows(
        self, name: str, schema: pa.Schema, filters: list[tuple[str, str, object]]
    ) -> pa.Table:
        try:
            table = DeltaTable(f"{self._root}/_ledger/{name}", storage_options=self._options)
        except TableNotFoundError:
            return schema.empty_table()
        return table.to_pyarrow_table(filters=filters)

    def _append(self, name: str, schema: pa.Schema, rows: list[dict[str, object]]) -> None:
        path = f"{self._root}/_ledger/{name}"
        every = {"source": self._source, "recorded_at": datetime.now(UTC)}
        try:
            append(path, schema, [{**row, **every} for row in rows], self._options)
        except (DeltaError, OSError) as error:
            raise CannotWrite(
                f"cannot write to the lake: {error}", where=path, cure=_CURE
            ) from error

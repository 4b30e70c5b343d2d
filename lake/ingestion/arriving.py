"""landing/ and the event stream -> append-only tables, by Structured Streaming, exactly once.

Rows carry file and line (or partition and offset). The ledger names what a batch is about to take,
the batch is written under its query's id and number, then the ledger names what was taken. So a
repeated batch is skipped by Delta, a lost checkpoint goes on where the ledger stands, and of what
was begun when a process died only the rows are written that are not there.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from pyspark.errors import StreamingQueryException
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from lake.catalog import Catalog, Node
from lake.contract import Table
from lake.errors import LakeError
from lake.hops import writing
from lake.hops.ledger import Arrival, Ledger
from lake.hops.report import Report
from lake.hops.writing import Written
from lake.ingestion.events import Events, is_events
from lake.ingestion.landed import landed, numbered
from lake.ingestion.progress import checkpoint_of
from lake.store import Store

REASON = "_rejected"
# The partner of an event that names none.
NOBODY = "unknown"
# A table may have columns of these names that say something else.
_OF_REJECTED = ("table_name", "reason", "payload")
# So many characters of a rejected line are kept: landing has the whole. An event is nowhere else.
_KEPT = 4000
SOURCES = ("landing", "events")


class Source(Protocol):
    """Where the lines of a table come from."""

    def frame(self) -> DataFrame:
        """Return what is to be streamed."""
        ...

    def lines(self, frame: DataFrame, number: int) -> DataFrame:
        """Return the lines of a batch that the ledger does not have."""
        ...

    def ahead(self) -> list[Arrival] | None:
        """Return what the batch takes, still without counts; None where only its rows can tell."""
        ...

    def ranges(self, found: list[Arrival]) -> list[Arrival]:
        """Return what the batch takes, of which ``found`` has rows."""
        ...

    def taken(self) -> str:
        """Say that the batch is written; return what has to be told of it, or nothing."""
        ...


def rejects(layer: str) -> str:
    """Name the table of a layer's rejected lines."""
    return f"{layer}.rejected"


def arrive(
    store: Store, ledger: Ledger, node: Node, catalog: Catalog, *,
    sources: Sequence[str] = SOURCES,
) -> Report:  # fmt: skip
    """Take in all that has arrived for one table, then stop.

    The table's function gets a frame of lines: ``line, header`` (cells of the file's first line,
    null where that is JSON), ``partner_id`` (null: the line says it) and where it came from; it
    returns the contract's columns and ``_rejected``, the reason why a line cannot be taken or null.

    Files are taken in first: BrokerAway, NoTopic and SchemasAway come when they are.
    """
    started = time.monotonic()
    store.create(node.table)
    rejected = catalog[rejects(node.table.layer)]
    store.create(rejected)
    batch = _Batch(store, ledger, node, rejected)
    if "landing" in sources:
        batch.run("landing", _Files(store, ledger, node))
    if "events" in sources and is_events(store.settings, node):
        batch.run("events", Events(store, ledger, node, catalog))
    return Report(
        node.table.name,
        time.monotonic() - started,
        Written(inserted=batch.taken),
        rejected=batch.rejected_rows,
        note="" if batch.taken or batch.rejected_rows else "nothing new",
        alert="; ".join(batch.told),
        oldest=batch.oldest,
    )


class _Files:
    """The landing folder of a table."""

    def __init__(self, store: Store, ledger: Ledger, node: Node) -> None:
        self.store, self.ledger, self.node = store, ledger, node

    def frame(self) -> DataFrame:
        return landed(self.store, self.node)

    def lines(self, frame: DataFrame, number: int) -> DataFrame:
        reached = self.ledger.reached(self.node.table.name)
        return numbered(frame, landing=self.store.settings.landing_folder, reached=reached)

    def ahead(self) -> None:
        return None

    def ranges(self, found: list[Arrival]) -> list[Arrival]:
        return found

    def taken(self) -> str:
        return ""


class _Batch:
    """Writes the batches of one table and counts them."""

    def __init__(self, store: Store, ledger: Ledger, node: Node, rejected: Table) -> None:
        self.store, self.ledger, self.node, self.rejected = store, ledger, node, rejected
        self.taken = self.rejected_rows = 0
        self.told: list[str] = []
        self.oldest: datetime | None = None
        self.error: LakeError | None = None
        self.doubtful = ledger.doubtful(node.table.name)

    def run(self, name: str, source: Source) -> None:
        """Take in all that a source has now."""
        query = (
            source.frame()
            .writeStream.queryName(f"{self.node.table.name} from {name}")
            .option("checkpointLocation", checkpoint_of(self.store, self.node.table, name))
            .trigger(availableNow=True)
            .foreachBatch(self._of(source))
            .start()
        )
        try:
            query.awaitTermination()
        except StreamingQueryException:
            # Ours says what to do; Spark's says where in Spark it was.
            if self.error:
                raise self.error from None
            raise

    def _of(self, source: Source) -> Callable[[DataFrame, int], None]:
        """Return what foreachBatch calls; the query's id is read at the first batch."""

        def write(frame: DataFrame, number: int) -> None:
            query = frame.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId")
            application = f"{query}:{self.node.table.name}"
            try:
                self._take(source, frame, application, number)
            except LakeError as error:
                self.error = error
                raise
            if told := source.taken():
                self.told.append(told)

        return write

    def _take(self, source: Source, frame: DataFrame, application: str, number: int) -> None:
        """Take a batch: in one pass where its source knows ahead what it is to take."""
        parsed = self.node.function(source.lines(frame, number))
        ahead = source.ahead()
        if ahead is None or self._doubtful(ahead):
            self._count_then_write(source, parsed.persist(), application, number)
        elif ahead:
            self._write_counting(source, parsed, ahead, application, number)

    def _count_then_write(
        self, source: Source, parsed: DataFrame, application: str, number: int
    ) -> None:
        """Take what is parsed once and kept meanwhile; leave out what a died run has written."""
        try:
            counts = [count.alias(column) for column, count in _counts().items()]
            counted = parsed.groupBy("source_file").agg(*counts).collect()
            found = self._told([row.asDict() for row in counted])
            arrivals = source.ranges(found)
            self.ledger.begins(self.node.table.name, arrivals)
            doubtful = self._doubtful(arrivals)
            for table, rows, is_there in (
                (self.node.table, _good(parsed), any(a.rows_taken for a in found)),
                (self.rejected, self._refused(parsed), any(a.rows_rejected for a in found)),
            ):
                missing = self._missing(table, rows, doubtful) if doubtful else rows
                if is_there and not (doubtful and missing.isEmpty()):
                    self._append(table, missing, application, number)
            self._arrived(arrivals)
        finally:
            parsed.unpersist()

    def _write_counting(
        self, source: Source, parsed: DataFrame, ahead: list[Arrival], application: str,
        number: int,
    ) -> None:  # fmt: skip
        """Take what is counted while it is written; the few lines refused are parsed once more."""
        self.ledger.begins(self.node.table.name, ahead)
        names, seen = [a.source_file for a in ahead], Observation()
        counts = [
            count.alias(f"{at} {column}")
            for at, name in enumerate(names)
            for column, count in _counts(F.col("source_file") == name).items()
        ]
        self._append(self.node.table, _good(parsed.observe(seen, *counts)), application, number)
        told = seen.get
        rows = [
            {"source_file": name, **{column: told[f"{at} {column}"] for column in _counts()}}
            for at, name in enumerate(names)
        ]
        found = self._told([row for row in rows if row["first_line"] is not None])
        if any(a.rows_rejected for a in found):
            self._append(self.rejected, self._refused(parsed), application, number)
        self._arrived(source.ranges(found))

    def _told(self, rows: list[dict[str, Any]]) -> list[Arrival]:
        """Return what was counted of each file or partition; keep when the oldest line came."""
        received = [row.pop("received_at").replace(tzinfo=UTC) for row in rows]
        self.oldest = min(filter(None, [self.oldest, *received]), default=None)
        return [Arrival(**row) for row in rows]

    def _append(self, table: Table, rows: DataFrame, application: str, number: int) -> None:
        writing.append_once(self.store, table, rows, application=application, number=number)

    def _refused(self, parsed: DataFrame) -> DataFrame:
        return refused_of(parsed, self.node.table, self.rejected)

    def _doubtful(self, arrivals: list[Arrival]) -> list[str]:
        """Name the files or partitions of which some lines may be there already."""
        return [a.source_file for a in arrivals if a.source_file in self.doubtful]

    def _arrived(self, arrivals: list[Arrival]) -> None:
        self.ledger.arrived(self.node.table.name, arrivals)
        self.taken += sum(a.rows_taken for a in arrivals)
        self.rejected_rows += sum(a.rows_rejected for a in arrivals)

    def _missing(self, table: Table, rows: DataFrame, doubtful: list[str]) -> DataFrame:
        """Leave out what the table has already of what was begun when a process died."""
        line = ["source_file", "source_line"]
        there = self.store.read(table, version=self.store.version(table))
        held = there.where(F.col("source_file").isin(doubtful)).select(*line)
        return rows.join(held, on=line, how="left_anti")


def _counts(is_its: Column | None = None) -> dict[str, Column]:
    """Return what makes an Arrival, of all lines or of some, and when the oldest of them came."""

    def its(value: Column) -> Column:
        return value if is_its is None else F.when(is_its, value)

    is_good, line = F.col(REASON).isNull(), F.col("source_line")
    return {
        "first_line": F.min(its(line)),
        "last_line": F.max(its(line)),
        "rows_taken": F.count(its(F.when(is_good, line))),
        "rows_rejected": F.count(its(F.when(~is_good, line))),
        "received_at": F.min(its(F.col("received_at").cast("timestamp_ntz"))),
    }


def _good(parsed: DataFrame) -> DataFrame:
    return parsed.where(F.col(REASON).isNull())


def refused_of(parsed: DataFrame, table: Table, rejected: Table) -> DataFrame:
    """Return the lines that a table could not take as rows of ``rejected``."""
    # No filter goes below what is observed. By itself Spark puts what makes the reason into it, and
    # what that is made of: more than a thousand readings of the line.
    judged = parsed.observe("judged", F.count(F.lit(1)).alias("lines"))
    return judged.where(F.col(REASON).isNotNull()).select(
        *(
            F.col(name) if name in parsed.columns else F.lit(None).alias(name)
            for name in rejected.names
            if name not in _OF_REJECTED
        ),
        F.lit(table.name).alias("table_name"),
        F.col(REASON).alias("reason"),
        F.when(F.col("source") == "events", F.col("line"))
        .otherwise(F.substring("line", 1, _KEPT))
        .alias("payload"),
    )

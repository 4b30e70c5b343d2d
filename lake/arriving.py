"""landing/ and the event stream -> append-only tables, by Structured Streaming, exactly once.

Rows carry file and line (or partition and offset). The ledger names what a batch is about to take,
the batch is written under its query's id and number, then the ledger names what was taken. So a
repeated batch is skipped by Delta, a lost checkpoint goes on where the ledger stands, and of what
was begun when a process died only the rows are written that are not there.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake import writing
from lake.catalog import Catalog, Node
from lake.contract import Table
from lake.errors import LakeError
from lake.events import Events, is_events
from lake.landed import landed, numbered
from lake.ledger import Arrival, Ledger
from lake.progress import checkpoint_of
from lake.report import Report
from lake.store import Store
from lake.writing import Written

REASON = "_rejected"
# A table may have columns of these names that say something else.
_OF_REJECTED = ("table_name", "reason", "payload")
# So many characters of a rejected line are kept.
KEPT = 4000
SOURCES = ("landing", "events")


class Source(Protocol):
    """Where the lines of a table come from."""

    def frame(self) -> DataFrame:
        """Return what is to be streamed."""
        ...

    def lines(self, frame: DataFrame, number: int) -> DataFrame:
        """Return the lines of a batch that the ledger does not have."""
        ...

    def learns(self) -> bool:
        """Learn what the rows just read need; tell whether they are to be read again."""
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
    null where that is JSON), ``partner_id`` and where it came from; it returns the contract's
    columns and ``_rejected``, the reason why a line cannot be taken or null.

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
        return numbered(frame, root=self.store.settings.root, reached=reached)

    def learns(self) -> bool:
        return False

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
                while not self._took(source, frame, application, number):
                    pass
            except LakeError as error:
                self.error = error
                raise
            if told := source.taken():
                self.told.append(told)

        return write

    def _took(self, source: Source, frame: DataFrame, application: str, number: int) -> bool:
        """Take a batch, unless what was learnt from its rows asks for another look at them."""
        parsed = self.node.function(source.lines(frame, number)).persist()
        try:
            found = self._found(parsed)
            if source.learns():
                return False
            self._write(parsed, source.ranges(found), application, number)
        finally:
            parsed.unpersist()
        return True

    def _found(self, parsed: DataFrame) -> list[Arrival]:
        """Count the rows of each file or partition."""
        found = (
            parsed.groupBy("source_file")
            .agg(
                F.min("source_line").alias("first_line"),
                F.max("source_line").alias("last_line"),
                F.count_if(F.col(REASON).isNull()).alias("rows_taken"),
                F.count_if(F.col(REASON).isNotNull()).alias("rows_rejected"),
                F.min("received_at").cast("timestamp_ntz").alias("received_at"),
            )
            .collect()
        )
        told = [row.asDict() for row in found]
        received = [row.pop("received_at").replace(tzinfo=UTC) for row in told]
        self.oldest = min(filter(None, [self.oldest, *received]), default=None)
        return [Arrival(**row) for row in told]

    def _write(
        self, parsed: DataFrame, arrivals: list[Arrival], application: str, number: int
    ) -> None:
        good, bad = sum(a.rows_taken for a in arrivals), sum(a.rows_rejected for a in arrivals)
        self.ledger.begins(self.node.table.name, arrivals)
        taken = parsed.where(F.col(REASON).isNull())
        refused = refused_of(parsed, self.node.table, self.rejected)
        doubtful = [a.source_file for a in arrivals if a.source_file in self.doubtful]
        for table, rows, count in (
            (self.node.table, taken, good), (self.rejected, refused, bad),
        ):  # fmt: skip
            missing = self._missing(table, rows, doubtful) if doubtful else rows
            if count and not (doubtful and missing.isEmpty()):
                writing.append_once(
                    self.store, table, missing, application=application, number=number
                )
        self.ledger.arrived(self.node.table.name, arrivals)
        self.taken += good
        self.rejected_rows += bad

    def _missing(self, table: Table, rows: DataFrame, doubtful: list[str]) -> DataFrame:
        """Leave out what the table has already of what was begun when a process died."""
        line = ["source_file", "source_line"]
        there = self.store.read(table, version=self.store.version(table))
        held = there.where(F.col("source_file").isin(doubtful)).select(*line)
        return rows.join(held, on=line, how="left_anti")


def refused_of(parsed: DataFrame, table: Table, rejected: Table) -> DataFrame:
    """Return the lines that a table could not take as rows of ``rejected``."""
    return parsed.where(F.col(REASON).isNotNull()).select(
        *(
            F.col(name) if name in parsed.columns else F.lit(None).alias(name)
            for name in rejected.names
            if name not in _OF_REJECTED
        ),
        F.lit(table.name).alias("table_name"),
        F.col(REASON).alias("reason"),
        F.substring("line", 1, KEPT).alias("payload"),
    )


def with_cells(lines: DataFrame, names: Sequence[str], *, most: int) -> DataFrame:
    """Add ``_cells`` (array) and a text column for each name: the cell under it in the header.

    Null where the line is not CSV, the file has no such column or the cell is empty. A line with
    quotes is read by RFC 4180, with at most ``most`` cells; any other is simply split.
    """
    fields = [f"c{i}" for i in range(most)]
    is_quoted = F.col("line").contains('"')
    row = F.from_csv(F.col("line"), F.lit(", ".join(f"{f} STRING" for f in fields)), {})
    quoted = F.array(*(F.col(f"_row.{f}") for f in fields))
    found = {
        name: F.get("_cells", F.array_position("header", name).cast("int") - 1) for name in names
    }
    return (
        lines.withColumn("_row", F.when(F.col("header").isNotNull() & is_quoted, row))
        .withColumn(
            "_cells",
            F.when(F.col("_row").isNotNull(), quoted).when(
                F.col("header").isNotNull(), F.split("line", ",", -1)
            ),
        )
        .withColumns({n: F.nullif(F.trim(c), F.lit("")) for n, c in found.items()})
        .drop("_row")
    )

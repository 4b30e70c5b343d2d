"""landing/ and the event stream -> append-only tables, by Structured Streaming, exactly once.

Rows carry file and line (or partition and offset). A batch is written under its query's id and
number, so that a repeated batch is skipped by Delta; the ledger then names what was taken, so that
a lost checkpoint takes nothing twice.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake import writing
from lake.catalog import Node
from lake.contract import Table
from lake.events import events_source, is_events
from lake.ledger import Arrival, Ledger
from lake.report import Report
from lake.store import Store
from lake.writing import Written

REASON = "_rejected"
_PAYLOAD = 4000
_FILES_A_BATCH = 2000


def rejects(layer: str) -> str:
    """Name the table of a layer's rejected lines."""
    return f"{layer}.rejected"


def arrive(store: Store, ledger: Ledger, node: Node, rejected: Table) -> Report:
    """Take in all that has arrived for one table, then stop.

    The table's function gets a frame of lines: ``line, header`` (cells of the file's first line,
    null where that is JSON), ``partner_id`` and where it came from; it returns the contract's
    columns and ``_rejected``, the reason why a line cannot be taken or null.
    """
    started = time.monotonic()
    store.create(node.table)
    store.create(rejected)
    batch = _Batch(store, ledger, node, rejected)
    for source in ["landing", *(["events"] if is_events(store.settings, node) else [])]:
        lines = _landed(store, node) if source == "landing" else events_source(store, ledger, node)
        if lines is None:
            continue
        query = (
            lines.writeStream.queryName(f"{node.table.name} from {source}")
            .option("checkpointLocation", _checkpoint(store, node.table, source))
            .trigger(availableNow=True)
            .foreachBatch(batch.of(source))
            .start()
        )
        query.awaitTermination()
    return Report(
        node.table.name,
        time.monotonic() - started,
        Written(inserted=batch.taken),
        rejected=batch.rejected_rows,
        note="" if batch.taken or batch.rejected_rows else "nothing new",
    )


def _checkpoint(store: Store, table: Table, source: str) -> str:
    return f"{store.settings.root}/_checkpoints/{table.name}/{source}"


def _landed(store: Store, node: Node) -> DataFrame | None:
    folder = f"{store.settings.root}/landing/{node.landing}"
    if "://" not in folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return (
        store.spark.readStream.format("text")
        .option("recursiveFileLookup", "true")
        .option("maxFilesPerTrigger", _FILES_A_BATCH)
        .load(folder)
        .select(
            F.col("value").alias("line"),
            F.col("_metadata.file_path").alias("file"),
            F.col("_metadata.file_block_start").alias("block"),
            F.col("_metadata.file_modification_time").alias("received_at"),
        )
    )


class _Batch:
    """Writes the batches of one table and counts them."""

    def __init__(self, store: Store, ledger: Ledger, node: Node, rejected: Table) -> None:
        self.store, self.ledger, self.node, self.rejected = store, ledger, node, rejected
        self.taken = self.rejected_rows = 0

    def of(self, source: str):  # type: ignore[no-untyped-def]
        """Return what foreachBatch calls; the query's id is read at the first batch."""

        def write(frame: DataFrame, number: int) -> None:
            spark = frame.sparkSession
            query = spark.sparkContext.getLocalProperty("sql.streaming.queryId")
            lines = self._files(frame) if source == "landing" else frame
            parsed = self.node.function(lines).persist()
            try:
                self._write(parsed, f"{query}:{self.node.table.name}", number)
            finally:
                parsed.unpersist()

        return write

    def _files(self, frame: DataFrame) -> DataFrame:
        root = f"{self.store.settings.root}/landing/"
        named = frame.withColumn("source_file", _below(F.col("file"), root)).drop("file")
        taken = {a.source_file for a in self.ledger.arrivals(self.node.table.name)}
        if taken:
            here = {r[0] for r in named.select("source_file").distinct().collect()}
            if twice := sorted(here & taken):
                named = named.where(~F.col("source_file").isin(twice))
        return _numbered(named)

    def _write(self, parsed: DataFrame, application: str, number: int) -> None:
        found = (
            parsed.groupBy("source_file")
            .agg(
                F.min("source_line").alias("first_line"),
                F.max("source_line").alias("last_line"),
                F.count_if(F.col(REASON).isNull()).alias("rows_taken"),
                F.count_if(F.col(REASON).isNotNull()).alias("rows_rejected"),
            )
            .collect()
        )
        arrivals = [Arrival(**row.asDict()) for row in found]
        good, bad = sum(a.rows_taken for a in arrivals), sum(a.rows_rejected for a in arrivals)
        if good:
            self._append(self.node.table, parsed.where(F.col(REASON).isNull()), application, number)
        if bad:
            rows = parsed.where(F.col(REASON).isNotNull()).select(
                *(n for n in self.rejected.names if n in parsed.columns and n != "table_name"),
                F.lit(self.node.table.name).alias("table_name"),
                F.col(REASON).alias("reason"),
                F.substring("line", 1, _PAYLOAD).alias("payload"),
            )
            self._append(self.rejected, rows, application, number)
        self.ledger.arrived(self.node.table.name, arrivals)
        self.taken += good
        self.rejected_rows += bad

    def _append(self, table: Table, rows: DataFrame, application: str, number: int) -> None:
        writing.append_once(self.store, table, rows, application=application, number=number)


def _below(file: Column, root: str) -> Column:
    """Return the path below landing/, decoded: Spark gives a URL."""
    decoded = F.url_decode(F.replace(file, F.lit("+"), F.lit("%2B")))
    return F.substring_index(decoded, root, -1)


def _numbered(lines: DataFrame) -> DataFrame:
    """Add ``source_line``, ``header``, ``partner_id`` and the other columns of origin.

    A scan gives rows in file order within a block, so a line's number is its place in the block
    plus the lines of the blocks before it; that takes one more look at the text, no shuffle of it.
    """
    numbered = lines.withColumn("_id", F.monotonically_increasing_id())
    block = ["source_file", "block"]
    blocks = numbered.groupBy(*block).agg(
        F.min("_id").alias("_first"), F.count(F.lit(1)).alias("_lines"),
        F.min_by("line", "_id").alias("_line"),
    )  # fmt: skip
    is_before = F.col("p") < F.col("block")
    starts = blocks.alias("b").join(
        blocks.select(
            F.col("source_file").alias("f"), F.col("block").alias("p"), F.col("_lines").alias("n"),
            F.col("_line").alias("h"),
        ),
        on=(F.col("f") == F.col("source_file")) & (F.col("p") <= F.col("block")),
        how="left",
    ).groupBy("source_file", "block", "_first").agg(
        F.coalesce(F.sum(F.when(is_before, F.col("n"))), F.lit(0)).alias("_before"),
        F.min_by("h", "p").alias("_head"),
    )  # fmt: skip
    head = F.regexp_replace(F.trim("_head"), "^\ufeff", "")
    parts = F.split("source_file", "/")
    return (
        numbered.join(F.broadcast(starts), on=block, how="inner")
        .withColumn("source_line", F.col("_id") - F.col("_first") + F.col("_before") + 1)
        .withColumn("header", F.when(~head.startswith("{"), _cells(head)))
        .withColumn("line", F.regexp_replace("line", "^\ufeff|\r$", ""))
        .where(
            (F.trim("line") != "") & ~((F.col("source_line") == 1) & F.col("header").isNotNull())
        )
        .withColumn("source", F.lit("landing"))
        .withColumn("partner_id", F.element_at(parts, -2))
        .withColumn("received_date", F.to_date("received_at"))
        .drop("_id", "_first", "_before", "_head", "block")
    )


def _cells(line: Column) -> Column:
    """Split a header line; names are plain words, so no quoting rule is needed."""
    cells = F.split(F.replace(line, F.lit('"'), F.lit("")), ",")
    return F.transform(cells, lambda cell: F.lower(F.trim(cell)))


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

"""Rows that a table's function judged untrue -> the layer's quarantine, until they are mended."""

from datetime import datetime

from pyspark.sql import Column as Spark
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lake.catalog import Catalog
from lake.contract import Column, Table
from lake.hops import writing
from lake.store import Store

REASONS = "_reasons"
# Whether a person took the row out of the way: what a mended line stands for, or nobody wants.
CLOSED = "_is_closed"
REOPENED = "reopen"
_LINE = ["source_file", "source_line"]
_ROW = ["partner_id", *_LINE, "position"]
_HELD = {*_ROW, "table_name", "entity_id", "reasons", "payload", "received_at", "quarantined_at"}
_WHOLE_LINE = -1


def decided(repairs: DataFrame, table: Table | None = None) -> DataFrame:
    """Return the decision that holds on each row of a table, or of all.

    ``table_name, partner_id, source_file, source_line, position, action, reasons, held_at``. The
    latest holds; a row whose latest decision is to reopen it has none.
    """
    latest = Window.partitionBy("table_name", *_ROW).orderBy(
        *(F.desc(c) for c in ("decided_at", "received_at", "_said_in", "_said_at"))
    )
    return (
        repairs.where(F.col("table_name") == table.name if table else F.lit(True))
        .withColumnsRenamed({"source_file": "_said_in", "source_line": "_said_at"})
        .withColumnsRenamed({"held_file": "source_file", "held_line": "source_line"})
        .withColumn("_rank", F.row_number().over(latest))
        .where((F.col("_rank") == 1) & (F.col("action") != REOPENED))
        .select("table_name", *_ROW, "action", "reasons", "held_at")
    )


def repaired(rows: DataFrame, holding: DataFrame, table: Table) -> DataFrame:
    """Judge rows as people decided: reasons that were overruled go; ``_is_closed`` is added.

    ``holding`` are the :func:`decided` of the table: few, so they go to the rows. Only what the
    contract calls releasable can be overruled. A decision on a whole line (position -1) that takes
    it away takes all of its values.
    """
    is_closing = F.col("action") != "release"
    gone = holding.where(is_closing & (F.col("position") == _WHOLE_LINE))
    gone = gone.select("partner_id", *_LINE, F.lit(True).alias("_is_gone"))
    one = holding.select(
        *_ROW[:-1], F.col("position").alias("_position"),
        is_closing.alias("_is_taken"),
        F.when(~is_closing, F.col("reasons")).alias("_overruled"),
    )  # fmt: skip
    allowed = F.array(*(F.lit(r) for r in table.releasable or ())).cast("array<string>")
    overruled = F.array_intersect("_overruled", allowed)
    return (
        rows.join(F.broadcast(gone), on=["partner_id", *_LINE], how="left")
        .join(F.broadcast(one), on=["partner_id", *_LINE, "_position"], how="left")
        .withColumn(CLOSED, F.coalesce("_is_gone", "_is_taken", F.lit(False)))
        .withColumn(
            REASONS,
            F.when(F.col("_overruled").isNull(), F.col(REASONS)).otherwise(
                F.array_except(REASONS, overruled)
            ),
        )
        .drop("_is_gone", "_is_taken", "_overruled")
    )


def hold(
    store: Store,
    catalog: Catalog,
    table: Table,
    rows: DataFrame,
    again: DataFrame | None,
    clock: datetime,
    *,
    is_whole: bool = False,
) -> int:
    """Write the rows with reasons to ``<layer>.quarantine``; return how many are new there.

    ``rows`` has ``_reasons`` (array<string>), ``_entity_id``, ``_position`` and ``_payload`` beside
    the contract's columns; it is looked at more than once, so it is best kept at hand. ``again``
    holds the lines that were fed a second time: what they had in quarantine is let go, unless it
    is bad still. ``is_whole`` says that every line there is was fed, so the same holds
    for all. What else the quarantine has of a row comes along where the table has it too.
    """
    quarantine = catalog[f"{table.layer}.quarantine"]
    store.create(quarantine)
    bad = rows.where(F.size(REASONS) > 0)
    if again is None and not is_whole and bad.isEmpty():
        return 0
    also = [c for c in quarantine.names if c not in _HELD]
    bad = bad.select(
        F.lit(table.name).alias("table_name"),
        "partner_id",
        F.col("_entity_id").alias("entity_id"),
        F.col("_position").cast("int").alias("position"),
        F.col(REASONS).alias("reasons"),
        F.col("_payload").alias("payload"),
        *_LINE,
        "received_at",
        F.lit(clock).alias("quarantined_at"),
        *(_if_there(quarantine.column(c), table) for c in also),
    )
    is_its = f"table_name = '{table.name}'"
    if store.is_empty(quarantine, where=is_its):
        return writing.insert(store, quarantine, bad).inserted
    held = store.read(quarantine, version=store.version(quarantine)).where(is_its)
    if not is_whole:
        lines = bad.select(*_LINE) if again is None else bad.select(*_LINE).unionByName(again)
        held = held.join(lines.distinct(), on=_LINE, how="left_semi")
    written = writing.replace(store, quarantine, bad, held.select(*quarantine.names))
    return written.inserted + written.updated


def _if_there(column: Column, table: Table) -> Spark:
    if column.name in table.names:
        return F.col(column.name)
    return F.lit(None).cast(column.type).alias(column.name)

"""Rows that a table's function judged untrue -> the layer's quarantine, until they are mended."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake import writing
from lake.catalog import Catalog
from lake.contract import Table
from lake.store import Store, counts

REASONS = "_reasons"
_LINE = ["source_file", "source_line"]


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
    is bad still. ``is_whole`` says that every line there is was fed, so the same holds for all.
    """
    quarantine = catalog[f"{table.layer}.quarantine"]
    store.create(quarantine)
    if again is None and not is_whole and not counts(rows, {"bad": f"size({REASONS}) > 0"})["bad"]:
        return 0
    bad = rows.where(F.size(REASONS) > 0).select(
        F.lit(table.name).alias("table_name"),
        "partner_id",
        F.col("_entity_id").alias("entity_id"),
        F.col("_position").cast("int").alias("position"),
        F.col(REASONS).alias("reasons"),
        F.col("_payload").alias("payload"),
        *_LINE,
        "received_at",
        F.lit(clock).alias("quarantined_at"),
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

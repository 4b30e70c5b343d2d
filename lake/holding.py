"""Slices that break their contract -> as they were at the last version that passed its check.

What is checked is written already, so the gate takes it back: nobody reads it longer than that, and
what is made from it is made again from what was good. Where there was nothing good before, the
slice is empty. It is computed again when an input of it changes, when its rule has a new version,
or by hand (``lake backfill``).
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from lake import writing
from lake.contract import Table
from lake.store import Store


def hold_back(store: Store, table: Table, rows: DataFrame, *, good: int, until: int) -> int:
    """Put the slices of ``rows`` that break an error rule back to version ``good``.

    ``rows`` are those that changed since then, at version ``until``; -1: nothing was good yet.
    Returns how many slices are held back; a table without slices has its keys in their place.
    """
    by = getattr(table.update, "slices", ()) or table.key
    bad = rows.where(~holds(table)).select(*by).distinct().persist(StorageLevel.MEMORY_AND_DISK)
    try:
        if count := bad.count():
            now, then = (_of(store.read(table, version=v), bad, by) for v in (until, good))
            writing.replace(store, table, then, now.dropDuplicates([*table.key]))
        return count
    finally:
        bad.unpersist()


def holds(table: Table) -> Column:
    """Tell whether a row holds each rule of its contract that is an error to break.

    A rule says nothing about what is null. Of two rows with one key it takes the table to tell.
    """
    rules = [F.expr(rule.condition) for rule in table.checks if rule.severity == "error"]
    for column in table.columns:
        found = F.col(column.name)
        if column.values:
            rules.append(found.isin(*column.values))
        if column.minimum is not None:
            rules.append(found >= column.minimum)
        if column.maximum is not None:
            rules.append(found <= column.maximum)
        if column.type == "double" and (column.minimum is not None or column.maximum is not None):
            rules.append(~F.isnan(found))
    return writing.all_of([F.lit(True), *(F.coalesce(rule, F.lit(True)) for rule in rules)])


def _of(rows: DataFrame, slices: DataFrame, by: tuple[str, ...]) -> DataFrame:
    same = writing.all_of(F.col(f"r.{c}").eqNullSafe(F.col(f"s.{c}")) for c in by)
    return rows.alias("r").join(F.broadcast(slices.alias("s")), on=same, how="left_semi")

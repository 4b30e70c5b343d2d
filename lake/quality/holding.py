"""Slices that break their contract -> as they were at the last version that passed its check.

What is checked is written already, so the gate takes it back: nobody reads it longer than that, and
what is made from it is made again from what was good. Where there was nothing good before, the
slice is empty. It is computed again when an input of it changes, when its rule has a new version,
or by hand (``lake backfill``).
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from lake.contract import Column as Field
from lake.contract import Table
from lake.hops import writing
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
            kept = F.broadcast(bad)
            now, then = (writing.rows_of(store.read(table, version=v), kept) for v in (until, good))
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
        if column.values:
            rules.append(F.col(column.name).isin(*column.values))
        rules.append(is_within(column))
    return writing.all_of([F.lit(True), *(F.coalesce(rule, F.lit(True)) for rule in rules)])


def bounded(column: Field) -> Column:
    """Return a column; NaN, which Spark holds for the greatest number, is in no bounds."""
    found = F.col(column.name)
    if column.type != "double" or (column.minimum is None and column.maximum is None):
        return found
    outside = float("inf") if column.minimum is None else float("-inf")
    return F.when(F.isnan(found), F.lit(outside)).otherwise(found)


def is_within(column: Field) -> Column:
    """Tell whether a column lies within its bounds."""
    holds = F.lit(True)
    if column.minimum is not None:
        holds = holds & (bounded(column) >= column.minimum)
    if column.maximum is not None:
        holds = holds & (bounded(column) <= column.maximum)
    return holds

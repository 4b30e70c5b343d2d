"""How rows get into a table: only what differs is written.

Every write is idempotent: rows are keyed, the wanted state is compared with the stored one, and
an empty difference commits nothing. So a run that was killed is simply run again.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

from delta.exceptions import DeltaConcurrentModificationException
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from lake.contract import Table
from lake.hops.at_hand import AtHand, Kept
from lake.schema import spark_schema
from lake.store import Store, counts

CONTESTED = "_is_contested"
_KIND = "_kind"
# Sums of floats in another order differ in the last bits; that is no change of the answer.
_SAME = 1e-12
_TRIES = 5
_LIGHT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Written:
    """Rows that a write put in, changed and took out."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows(self) -> int:
        """All rows that differ from before."""
        return self.inserted + self.updated + self.deleted

    def __add__(self, other: "Written") -> "Written":
        return Written(
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.deleted + other.deleted,
        )


def insert(
    store: Store,
    table: Table,
    rows: DataFrame,
    *,
    in_order: bool = False,
    are_few: bool = False,
) -> Written:
    """Append rows to a table that holds none of their keys.

    Rows that come ``in_order`` of the contract are not sorted again: that is half of the work.
    ``are_few`` says that they make one file a partition.
    """
    store.create(table)
    seen = Observation()
    rows = rows.coalesce(1) if are_few else rows
    counted = _conformed(table, rows).observe(seen, F.count(F.lit(1)).alias("rows"))
    there = counted if in_order else arranged(table, counted)
    writer = there.write.format("delta").mode("append").partitionBy(*table.partitioned_by)
    if store.settings.catalog:
        writer.saveAsTable(store.name(table))
    else:
        writer.save(store.path(table))
    return Written(inserted=int(seen.get["rows"]))


def arranged(table: Table, rows: DataFrame) -> DataFrame:
    """Sort the rows of each partition as the contract says."""
    order = [*table.partitioned_by, *table.sorted_by]
    return rows.sortWithinPartitions(*order) if order else rows


def append_once(
    store: Store, table: Table, rows: DataFrame, *, application: str, number: int
) -> None:
    """Append a numbered batch; Delta skips a number that the application has written already."""
    writer = (
        _conformed(table, rows)
        .write.format("delta")
        .mode("append")
        .option("txnAppId", application)
        .option("txnVersion", number)
        .partitionBy(*table.partitioned_by)
    )
    if store.settings.catalog:
        writer.saveAsTable(store.name(table))
    else:
        writer.save(store.path(table))


def replace(
    store: Store,
    table: Table,
    rows: DataFrame,
    stored: DataFrame | None,
    *,
    in_order: bool = False,
) -> Written:
    """Make the stored rows of some slices equal to ``rows``.

    ``stored`` holds the table's rows of just those slices; None: the table is still empty.
    """
    if stored is None:
        return insert(store, table, rows, in_order=in_order)
    store.create(table)
    return _apply(store, table, _difference(table, _conformed(table, rows), stored))


def keep(
    store: Store,
    table: Table,
    rows: DataFrame,
    stored: DataFrame | None,
    *,
    in_order: bool = False,
) -> Written:
    """Add the rows that some slices do not hold yet; nothing stored is taken out."""
    if stored is None:
        return insert(store, table, rows, in_order=in_order)
    changed = _difference(table, _conformed(table, rows), stored)
    return _apply(store, table, changed.where(F.col(_KIND) != "delete"))


def _difference(table: Table, wanted: DataFrame, stored: DataFrame) -> DataFrame:
    """Return the wanted rows with ``_kind``: insert, update or delete; unchanged ones left out."""
    there = F.lit(True).alias("_there")
    new = wanted.select(F.struct(*table.names).alias("new"), there)
    old = stored.select(F.struct(*table.names).alias("old"), there)
    # A row that comes to another partition is one less in the old one.
    same_key = all_of(F.col(f"new.{k}").eqNullSafe(F.col(f"old.{k}")) for k in _place(table))
    differs = F.lit(False)
    for name in table.compared:
        new_one, old_one = F.col(f"new.{name}"), F.col(f"old.{name}")
        differs = differs | ~same(new_one, old_one, kind=table.column(name).type)
    kind = (
        F.when(F.col("old").isNull(), "insert")
        .when(F.col("new").isNull(), "delete")
        .when(differs, "update")
    )
    return (
        new.drop("_there")
        .join(old.drop("_there"), on=same_key, how="full")
        .withColumn(_KIND, kind)
        .where(F.col(_KIND).isNotNull())
        .withColumn("row", F.coalesce("new", "old"))
        .select("row.*", _KIND)
    )


def _place(table: Table) -> tuple[str, ...]:
    return (*table.key, *(n for n in table.partitioned_by if n not in table.key))


def same(new: Column, old: Column, *, kind: str) -> Column:
    """Tell whether two values of a type are the same answer; null is a value like any other."""
    if kind != "double":
        return new.eqNullSafe(old)
    near = F.abs(new - old) <= _SAME * F.greatest(F.abs(new), F.abs(old))
    return new.eqNullSafe(old) | F.coalesce(near, F.lit(False))


def _apply(store: Store, table: Table, rows: DataFrame) -> Written:
    with AtHand(are_few=store.of_few) as at_hand:
        changed = at_hand.keep(rows)
        found = _kinds(changed)
        written = Written(found["insert"], found["update"], found["delete"])
        if not written.rows:
            return written
        if written.rows == written.inserted:
            return insert(store, table, changed.rows.drop(_KIND), are_few=changed.is_few)
        _merge(store, table, changed)
        return written


def _kinds(changed: Kept) -> Mapping[str, int]:
    if changed.literals is not None:
        return Counter(changed.literals[_KIND].to_pylist())
    kinds = ("insert", "update", "delete")
    return counts(changed.rows, {kind: f"{_KIND} = '{kind}'" for kind in kinds})


def _merge(store: Store, table: Table, changed: Kept) -> None:
    same_key = [F.expr(f"stored.`{k}` <=> changed.`{k}`") for k in _place(table)]
    # Literals, so that other partitions are neither read nor in conflict.
    partitions = {n: changed.values(n) for n in table.partitioned_by}
    near = [F.col(f"stored.{n}").isin(values) for n, values in partitions.items()]
    every: dict[str, str | Column] = {n: f"changed.`{n}`" for n in table.names}
    rows, are_light = changed.rows, False
    if store.correcting is not None and store.rewriting is not None and changed.is_few:
        # To mark rows takes more queries than to write a small file again.
        are_light = store.bytes_of(table, partitions) <= _LIGHT_BYTES
        store = store.rewriting if are_light else store.correcting
        rows = changed.beside(store.spark)
    tried_again(
        lambda: (
            (store.delta(table) if are_light else store.to_correct(table))
            .alias("stored")
            .merge(rows.alias("changed"), all_of([*same_key, *near]))
            .whenMatchedDelete(f"changed.{_KIND} = 'delete'")
            .whenMatchedUpdate(set=every)
            .whenNotMatchedInsert(f"changed.{_KIND} <> 'delete'", values=every)
            .execute()
        )
    )


def tried_again(work: Callable[[], object]) -> None:
    """Do a commit again, some times, where another writer of the table came first."""
    for attempt in range(_TRIES):
        try:
            work()
        except DeltaConcurrentModificationException:
            if attempt == _TRIES - 1:
                raise
        else:
            return


def rows_of(rows: DataFrame, keys: DataFrame) -> DataFrame:
    """Return the rows whose key is one of ``keys``; null is a key like any other."""
    same = all_of(F.col(f"r.{k}").eqNullSafe(F.col(f"k.{k}")) for k in keys.columns)
    return rows.alias("r").join(keys.alias("k"), on=same, how="left_semi")


def _conformed(table: Table, rows: DataFrame) -> DataFrame:
    """Select the contract's columns in its order and types."""
    return rows.select(*(F.col(f.name).cast(f.dataType) for f in spark_schema(table)))


def all_of(conditions: object) -> Column:
    """Return the condition that all hold."""
    listed: list[Column] = list(conditions)  # type: ignore[call-overload]
    return reduce(lambda a, b: a & b, listed, F.lit(True))

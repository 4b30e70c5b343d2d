"""How the update rule of a contract is carried out: only what differs is written.

Every write is idempotent: rows are keyed, the wanted state is compared with the stored one, and
an empty difference commits nothing. So a run that was killed is simply run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from delta.exceptions import (
    ConcurrentAppendException,
    ConcurrentDeleteReadException,
    ConcurrentTransactionException,
)
from pyspark.sql import Column, DataFrame, Observation, Window
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from lake.contract import Table, Upsert
from lake.schema import spark_schema
from lake.store import Store, counts

CONTESTED = "_is_contested"
_KIND = "_kind"
# Sums of floats in another order differ in the last bits; that is no change of the answer.
_SAME = 1e-12
_TRIES = 5


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


def insert(store: Store, table: Table, rows: DataFrame, *, in_order: bool = False) -> Written:
    """Append rows to a table that holds none of their keys.

    Rows that come ``in_order`` of the contract are not sorted again: that is half of the work.
    """
    store.create(table)
    seen = Observation()
    arranged = _conformed(table, rows).observe(seen, F.count(F.lit(1)).alias("rows"))
    if not in_order:
        arranged = _arranged(table, arranged)
    writer = arranged.write.format("delta").mode("append").partitionBy(*table.partitioned_by)
    if store.settings.catalog:
        writer.saveAsTable(store.name(table))
    else:
        writer.save(store.path(table))
    return Written(inserted=int(seen.get["rows"]))


def _arranged(table: Table, rows: DataFrame) -> DataFrame:
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


def upsert(
    store: Store,
    table: Table,
    rows: DataFrame,
    revisions: Table | None,
    plain: DataFrame | None = None,
    *,
    in_order: bool = False,
) -> Written:
    """Let the newest version of each key win; the superseded ones go to ``revisions``.

    ``rows`` may hold several versions of a key. A boolean column ``_is_contested`` may say which
    rows may not be the only version of their key; without it all are compared with each other.
    ``plain`` are more rows, none contested, that may be too many to be kept at hand; ``in_order``
    says that they come in the contract's order.
    """
    store.create(table)
    if revisions is not None:
        store.create(revisions)
    if CONTESTED not in rows.columns:
        rows = rows.withColumn(CONTESTED, F.lit(True))
    if store.is_empty(table):
        return _first_upsert(store, table, rows, revisions, plain, in_order=in_order)
    # As it stands now: Spark would read it again after a write and take what it finds for old.
    stored = store.read(table, version=store.version(table))
    if plain is not None:
        rows = rows.unionByName(plain)
    incoming = rows.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        stored = _near(table, stored, incoming)
        keys = list(table.key)
        is_stored = F.col("_is_stored")
        stored_keys = [F.col(k).alias(f"_stored_{k}") for k in keys]
        marked = incoming.alias("new").join(
            stored.select(*stored_keys, F.lit(True).alias("_is_stored")),
            on=_all(F.col(f"new.{k}").eqNullSafe(F.col(f"_stored_{k}")) for k in keys),
            how="left",
        ).select("new.*", is_stored)  # fmt: skip
        marked = marked.persist(StorageLevel.MEMORY_AND_DISK)
        old = F.coalesce(is_stored, F.lit(False)) | F.col(CONTESTED)
        fresh = marked.where(~old).select(*table.names)
        disputed = marked.where(old).select(*table.names)
        versions = disputed.unionByName(_semi(stored, disputed, keys))
        if revisions is not None:
            kept = _near(table, store.read(revisions, version=store.version(revisions)), incoming)
            kept = _semi(kept, disputed, keys)
            versions = versions.unionByName(kept.select(*table.names))
        settled = settle(table, versions).persist(StorageLevel.MEMORY_AND_DISK)
        written = Written()
        if revisions is not None:
            superseded = _superseded(revisions, settled)
            written += replace(store, revisions, superseded, kept)
        current = _current(table, settled).unionByName(fresh)
        written += replace(store, table, current, _semi(stored, disputed, keys))
        settled.unpersist()
        marked.unpersist()
        return written
    finally:
        incoming.unpersist()


def settle(table: Table, versions: DataFrame) -> DataFrame:
    """Order the versions of each key; ``_later`` is the known_at of the next one, null if current.

    A version that says what its predecessor said already is dropped, so the answer does not
    depend on the order in which versions arrive.
    """
    assert isinstance(table.update, Upsert)
    by_age = Window.partitionBy(*table.key).orderBy(*table.update.newest_by)
    said = F.struct(*(c for c in table.compared if c not in _said_when(table)))
    return (
        versions.withColumn("_repeats", F.lag(said).over(by_age).eqNullSafe(said))
        .withColumn("_first", F.row_number().over(by_age) == 1)
        .where(F.col("_first") | ~F.col("_repeats"))
        .withColumn("_later", F.lead(table.update.newest_by[0]).over(by_age))
        .drop("_repeats", "_first")
    )


def _said_when(table: Table) -> tuple[str, ...]:
    """Columns that tell when and by which line something was said, not what."""
    assert isinstance(table.update, Upsert)
    return table.update.newest_by


def _current(table: Table, settled: DataFrame) -> DataFrame:
    return settled.where("_later IS NULL").select(*table.names)


def _superseded(revisions: Table, settled: DataFrame) -> DataFrame:
    assert isinstance(revisions.update, Upsert)
    return settled.where("_later IS NOT NULL").withColumnRenamed(
        "_later", revisions.update.newest_by[0]
    )


def _first_upsert(
    store: Store,
    table: Table,
    rows: DataFrame,
    revisions: Table | None,
    plain: DataFrame | None,
    *,
    in_order: bool,
) -> Written:
    """Fill an empty table: only contested rows are compared, with each other."""
    only = (rows.where(~F.col(CONTESTED)) if plain is None else plain).select(*table.names)
    settled = settle(table, rows.where(CONTESTED).select(*table.names))

    if revisions is None:
        current = _current(table, settled)
        return insert(store, table, _with(table, only, current, in_order), in_order=in_order)
    # Most are not contested: these few are settled once, and where there are none, nothing is.
    settled = settled.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        if settled.isEmpty():
            return insert(store, table, only, in_order=in_order)
        superseded = _superseded(revisions, settled)
        kept = None if store.is_empty(revisions) else store.read(revisions)
        written = replace(store, revisions, superseded, kept)
        both = _with(table, only, _current(table, settled), in_order)
        return written + insert(store, table, both, in_order=in_order)
    finally:
        settled.unpersist()


def _with(table: Table, rows: DataFrame, more: DataFrame, in_order: bool) -> DataFrame:
    """Add rows to others; both are written one after the other, so each is in order by itself."""
    return rows.unionByName(_arranged(table, more) if in_order else more)


def _difference(table: Table, wanted: DataFrame, stored: DataFrame) -> DataFrame:
    """Return the wanted rows with ``_kind``: insert, update or delete; unchanged ones left out."""
    there = F.lit(True).alias("_there")
    new = wanted.select(F.struct(*table.names).alias("new"), there)
    old = stored.select(F.struct(*table.names).alias("old"), there)
    same_key = _all(F.col(f"new.{k}").eqNullSafe(F.col(f"old.{k}")) for k in table.key)
    differs = F.lit(False)
    for name in table.compared:
        differs = differs | ~_same(table, name)
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


def _same(table: Table, name: str) -> Column:
    new, old = F.col(f"new.{name}"), F.col(f"old.{name}")
    if table.column(name).type != "double":
        return new.eqNullSafe(old)
    near = F.abs(new - old) <= _SAME * F.greatest(F.abs(new), F.abs(old))
    return new.eqNullSafe(old) | F.coalesce(near, F.lit(False))


def _apply(store: Store, table: Table, changed: DataFrame) -> Written:
    changed = changed.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        found = counts(changed, {k: f"{_KIND} = '{k}'" for k in ("insert", "update", "delete")})
        written = Written(found["insert"], found["update"], found["delete"])
        if not written.rows:
            return written
        if written.rows == written.inserted:
            return insert(store, table, changed.drop(_KIND))
        _merge(store, table, changed)
        return written
    finally:
        changed.unpersist()


def _merge(store: Store, table: Table, changed: DataFrame) -> None:
    same_key = [F.expr(f"stored.`{k}` <=> changed.`{k}`") for k in table.key]
    for name in table.partitioned_by:
        # Literals, so that other partitions are neither read nor in conflict.
        touched = [r[0] for r in changed.select(name).distinct().collect()]
        same_key.append(F.col(f"stored.{name}").isin(touched))
    every: dict[str, str | Column] = {n: f"changed.`{n}`" for n in table.names}
    for attempt in range(_TRIES):
        try:
            (
                store.delta(table)
                .alias("stored")
                .merge(changed.alias("changed"), _all(same_key))
                .whenMatchedDelete(f"changed.{_KIND} = 'delete'")
                .whenMatchedUpdate(set=every)
                .whenNotMatchedInsert(f"changed.{_KIND} <> 'delete'", values=every)
                .execute()
            )
            return
        except (
            ConcurrentAppendException,
            ConcurrentDeleteReadException,
            ConcurrentTransactionException,
        ):
            if attempt == _TRIES - 1:
                raise


def _near(table: Table, stored: DataFrame, rows: DataFrame) -> DataFrame:
    """Leave out the partitions that hold none of the rows, by literals that skip files."""
    for name in table.partitioned_by:
        if name in stored.columns:
            touched = [r[0] for r in rows.select(name).distinct().collect()]
            stored = stored.where(F.col(name).isin(touched))
    first = next((c for c in table.key if table.column(c).type == "timestamp"), None)
    if first:
        span = rows.agg(F.min(first), F.max(first)).first()
        if span is not None and span[0] is not None:
            stored = stored.where(F.col(first).between(span[0], span[1]))
    return stored


def _semi(stored: DataFrame, rows: DataFrame, keys: Sequence[str]) -> DataFrame:
    wanted = rows.select(*(F.col(k).alias(f"_wanted_{k}") for k in keys)).distinct()
    on = _all(F.col(k).eqNullSafe(F.col(f"_wanted_{k}")) for k in keys)
    return stored.join(wanted, on=on, how="left_semi")


def _conformed(table: Table, rows: DataFrame) -> DataFrame:
    """Select the contract's columns in its order and types."""
    return rows.select(*(F.col(f.name).cast(f.dataType) for f in spark_schema(table)))


def _all(conditions: object) -> Column:
    listed: list[Column] = list(conditions)  # type: ignore[call-overload]
    return reduce(lambda a, b: a & b, listed, F.lit(True))

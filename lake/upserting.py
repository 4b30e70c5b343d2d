"""One current row a key: the newest version wins, the superseded ones go to the revisions."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from lake.contract import Table, Upsert
from lake.store import Store
from lake.writing import CONTESTED, Written, all_of, arranged, insert, replace

# What makes two versions of a key two.
_LINE = ("source_file", "source_line")


def upsert(
    store: Store,
    table: Table,
    rows: DataFrame,
    revisions: Table | None,
    plain: DataFrame | None = None,
    *,
    in_order: bool = False,
    withdrawn: DataFrame | None = None,
) -> Written:
    """Let the newest version of each key win; the superseded ones go to ``revisions``.

    ``rows`` may hold several versions of a key. A boolean column ``_is_contested`` may say which
    rows may not be the only version of their key; without it all are compared with each other.
    ``plain`` are more rows, none contested, that may be too many to be kept at hand; ``in_order``
    says that they come in the contract's order. ``withdrawn`` are rows that are no versions any
    more, by their key and their line: where one was stored, the one before it holds again.
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
        keys = list(table.key)
        if withdrawn is not None:
            # A row without its key was never stored.
            is_keyed = all_of(F.col(k).isNotNull() for k in keys)
            withdrawn = withdrawn.where(is_keyed).select(*table.names)
        stored = _near(table, stored, incoming, withdrawn)
        is_stored = F.col("_is_stored")
        stored_keys = [F.col(k).alias(f"_stored_{k}") for k in keys]
        marked = incoming.alias("new").join(
            stored.select(*stored_keys, F.lit(True).alias("_is_stored")),
            on=all_of(F.col(f"new.{k}").eqNullSafe(F.col(f"_stored_{k}")) for k in keys),
            how="left",
        ).select("new.*", is_stored)  # fmt: skip
        marked = marked.persist(StorageLevel.MEMORY_AND_DISK)
        old = F.coalesce(is_stored, F.lit(False)) | F.col(CONTESTED)
        fresh = marked.where(~old).select(*table.names)
        disputed = marked.where(old).select(*table.names)
        wanted = disputed.select(*keys)
        if withdrawn is not None:
            wanted = wanted.unionByName(withdrawn.select(*keys))
        touched = _semi(stored, wanted, keys)
        versions = disputed.unionByName(touched)
        if revisions is not None:
            kept = store.read(revisions, version=store.version(revisions))
            kept = _semi(_near(table, kept, incoming, withdrawn), wanted, keys)
            versions = versions.unionByName(kept.select(*table.names))
        if withdrawn is not None:
            versions = versions.join(
                withdrawn.select(*keys, *_LINE), on=[*keys, *_LINE], how="left_anti"
            )
        settled = settle(table, versions).persist(StorageLevel.MEMORY_AND_DISK)
        written = Written()
        if revisions is not None:
            superseded = _superseded(revisions, settled)
            written += replace(store, revisions, superseded, kept)
        current = _current(table, settled).unionByName(fresh)
        written += replace(store, table, current, touched)
        settled.unpersist()
        marked.unpersist()
        return written
    finally:
        incoming.unpersist()


def remake(
    store: Store,
    table: Table,
    rows: DataFrame,
    revisions: Table | None,
    plain: DataFrame | None = None,
) -> Written:
    """Make a table that is filled what all versions there are say; what none says goes.

    ``rows`` and ``plain`` are as in :func:`upsert`, but they are all there is.
    """
    settled, only = _settled(table, rows, plain)
    settled = settled.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        written = Written()
        if revisions is not None:
            store.create(revisions)
            kept = store.read(revisions, version=store.version(revisions))
            written += replace(store, revisions, _superseded(revisions, settled), kept)
        stored = store.read(table, version=store.version(table))
        return written + replace(store, table, only.unionByName(_current(table, settled)), stored)
    finally:
        settled.unpersist()


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
    settled, only = _settled(table, rows, plain)
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
    return rows.unionByName(arranged(table, more) if in_order else more)


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


def _settled(table: Table, rows: DataFrame, plain: DataFrame | None) -> tuple[DataFrame, DataFrame]:
    """Return the settled versions of contested rows, and the rows that need no settling."""
    if CONTESTED not in rows.columns:
        rows = rows.withColumn(CONTESTED, F.lit(True))
    only = (rows.where(~F.col(CONTESTED)) if plain is None else plain).select(*table.names)
    return settle(table, rows.where(CONTESTED).select(*table.names)), only


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


def _near(
    table: Table, stored: DataFrame, rows: DataFrame, more: DataFrame | None = None
) -> DataFrame:
    """Leave out the partitions that hold none of the rows, by literals that skip files."""
    if more is not None:
        rows = rows.select(*table.names).unionByName(more)
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
    on = all_of(F.col(k).eqNullSafe(F.col(f"_wanted_{k}")) for k in keys)
    return stored.join(wanted, on=on, how="left_semi")

"""One current row a key: the newest version wins, the superseded ones go to the revisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.contract import Table, Upsert
from lake.hops import looked_up
from lake.hops.at_hand import AtHand, Kept
from lake.hops.writing import CONTESTED, Written, all_of, arranged, insert, replace
from lake.store import Store

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
    more, by their key and their line: where one was stored, what ``rows`` say of the line counts in
    its place, else the one before it holds again.
    """
    store.create(table)
    if revisions is not None:
        store.create(revisions)
    if CONTESTED not in rows.columns:
        rows = rows.withColumn(CONTESTED, F.lit(True))
    if store.is_empty(table):
        return _first_upsert(store, table, rows, revisions, plain, in_order=in_order)
    if plain is not None:
        rows = rows.unionByName(plain)
    with AtHand(are_few=store.of_few) as at_hand:
        return _upsert(store, table, at_hand.keep(rows), revisions, withdrawn, at_hand)


def _upsert(
    store: Store,
    table: Table,
    came: Kept,
    revisions: Table | None,
    withdrawn: DataFrame | None,
    at_hand: AtHand,
) -> Written:
    keys, rows, near = list(table.key), came.rows, came
    if withdrawn is not None:
        # A row without its key was never stored.
        is_keyed = all_of(F.col(k).isNotNull() for k in _never_null(table))
        withdrawn = withdrawn.where(is_keyed).select(*table.names)
        near = Kept(rows.select(*table.names).unionByName(withdrawn))
    nearby = _Nearby(store, table, near)
    stored = nearby.of(table)
    marked = at_hand.keep(_marked(rows, stored, keys))
    is_old = F.coalesce("_is_stored", F.lit(False)) | F.col(CONTESTED)
    fresh = marked.rows.where(~is_old).select(*table.names)
    disputed = marked.rows.where(is_old).select(*table.names)
    if withdrawn is None and disputed.isEmpty():
        # Mostly what comes is new: there is nothing to compare it with.
        if fresh.isEmpty():
            return Written()
        return insert(store, table, fresh, are_few=marked.is_few)
    wanted = disputed.select(*keys)
    if withdrawn is not None:
        wanted = wanted.unionByName(withdrawn.select(*keys))
    touched = at_hand(_semi(stored, wanted, keys))
    said, kept = touched, None
    if revisions is not None:
        kept = at_hand(_semi(nearby.of(revisions), wanted, keys))
        said = said.unionByName(kept.select(*table.names))
    if withdrawn is not None:
        said = said.join(withdrawn.select(*keys, *_LINE), on=[*keys, *_LINE], how="left_anti")
    settled = at_hand(settle(table, disputed.unionByName(said)))
    written = Written()
    if revisions is not None:
        written += replace(store, revisions, _superseded(revisions, settled), kept)
    current = _current(table, settled).unionByName(fresh)
    return written + replace(store, table, current, touched)


@dataclass
class _Nearby:
    """What a table and its revisions hold where some rows lie, and of some that are few not more.

    ``near`` are versions of the keys of ``table``.
    """

    store: Store
    table: Table
    near: Kept

    def of(self, table: Table) -> DataFrame:
        # As it stands now: Spark would read it again after a write and take what it finds for old.
        version = self.store.version(table)
        if self.store.of_few and self.near.literals is not None:
            found = looked_up.of_slices(
                self.store, table, self.near.literals, columns=_never_null(self.table),
                version=version,
            )  # fmt: skip
            if found is not None:
                return found.rows
        return self.store.read(table, version=version).where(self.is_near)

    @cached_property
    def is_near(self) -> Column:
        return _near(self.table, self.near.rows)


def _never_null(table: Table) -> list[str]:
    """Return what of the key has a value in each row: an observation has no issue, and is one."""
    return [name for name in table.key if not table.column(name).nullable]


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
    store.create(table)
    settled, only = _settled(table, rows, plain)
    with AtHand() as at_hand:
        settled = at_hand(settled)
        written = Written()
        if revisions is not None:
            store.create(revisions)
            kept = store.read(revisions, version=store.version(revisions))
            written += replace(store, revisions, _superseded(revisions, settled), kept)
        stored = store.read(table, version=store.version(table))
        return written + replace(store, table, only.unionByName(_current(table, settled)), stored)


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
    with AtHand() as at_hand:
        settled = at_hand(settled)
        if settled.isEmpty():
            return insert(store, table, only, in_order=in_order)
        superseded = _superseded(revisions, settled)
        kept = None if store.is_empty(revisions) else store.read(revisions)
        written = replace(store, revisions, superseded, kept)
        both = _with(table, only, _current(table, settled), in_order)
        return written + insert(store, table, both, in_order=in_order)


def _with(table: Table, rows: DataFrame, more: DataFrame, in_order: bool) -> DataFrame:
    """Add rows to others; both are written one after the other, so each is in order by itself."""
    return rows.unionByName(arranged(table, more) if in_order else more)


def settle(table: Table, versions: DataFrame) -> DataFrame:
    """Order the versions of each key; ``_later`` is the known_at of the next one, null if current.

    A version that says what its predecessor said already is dropped, so the answer does not
    depend on the order in which versions arrive. What it leaves open of the ``filled`` columns is
    what its predecessor said.
    """
    assert isinstance(table.update, Upsert)
    by_age = Window.partitionBy(*table.key).orderBy(*table.update.newest_by)
    if table.update.filled:
        so_far = by_age.rowsBetween(Window.unboundedPreceding, Window.currentRow)
        versions = versions.withColumns(
            {n: F.last(n, ignorenulls=True).over(so_far) for n in table.update.filled}
        )
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


def _marked(rows: DataFrame, stored: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Add ``_is_stored``, true where the table holds a version of the key, else null."""
    stored_keys = [F.col(k).alias(f"_stored_{k}") for k in keys]
    same = all_of(F.col(f"new.{k}").eqNullSafe(F.col(f"_stored_{k}")) for k in keys)
    there = stored.select(*stored_keys, F.lit(True).alias("_is_stored"))
    joined = rows.alias("new").join(there, on=same, how="left")
    return joined.select("new.*", "_is_stored")


def _near(table: Table, rows: DataFrame) -> Column:
    """Return what leaves out the partitions that hold none of the rows, by literals."""
    first = next((c for c in table.key if table.column(c).type == "timestamp"), None)
    # As numbers: an instant of Python's is one of the machine's zone.
    instant = F.unix_micros(first) if first else F.lit(None)
    edges = [F.min(instant).alias("_first"), F.max(instant).alias("_last")] if first else []
    found = [F.collect_set(name).alias(name) for name in table.partitioned_by]
    is_near = F.lit(True)
    if not edges and not found:
        return is_near
    told = rows.agg(*edges, *found).first()
    assert told is not None
    for name in table.partitioned_by:
        is_near = is_near & F.col(name).isin(told[name])
    if first and told["_first"] is not None:
        span = (F.timestamp_micros(F.lit(told[edge])) for edge in ("_first", "_last"))
        is_near = is_near & F.col(first).between(*span)
    return is_near


def _semi(stored: DataFrame, rows: DataFrame, keys: Sequence[str]) -> DataFrame:
    wanted = rows.select(*(F.col(k).alias(f"_wanted_{k}") for k in keys)).distinct()
    on = all_of(F.col(k).eqNullSafe(F.col(f"_wanted_{k}")) for k in keys)
    return stored.join(wanted, on=on, how="left_semi")

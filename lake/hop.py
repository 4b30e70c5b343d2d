"""Inputs at fixed versions -> the slices that changes touch -> the function -> what is written."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from lake import upserting, writing
from lake.catalog import Node
from lake.contract import Issue, Keep, Replace, Table, Upsert
from lake.ledger import Seen
from lake.quarantine import REASONS, hold
from lake.store import Store
from lake.writing import CONTESTED, Written

if TYPE_CHECKING:
    from lake.running import Runner


@dataclass
class Hop:
    """One run of one table, with its inputs at fixed versions."""

    runner: "Runner"
    node: Node
    versions: Mapping[str, int]
    seen: Seen
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.pinned = dict(self.versions)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if kept := self.arguments.get("at_hand"):
            kept.let_go()
        # A frame is part of a circle in Python, and while it is not collected Spark keeps its plan
        # and what it broadcast.
        gc.collect()

    @property
    def table(self) -> Table:
        """What is made."""
        return self.node.table

    @property
    def store(self) -> Store:
        """Where it is."""
        return self.runner.store

    def whole(self) -> tuple[Written, int]:
        """Compute the table from all of its inputs."""
        rows = self._call({})
        if isinstance(self.table.update, Upsert):
            return self._upsert(rows, None, is_whole=True)
        if self.store.is_empty(self.table):
            return self._write(rows, None)
        stored = self.store.read(self.table)
        if isinstance(self.table.update, Issue):
            day: date = self.runner.clock.date()
            stored = stored.where(F.col(self.table.update.date) == F.lit(day))
        return self._write(rows, stored)

    def touched(self) -> tuple[Written, int]:
        """Compute what the changes of the inputs touch."""
        if isinstance(self.table.update, Upsert):
            return self._touched_rows()
        assert isinstance(self.table.update, Replace | Keep)
        if not self.table.update.slices:
            return self.whole()
        slices = self._touched_slices(self.table.update.slices)
        return (Written(), 0) if slices is None else self._of_slices(slices)

    def between(self, first: date, last: date) -> tuple[Written, int]:
        """Compute what lies between two days again: local days, or days of receipt of an upsert."""
        if isinstance(self.table.update, Upsert):
            parameter, driver = next(iter(self.node.inputs.items()))
            fed = self._read(driver).where(F.col("received_date").between(first, last))
            lines = fed.select("source_file", "source_line").distinct()
            return self._upsert(self._call({parameter: fed}), lines)
        assert isinstance(self.table.update, Replace | Keep)
        columns = self.table.update.slices
        days = next(c for c in ("local_date", "local_month") if c in columns)
        bounds = (first, last) if days == "local_date" else (f"{first:%Y-%m}", f"{last:%Y-%m}")
        tables = (*self.node.inputs.values(), self.table.name)
        found = [
            self._read(t).where(F.col(days).between(*bounds)).select(*columns)
            for t in tables
            if set(columns) <= set(self.runner.catalog[t].names)
        ]
        return self._of_slices(reduce(DataFrame.unionByName, found).distinct())

    def _of_slices(self, slices: DataFrame) -> tuple[Written, int]:
        slices = slices.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            if slices.isEmpty():
                return Written(), 0
            needed = {p: self._needed(p, slices) for p in self.node.inputs}
            cut = {
                parameter: self._cut(name, self._read(name), needed[parameter])
                for parameter, name in self.node.inputs.items()
                if set(needed[parameter].columns) <= set(self.runner.catalog[name].names)
            }
            cut |= self._near_in_time(slices)
            stored = self._cut(self.table.name, self.store.read(self.table), slices)
            rows = self._call(cut)
            if any(more is not slices for more in needed.values()):
                rows = rows.join(slices, on=slices.columns, how="left_semi")
            return self._write(rows, stored)
        finally:
            slices.unpersist()

    def _near_in_time(self, slices: DataFrame) -> dict[str, DataFrame]:
        """Cut inputs that have no slice columns to the time of the slices (``NEAR_IN_TIME``).

        The module names the parameter and its instant; a reading of a month looks ahead.
        """
        instants: Mapping[str, str] = getattr(self.node.module, "NEAR_IN_TIME", {})
        if not instants or "local_date" not in slices.columns:
            return {}
        bounds = slices.agg(
            F.date_sub(F.min("local_date"), 2).alias("first"),
            F.date_add(F.max("local_date"), 33).alias("last"),
        ).first()
        assert bounds is not None
        near = {}
        for parameter, instant in instants.items():
            name = self.node.inputs[parameter]
            rows = self._read(name).where(F.col(instant).between(bounds["first"], bounds["last"]))
            for partition in self.runner.catalog[name].partitioned_by:
                first, last = (f"{bounds[edge]:%Y-%m}" for edge in ("first", "last"))
                rows = rows.where(F.col(partition).between(first, last))
            near[parameter] = rows
        return near

    def _write(self, rows: DataFrame, stored: DataFrame | None) -> tuple[Written, int]:
        write = writing.keep if isinstance(self.table.update, Keep) else writing.replace
        if REASONS not in rows.columns:
            return write(self.store, self.table, rows, stored, in_order=self._is_in_order), 0
        rows = rows.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            judged = rows.select("source_file", "source_line").distinct()
            quarantined = hold(
                self.store, self.runner.catalog, self.table, rows, judged, self.runner.clock
            )
            good = rows.where(F.size(REASONS) == 0)
            return write(self.store, self.table, good, stored), quarantined
        finally:
            rows.unpersist()

    @property
    def _is_in_order(self) -> bool:
        """Whether the function's rows come in the order of the contract (``IN_ORDER``)."""
        return bool(getattr(self.node.module, "IN_ORDER", False))

    def _touched_rows(self) -> tuple[Written, int]:
        """Feed the new rows of the first input, and old ones that another input's change frees."""
        parameter, driver = next(iter(self.node.inputs.items()))
        rows = self._changes(driver).where("_change_type <> 'update_preimage'")
        fed = rows.where("_change_type <> 'delete'").drop("_change_type")
        again: DataFrame | None = None
        for name in list(self.node.inputs.values())[1:]:
            function = self.node.touched_by(name)
            if function is None or not self._has_changed(name):
                continue
            freed = self._call_touched(function, name)
            again = freed if again is None else again.unionByName(freed)
        if again is not None:
            again = again.distinct().persist(StorageLevel.MEMORY_AND_DISK)
            if again.isEmpty():
                again = None
            else:
                keys = again.columns
                old = self._read(driver).join(F.broadcast(again), on=keys, how="left_semi")
                fed = old.unionByName(fed.join(again, on=keys, how="left_anti"))
        elif not self._has_changed(driver):
            return Written(), 0
        return self._upsert(self._call({parameter: fed}), again)

    def _upsert(
        self, rows: DataFrame, again: DataFrame | None, *, is_whole: bool = False
    ) -> tuple[Written, int]:
        assert isinstance(self.table.update, Upsert)
        name = self.table.update.revisions
        revisions = self.runner.catalog[name] if name else None
        is_remade = is_whole and not self.store.is_empty(self.table)
        if REASONS not in rows.columns:
            write = upserting.remake if is_remade else upserting.upsert
            return write(self.store, self.table, rows, revisions), 0
        plain: DataFrame | None = None
        if is_whole and CONTESTED in rows.columns:
            # The whole is too large to be kept at hand, but what is odd in it is little.
            is_odd = (F.size(REASONS) > 0) | F.col(CONTESTED)
            rows, plain = rows.where(is_odd), rows.where(~is_odd)
        rows = rows.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            quarantined = hold(
                self.store, self.runner.catalog, self.table, rows, again, self.runner.clock,
                is_whole=is_whole,
            )  # fmt: skip
            good = rows.where(F.size(REASONS) == 0)
            if is_remade:
                written = upserting.remake(self.store, self.table, good, revisions, plain)
                return written, quarantined
            written = upserting.upsert(
                self.store, self.table, good, revisions, plain, in_order=self._is_in_order
            )
            return written, quarantined
        finally:
            rows.unpersist()

    def _touched_slices(self, columns: tuple[str, ...]) -> DataFrame | None:
        found: list[DataFrame] = []
        for name in self.node.inputs.values():
            if not self._has_changed(name):
                continue
            if function := self.node.touched_by(name):
                found.append(self._call_touched(function, name).select(*columns))
            elif set(columns) <= set(self.runner.catalog[name].names):
                found.append(self._changes(name).select(*columns))
        if not found:
            return None
        return reduce(DataFrame.unionByName, found).distinct()

    def _needed(self, parameter: str, slices: DataFrame) -> DataFrame:
        """Return the slices of an input that are read: windows may need more than are written."""
        module = self.node.module
        own = getattr(module, f"needed_for_{parameter}", None)
        reach = own or getattr(module, "needed_for", None)
        return self._with_tables(reach, slices) if reach else slices

    def _call_touched(self, function: Any, source: str) -> DataFrame:
        """Call a ``touched_by_…(changes, tables…)`` of the table's module."""
        return self._with_tables(function, self._changes(source))

    def _with_tables(self, function: Any, rows: DataFrame) -> DataFrame:
        """Call a function of rows and of the tables that its further parameters name."""
        code = function.__code__
        names = code.co_varnames[1 : code.co_argcount]
        tables = {
            n: self._read(self.runner.catalog.resolve(n, seen_from=self.table.layer)) for n in names
        }
        found: DataFrame = function(rows, **tables)
        return found

    def _call(self, given: Mapping[str, DataFrame]) -> DataFrame:
        tables = {
            p: given[p] if p in given else self._read(name) for p, name in self.node.inputs.items()
        }
        rows: DataFrame = self.node.function(**tables, **self.arguments)
        return rows

    def _read(self, name: str) -> DataFrame:
        """Read a table as it stood when the hop began: what the hop writes must not move it."""
        table = self.runner.catalog[name]
        if name not in self.pinned:
            self.pinned[name] = self.store.version(table)
        return self.store.read(table, version=self.pinned[name])

    def _has_changed(self, name: str) -> bool:
        return name in self.versions and self.versions[name] != self.seen.versions.get(name, -1)

    def _changes(self, name: str) -> DataFrame:
        table = self.runner.catalog[name]
        after, until = self.seen.versions.get(name, -1), self.versions[name]
        if after >= until:
            return self._read(name).limit(0).withColumn("_change_type", F.lit("insert"))
        if after < 0:
            return self._read(name).withColumn("_change_type", F.lit("insert"))
        return self.store.changes(table, after=after, until=until)

    def _cut(self, name: str, rows: DataFrame, slices: DataFrame) -> DataFrame:
        """Keep the rows of the touched slices; literal months let Delta skip files."""
        table = self.runner.catalog[name]
        columns = slices.columns
        for partition in (table.column(p) for p in table.partitioned_by):
            if partition.name in columns:
                months = slices.select(partition.name)
            elif partition.month_of in columns:
                months = slices.select(F.date_format(partition.month_of, "yyyy-MM"))
            else:
                continue
            rows = rows.where(
                F.col(partition.name).isin([m[0] for m in months.distinct().collect()])
            )
        return rows.join(slices, on=list(columns), how="left_semi")

"""Inputs at fixed versions -> the slices that changes touch -> the function -> what is written."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Node
from lake.contract import Issue, Keep, Replace, Table, Upsert
from lake.hops import upserting, writing
from lake.hops.at_hand import FEW, FEWER, AtHand, Kept, literals
from lake.hops.inputs import Inputs, parameters_of
from lake.hops.ledger import Seen
from lake.hops.quarantine import CLOSED, REASONS, decided, hold, repaired
from lake.hops.writing import CONTESTED, Written
from lake.schema import empty
from lake.store import Store

if TYPE_CHECKING:
    from lake.running import Runner

# So many lines are little work where they are of few values, as those of meters that send hours.
_FEW_LINES, _LIGHT_BYTES = 4_000, 2 * 1024 * 1024
# Slices that each hold so much and no more.
_BOUNDED = ({"location_id", "local_date"}, {"location_id", "local_month"})


@dataclass
class Hop:
    """One run of one table, with its inputs at fixed versions."""

    runner: "Runner"
    node: Node
    versions: Mapping[str, int]
    seen: Seen
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.store: Store = self.runner.store
        self.kept: AtHand = self.arguments.get("at_hand") or AtHand()
        self.inputs = Inputs(self.runner, self.node, self.versions, self.seen, self.kept)
        # Lines of which other rows are made than before: what they said is withdrawn.
        self.anew: DataFrame | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kept.let_go()
        # A frame is part of a circle in Python, and while it is not collected Spark keeps its plan
        # and what it broadcast.
        gc.collect()

    @property
    def table(self) -> Table:
        """What is made."""
        return self.node.table

    def whole(self) -> tuple[Written, int]:
        """Compute the table from all of its inputs."""
        if self._has_nothing():
            self.store.create(self.table)
            return Written(), 0
        rows = self._rows(None)
        if isinstance(self.table.update, Upsert):
            return self._upsert(rows, None, is_whole=True)
        if self.store.is_empty(self.table):
            return self._write(rows, None)
        # Columns that the contract has since are added before what is stored is read.
        self.store.create(self.table)
        stored = self.store.read(self.table)
        if isinstance(self.table.update, Issue):
            day: date = self.runner.clock.date()
            stored = stored.where(F.col(self.table.update.date) == F.lit(day))
        return self._write(rows, stored)

    def _has_nothing(self) -> bool:
        """Tell whether an input has no row without which there is none (``NOTHING_WITHOUT``)."""
        parameter = self.node.hooks.nothing_without
        if not parameter or not self.store.is_empty(self.table):
            return False
        return self.store.is_empty(self.runner.catalog[self.node.inputs[parameter]])

    def touched(self) -> tuple[Written, int]:
        """Compute what the changes of the inputs touch."""
        if isinstance(self.table.update, Upsert):
            return self._touched_rows()
        assert isinstance(self.table.update, Replace | Keep)
        if not self.table.update.slices:
            return self.whole()
        if self._has_nothing():
            return Written(), 0
        if self.inputs.have_few_changes():
            self.inputs.store, self.kept.are_few = self.runner.store_of_few, True
        slices = self._touched_slices(self.table.update.slices)
        return (Written(), 0) if slices is None else self._of_slices(slices)

    def between(self, first: date, last: date) -> tuple[Written, int]:
        """Compute what lies between two days again: local days, or days of receipt of an upsert."""
        if isinstance(self.table.update, Upsert):
            parameter, driver = next(iter(self.node.inputs.items()))
            fed = self.inputs.read(driver).where(F.col("received_date").between(first, last))
            lines = fed.select("source_file", "source_line").distinct()
            return self._upsert(self._fed(parameter, fed), lines)
        assert isinstance(self.table.update, Replace | Keep)
        columns = self.table.update.slices
        days = next(c for c in ("local_date", "local_month") if c in columns)
        bounds = (first, last) if days == "local_date" else (f"{first:%Y-%m}", f"{last:%Y-%m}")
        in_time, slice_day = F.col(days).between(*bounds), F.col(days)
        if period := self.node.hooks.period:
            # A week or year is named by its first day, which may lie before, and may have no row.
            slice_day = F.trunc(days, period)
            in_time = F.col(days).between(F.trunc(F.lit(first), period), F.lit(last))
        tables = (*self.node.inputs.values(), self.table.name)
        found = [
            self.inputs.read(t).where(in_time).withColumn(days, slice_day).select(*columns)
            for t in tables
            if set(columns) <= set(self.runner.catalog[t].names)
        ]
        return self._of_slices(reduce(DataFrame.unionByName, found).distinct())

    def _of_slices(self, slices: DataFrame) -> tuple[Written, int]:
        # Their plan ends here: it would be repeated in each input that is cut by them.
        made = self.inputs.slices(slices)
        # What belongs to other slices may be without bounds: all that came on a day.
        most = self.node.hooks.few_slices or FEWER
        is_bounded = made.is_fewer(most) and any(of <= {*made.rows.columns} for of in _BOUNDED)
        self.inputs.store, self.kept.are_few = self.store, False
        slices = self._among_few(made) if is_bounded else made.rows
        if slices.isEmpty():
            return Written(), 0
        self.store.create(self.table)
        stored = self.inputs.cut(self.table.name, slices)
        if isinstance(stored, Kept):
            stored = stored.rows
        return self._write(self._rows(slices), stored)

    def _among_few(self, kept: Kept) -> DataFrame:
        """Go on in a session for few rows, with these."""
        self.store = self.inputs.store = self.runner.store_of_few
        self.kept.are_few = True
        return self.inputs.made(kept.beside(self.store.spark), kept)

    def _among_many(self, kept: Kept) -> DataFrame:
        """Go on in the session for many rows after all, with these."""
        self.store = self.inputs.store = self.runner.store
        self.kept.are_few = False
        return kept.rows

    def _rows(self, slices: DataFrame | None) -> DataFrame:
        """Call the function on some slices, or on all.

        Where its rows are few the module tells cheaply which can have any (``slices_with_rows``).
        """
        if tells := self.node.hooks.slices_with_rows:
            tables = self.inputs.cut_to(slices, parameters_of(tells))
            with_rows = tells(**tables).distinct()
            if slices is not None:
                with_rows = with_rows.join(slices, on=slices.columns, how="left_semi")
            slices = self.inputs.slices(with_rows).rows
            if slices.isEmpty():
                return empty(self.store.spark, self.table)
        rows = self._call(self.inputs.cut_to(slices, tuple(self.node.inputs)), slices)
        if slices is None or not self.node.hooks.is_wider:
            return rows
        return rows.join(slices, on=slices.columns, how="left_semi")

    def _write(self, rows: DataFrame, stored: DataFrame | None) -> tuple[Written, int]:
        write = writing.keep if isinstance(self.table.update, Keep) else writing.replace
        if REASONS not in rows.columns:
            return write(
                self.store, self.table, rows, stored, in_order=self.node.hooks.is_in_order
            ), 0
        rows = self.kept(self._repaired(rows))
        judged = rows.select("source_file", "source_line").distinct()
        there = rows.where(~F.col(CLOSED))
        quarantined = hold(
            self.store, self.runner.catalog, self.table, there, judged, self.runner.clock
        )
        good = there.where(F.size(REASONS) == 0)
        return write(self.store, self.table, good, stored), quarantined

    def _repaired(self, rows: DataFrame) -> DataFrame:
        """Judge rows as people decided about them; mostly nobody decided anything."""
        if not self._has_repairs:
            return rows.withColumn(CLOSED, F.lit(False))
        holding = self.kept(decided(self.inputs.read(self.node.repairs), self.table))
        return repaired(rows, holding, self.table)

    @property
    def _has_repairs(self) -> bool:
        """Whether people decided about any row of any table."""
        name = self.node.repairs
        return bool(name) and not self.store.is_empty(self.runner.catalog[name])

    def _repaired_lines(self) -> DataFrame | None:
        """Return the lines of the table about which people decided since the last run."""
        if not self.node.repairs or not self.inputs.has_changed(self.node.repairs):
            return None
        return (
            self.inputs.changes(self.node.repairs)
            .where(F.col("table_name") == self.table.name)
            .select(
                F.col("held_file").alias("source_file"), F.col("held_line").alias("source_line")
            )
        )

    def _touched_rows(self) -> tuple[Written, int]:
        """Feed the new rows of the first input, and old ones that a change of any input frees."""
        parameter, driver = next(iter(self.node.inputs.items()))
        rows = self.inputs.changes(driver).where("_change_type <> 'update_preimage'")
        new = rows.where("_change_type <> 'delete'").drop("_change_type")
        are_many = (self.inputs.changed_rows(driver) or 0) > FEW
        came = Kept(new) if are_many else literals(new)
        fed, again = self._with_old(came.rows, self._freed())
        if again is None and not self.inputs.has_changed(driver):
            return Written(), 0
        is_little = came.is_fewer() or came.is_fewer(_FEW_LINES, _LIGHT_BYTES)
        if again is None and is_little:
            fed = self._among_few(came)
        # What was held back and counts now can come late, as what is new.
        if function := self.node.touched_by(driver):
            lines = self.inputs.with_tables(function, fed)
            if lines is not None and self.store.of_few:
                # All that was said since may be much.
                fed = self._among_many(came)
                lines = self.inputs.with_tables(function, fed)
            fed, late = self._with_old(fed, lines)
            again = again.unionByName(late) if again and late else again or late
        return self._upsert(self._fed(parameter, fed), again)

    def _freed(self) -> DataFrame | None:
        """Return the lines of the first input that a change of another, or a repair, frees."""
        found: list[DataFrame] = []
        anew: list[DataFrame] = []
        for name in filter(self.inputs.has_changed, list(self.node.inputs.values())[1:]):
            if function := self.node.touched_by(name):
                found.append(self._call_touched(function, name))
            tells = self.node.told_anew_by(name)
            told = self._call_touched(tells, name) if tells else None
            if told is not None:
                anew.append(told)
        if anew:
            self.anew = self.kept(reduce(DataFrame.unionByName, anew).distinct())
            found.append(self.anew)
        if (lines := self._repaired_lines()) is not None:
            found.append(lines)
        return reduce(DataFrame.unionByName, found) if found else None

    def _said_before(self, lines: DataFrame) -> DataFrame:
        """Return what the table and its revisions hold of some lines."""
        assert isinstance(self.table.update, Upsert)
        tables = [self.table]
        if name := self.table.update.revisions:
            tables.append(self.runner.catalog[name])
        held = [
            self.store.read(t, version=self.store.version(t)).select(*self.table.names)
            for t in tables
            if not self.store.is_empty(t)
        ]
        if not held:
            return empty(self.store.spark, self.table)
        rows = reduce(DataFrame.unionByName, held)
        return self.kept(rows.join(F.broadcast(lines), on=lines.columns, how="left_semi"))

    def _with_old(
        self, fed: DataFrame, lines: DataFrame | None
    ) -> tuple[DataFrame, DataFrame | None]:
        """Feed old lines of the first input too; return them, None where there are none."""
        if lines is None:
            return fed, None
        lines = self.kept(lines.distinct())
        if lines.isEmpty():
            return fed, None
        keys = lines.columns
        driver = next(iter(self.node.inputs.values()))
        old = self.inputs.read(driver).join(F.broadcast(lines), on=keys, how="left_semi")
        return old.unionByName(fed.join(lines, on=keys, how="left_anti")), lines

    def _fed(self, parameter: str, rows: DataFrame) -> DataFrame:
        """Call the function on some rows of one input, and all of the others."""
        others = [p for p in self.node.inputs if p != parameter]
        return self._call({**(self.inputs.whole(*others) if others else {}), parameter: rows})

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
        rows = self._repaired(rows)
        plain: DataFrame | None = None
        if is_whole and CONTESTED in rows.columns:
            # The whole is too large to be kept at hand, but what is odd in it is little.
            is_odd = (F.size(REASONS) > 0) | F.col(CONTESTED) | F.col(CLOSED)
            rows, plain = rows.where(is_odd), rows.where(~is_odd)
        rows = self.kept(rows)
        there = rows.where(~F.col(CLOSED))
        quarantined = hold(
            self.store, self.runner.catalog, self.table, there, again, self.runner.clock,
            is_whole=is_whole,
        )  # fmt: skip
        good = there.where(F.size(REASONS) == 0)
        # What was released once and is held back again.
        is_bad = F.col(CLOSED) | (F.size(REASONS) > 0)
        withdrawn = rows.where(is_bad) if again is not None and self._has_repairs else None
        if self.anew is not None:
            before = self._said_before(self.anew)
            if withdrawn is not None:
                before = before.unionByName(withdrawn.select(*self.table.names))
            withdrawn = before
        if is_remade:
            written = upserting.remake(self.store, self.table, good, revisions, plain)
            return written, quarantined
        written = upserting.upsert(
            self.store, self.table, good, revisions, plain, in_order=self.node.hooks.is_in_order,
            withdrawn=withdrawn,
        )  # fmt: skip
        return written, quarantined

    def _touched_slices(self, columns: tuple[str, ...]) -> DataFrame | None:
        found: list[DataFrame] = []
        for name in self.node.inputs.values():
            if not self.inputs.has_changed(name):
                continue
            if function := self.node.touched_by(name):
                found.append(self._call_touched(function, name).select(*columns))
            elif set(columns) <= set(self.runner.catalog[name].names):
                found.append(self.inputs.changes(name).select(*columns))
        if (lines := self._repaired_lines()) is not None:
            driver = next(iter(self.node.inputs.values()))
            repaired_rows = self.inputs.read(driver).join(
                F.broadcast(lines.distinct()), on=lines.columns, how="left_semi"
            )
            found.append(repaired_rows.select(*columns))
        if not found:
            return None
        return reduce(DataFrame.unionByName, found).distinct()

    def _call_touched(self, function: Any, source: str) -> DataFrame:
        """Call a ``touched_by_…(changes, tables…)`` of the table's module."""
        return self.inputs.with_tables(function, self.inputs.changes(source))

    def _call(self, tables: Mapping[str, DataFrame], slices: DataFrame | None = None) -> DataFrame:
        arguments = dict(self.arguments)
        if slices is not None and "of_slices" in arguments:
            arguments["of_slices"] = lambda rows: rows.join(slices, slices.columns, "left_semi")
        rows: DataFrame = self.node.function(**tables, **arguments)
        return rows

"""Changes -> the slices that they touch -> the function on these -> what differs is written."""

from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.contract import Issue, Keep, Replace
from lake.hops import writing
from lake.hops.at_hand import FEWER, Kept
from lake.hops.hop import Hop
from lake.hops.inputs import parameters_of
from lake.hops.quarantine import CLOSED, REASONS, hold
from lake.hops.writing import Written
from lake.schema import empty

# Slices that each hold so much and no more.
_BOUNDED = ({"location_id", "local_date"}, {"location_id", "local_month"})


class SliceHop(Hop):
    """A hop of a table that is made by slices: replaced, kept or issued."""

    def _whole(self) -> tuple[Written, int]:
        rows = self._rows(None)
        if self.store.is_empty(self.table):
            return self._write(rows, None)
        # Columns that the contract has since are added before what is stored is read.
        self.store.create(self.table)
        stored = self.store.read(self.table)
        if isinstance(self.table.update, Issue):
            day: date = self.runner.clock.date()
            stored = stored.where(F.col(self.table.update.date) == F.lit(day))
        return self._write(rows, stored)

    def touched(self) -> tuple[Written, int]:
        """Compute the slices that the changes of the inputs touch."""
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
        """Compute what lies between two local days again."""
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

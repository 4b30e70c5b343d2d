"""Changes -> the lines that they bring or free -> the function on these -> the newest row a key."""

from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.contract import Upsert
from lake.hops import upserting
from lake.hops.at_hand import FEW, Kept, literals
from lake.hops.hop import Hop
from lake.hops.quarantine import CLOSED, REASONS, hold
from lake.hops.writing import CONTESTED, Written
from lake.schema import empty

# So many lines are little work where they are of few values, as those of meters that send hours.
_FEW_LINES, _LIGHT_BYTES = 4_000, 2 * 1024 * 1024


@dataclass
class RowHop(Hop):
    """A hop of a table that has one current row a key: an upsert, fed by its first input."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # Lines of which other rows are made than before: what they said is withdrawn.
        self.anew: DataFrame | None = None

    def _whole(self) -> tuple[Written, int]:
        rows = self._call(self.inputs.cut_to(None, tuple(self.node.inputs)))
        return self._upsert(rows, None, is_whole=True)

    def touched(self) -> tuple[Written, int]:
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

    def between(self, first: date, last: date) -> tuple[Written, int]:
        """Compute what was received between two days again."""
        parameter, driver = next(iter(self.node.inputs.items()))
        fed = self.inputs.read(driver).where(F.col("received_date").between(first, last))
        lines = fed.select("source_file", "source_line").distinct()
        return self._upsert(self._fed(parameter, fed), lines)

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

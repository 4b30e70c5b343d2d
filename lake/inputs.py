"""The inputs of a hop at fixed versions: whole, what changed in them, or cut to some slices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.at_hand import FEW, AtHand, Kept, literals
from lake.catalog import Node
from lake.ledger import Seen
from lake.store import Store

if TYPE_CHECKING:
    from lake.running import Runner


@dataclass
class Inputs:
    """What one run of a table reads."""

    runner: "Runner"
    node: Node
    versions: Mapping[str, int]
    seen: Seen
    kept: AtHand

    def __post_init__(self) -> None:
        self.store: Store = self.runner.store
        self._pinned = dict(self.versions)
        # Slices that are made, by the id of their frame.
        self._made: dict[int, Kept] = {}
        self._reached: dict[tuple[int, int], DataFrame] = {}

    def read(self, name: str) -> DataFrame:
        """Read a table as it stood when the hop began: what the hop writes must not move it."""
        table = self.runner.catalog[name]
        if name not in self._pinned:
            self._pinned[name] = self.store.version(table)
        return self.store.read(table, version=self._pinned[name])

    def has_changed(self, name: str) -> bool:
        """Tell whether an input has another version than the last run saw."""
        return name in self.versions and self.versions[name] != self.seen.versions.get(name, -1)

    def have_few_changes(self) -> bool:
        """Tell whether so little changed in the inputs that a session for few rows suits it.

        Not where a hook looks at whole tables for what the changes touch.
        """
        found = 0
        for name in filter(self.has_changed, self.versions):
            function = self.node.touched_by(name) if name in self.node.inputs.values() else None
            looks_wider = function is not None and len(parameters_of(function)) > 1
            rows = None if looks_wider else self.changed_rows(name)
            if rows is None:
                return False
            found += rows
        return found <= FEW

    def changed_rows(self, name: str) -> int | None:
        """Return how many rows changed since the last run, None where the log does not tell."""
        after, until = self.seen.versions.get(name, -1), self.versions[name]
        return self.store.rows_since(self.runner.catalog[name], after=after, until=until)

    def changes(self, name: str) -> DataFrame:
        """Return the rows that changed since the last run, with ``_change_type``."""
        table = self.runner.catalog[name]
        after, until = self.seen.versions.get(name, -1), self.versions[name]
        if after >= until:
            return self.read(name).limit(0).withColumn("_change_type", F.lit("insert"))
        if after < 0:
            return self.read(name).withColumn("_change_type", F.lit("insert"))
        return self.store.changes(table, after=after, until=until)

    def whole(self, *parameters: str) -> dict[str, DataFrame]:
        """Return inputs by the names of their parameters; all where none is named."""
        return {p: self.read(self.node.inputs[p]) for p in parameters or self.node.inputs}

    def cut_to(self, slices: DataFrame | None, parameters: Sequence[str]) -> dict[str, DataFrame]:
        """Return inputs, cut to what the slices need where they have the slices' columns.

        Of those named by ``OF_SLICES`` the columns that they share decide.
        """
        tables = self.whole(*parameters)
        if slices is None:
            return tables
        near = self._near_in_time(slices, parameters)
        for parameter in set(parameters) - near.keys():
            name, rows = self.node.inputs[parameter], tables[parameter]
            needed = self._needed(parameter, slices)
            names = self.runner.catalog[name].names
            shared = [column for column in slices.columns if column in names]
            if is_cut := set(needed.columns) <= set(names):
                rows = self.cut(name, rows, needed)
            elif is_cut := parameter in getattr(self.node.module, "OF_SLICES", ()):
                rows = rows.join(slices.select(*shared), on=shared, how="left_semi")
            if self.store.of_few and getattr(self.node.module, "LOOKS_OFTEN", False):
                # Each look at a table starts jobs of its own.
                rows = self.kept(rows) if is_cut else literals(rows).rows
            tables[parameter] = rows
        return tables | near

    def slices(self, rows: DataFrame) -> Kept:
        """Make slices now, for as long as the hop lasts; their plan ends here."""
        kept = self.kept.keep(rows)
        self.made(kept.rows, kept)
        return kept

    def made(self, rows: DataFrame, kept: Kept) -> DataFrame:
        """Know of a frame of slices what they are."""
        self._made[id(rows)] = replace(kept, rows=rows)
        return rows

    def cut(self, name: str, rows: DataFrame, slices: DataFrame) -> DataFrame:
        """Keep the rows of the slices; literal months and days let Delta skip files.

        Slices that are made go to the rows where they are small: Spark knows how large they are.
        """
        table = self.runner.catalog[name]
        made = self._made[id(slices)]
        columns = slices.columns
        for partition in (table.column(p) for p in table.partitioned_by):
            if partition.name in columns:
                months = made.values(partition.name)
            elif partition.month_of in columns:
                months = [f"{day:%Y-%m}" for day in made.values(partition.month_of)]
            else:
                continue
            rows = rows.where(F.col(partition.name).isin(sorted({*months})))
        if "local_date" in columns and (days := made.values("local_date")):
            rows = rows.where(F.col("local_date").between(min(days), max(days)))
        return rows.join(slices, on=list(columns), how="left_semi")

    def with_tables(self, function: Callable[..., Any], rows: DataFrame) -> DataFrame:
        """Call a function of rows and of the tables that its further parameters name."""
        tables = {
            n: self.read(self.runner.catalog.resolve(n, seen_from=self.node.table.layer))
            for n in parameters_of(function)[1:]
        }
        found: DataFrame = function(rows, **tables)
        return found

    def _needed(self, parameter: str, slices: DataFrame) -> DataFrame:
        """Return the slices of an input that are read: windows may need more than are written."""
        module = self.node.module
        own = getattr(module, f"needed_for_{parameter}", None)
        reach = own or getattr(module, "needed_for", None)
        if not reach:
            return slices
        # Several inputs may be read as far.
        key = (id(reach), id(slices))
        if key not in self._reached:
            self._reached[key] = self.slices(self.with_tables(reach, slices)).rows
        return self._reached[key]

    def _near_in_time(self, slices: DataFrame, parameters: Sequence[str]) -> dict[str, DataFrame]:
        """Cut inputs that have no slice columns to the time of the slices (``NEAR_IN_TIME``).

        The module names the parameter and its instant; a reading of a month looks ahead.
        """
        named: Mapping[str, str] = getattr(self.node.module, "NEAR_IN_TIME", {})
        instants = {p: instant for p, instant in named.items() if p in parameters}
        if not instants or "local_date" not in slices.columns:
            return {}
        days = self._made[id(slices)].values("local_date")
        first, last = min(days) - timedelta(days=2), max(days) + timedelta(days=33)
        near = {}
        for parameter, instant in instants.items():
            name = self.node.inputs[parameter]
            rows = self.read(name).where(F.col(instant).between(F.lit(first), F.lit(last)))
            for partition in self.runner.catalog[name].partitioned_by:
                rows = rows.where(F.col(partition).between(f"{first:%Y-%m}", f"{last:%Y-%m}"))
            near[parameter] = rows
        return near


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters, those by keyword alone left out."""
    return function.__code__.co_varnames[: function.__code__.co_argcount]

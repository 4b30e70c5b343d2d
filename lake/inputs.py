"""The inputs of a hop at fixed versions: whole, what changed in them, or cut to some slices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Node
from lake.ledger import Seen
from lake.store import Store

if TYPE_CHECKING:
    from lake.running import Runner


# Home-days; what windows need of them are 40 times as many at most.
_FEW = 30_000


@dataclass
class Inputs:
    """What one run of a table reads."""

    runner: "Runner"
    node: Node
    versions: Mapping[str, int]
    seen: Seen

    def __post_init__(self) -> None:
        self._pinned = dict(self.versions)
        self._are_few = False

    @property
    def store(self) -> Store:
        """Where they are."""
        return self.runner.store

    def read(self, name: str) -> DataFrame:
        """Read a table as it stood when the hop began: what the hop writes must not move it."""
        table = self.runner.catalog[name]
        if name not in self._pinned:
            self._pinned[name] = self.store.version(table)
        return self.store.read(table, version=self._pinned[name])

    def has_changed(self, name: str) -> bool:
        """Tell whether an input has another version than the last run saw."""
        return name in self.versions and self.versions[name] != self.seen.versions.get(name, -1)

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
        """Return inputs, cut to what the slices need where they have the slices' columns."""
        tables = self.whole(*parameters)
        if slices is None:
            return tables
        for parameter in parameters:
            name = self.node.inputs[parameter]
            needed = self._needed(parameter, slices)
            if set(needed.columns) <= set(self.runner.catalog[name].names):
                tables[parameter] = self.cut(name, tables[parameter], needed)
        return tables | self._near_in_time(slices, parameters)

    def are_any(self, slices: DataFrame) -> bool:
        """Count slices that are kept at hand: few go to the rows that are cut by them.

        Spark cannot tell that they are few before it has moved all of the rows.
        """
        count = slices.count()
        self._are_few = count <= _FEW
        return count > 0

    def cut(self, name: str, rows: DataFrame, slices: DataFrame) -> DataFrame:
        """Keep the rows of the slices; literal months let Delta skip files."""
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
        wanted = F.broadcast(slices) if self._are_few else slices
        return rows.join(wanted, on=list(columns), how="left_semi")

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
        return self.with_tables(reach, slices) if reach else slices

    def _near_in_time(self, slices: DataFrame, parameters: Sequence[str]) -> dict[str, DataFrame]:
        """Cut inputs that have no slice columns to the time of the slices (``NEAR_IN_TIME``).

        The module names the parameter and its instant; a reading of a month looks ahead.
        """
        named: Mapping[str, str] = getattr(self.node.module, "NEAR_IN_TIME", {})
        instants = {p: instant for p, instant in named.items() if p in parameters}
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
            rows = self.read(name).where(F.col(instant).between(bounds["first"], bounds["last"]))
            for partition in self.runner.catalog[name].partitioned_by:
                first, last = (f"{bounds[edge]:%Y-%m}" for edge in ("first", "last"))
                rows = rows.where(F.col(partition).between(first, last))
            near[parameter] = rows
        return near


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters, those by keyword alone left out."""
    return function.__code__.co_varnames[: function.__code__.co_argcount]

"""The inputs of a hop at fixed versions: whole, what changed in them, or cut to some slices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Node
from lake.hops import looked_up
from lake.hops.at_hand import FEW, AtHand, Kept, literals
from lake.hops.ground import Ground
from lake.hops.ledger import Seen
from lake.hops.looked_up import Span
from lake.store import Store

_INTERVAL = {"local_date", "starts_at", "ends_at"}
# A price begins before the interval that it holds for; a reading of a month looks ahead.
_BEFORE, _AFTER = timedelta(days=2), timedelta(days=33)


@dataclass
class Inputs:
    """What one run of a table reads."""

    runner: Ground
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
        return self.store.read(self.runner.catalog[name], version=self._version(name))

    def _version(self, name: str) -> int:
        if name not in self._pinned:
            self._pinned[name] = self.store.version(self.runner.catalog[name])
        return self._pinned[name]

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
        rows = self.changed_rows(name)
        if rows is not None and rows <= FEW and not self.store.settings.catalog:
            found = looked_up.changes(self.store, table, after=after, until=until)
            if found is not None:
                return found.rows
        return self.store.changes(table, after=after, until=until)

    def whole(self, *parameters: str) -> dict[str, DataFrame]:
        """Return inputs by the names of their parameters; all where none is named."""
        found = {p: self._whole(self.node.inputs[p]) for p in parameters or self.node.inputs}
        return {p: rows if isinstance(rows, DataFrame) else rows.rows for p, rows in found.items()}

    def cut_to(self, slices: DataFrame | None, parameters: Sequence[str]) -> dict[str, DataFrame]:
        """Return inputs, cut to what the slices need where they have the slices' columns.

        Of those named by ``OF_SLICES`` the columns that they share decide; those named by
        ``NEAR_IN_TIME`` are cut to the time of the slices.
        """
        if slices is None:
            return self.whole(*parameters)
        named = self.node.hooks.near_in_time
        are_near = [p for p in parameters if p in named and "local_date" in slices.columns]
        kept = {p: self._cut_input(p, slices) for p in parameters if p not in are_near}
        spans = self._spans(slices, kept) if are_near else []
        near = {p: self._near_in_time(p, named[p], spans) for p in are_near}
        return {p: rows if isinstance(rows, DataFrame) else rows.rows
                for p, rows in (kept | near).items()}  # fmt: skip

    def _cut_input(self, parameter: str, slices: DataFrame) -> DataFrame | Kept:
        name = self.node.inputs[parameter]
        table = self.runner.catalog[name]
        needed = self._needed(parameter, slices)
        shared = [column for column in slices.columns if column in table]
        is_of_slices = parameter in self.node.hooks.of_slices
        if is_cut := set(needed.columns) <= set(table.names):
            only = self.node.hooks.looks_at.get(parameter, "")
            found = self.cut(name, needed, version=self._version(name), only=only)
        elif is_cut := is_of_slices:
            found = self._cut_by(name, slices, shared)
        else:
            found = self._whole(name)
        if isinstance(found, Kept) or not self.store.of_few:
            return found
        if self.node.hooks.looks_often:
            # Each look at a table starts jobs of its own.
            return self.kept.keep(found) if is_cut else literals(found)
        return found

    def _cut_by(self, name: str, slices: DataFrame, shared: list[str]) -> DataFrame | Kept:
        """Keep the rows that share some columns with the slices."""
        made, table = self._made[id(slices)], self.runner.catalog[name]
        if self.store.of_few and made.literals is not None:
            some = made.literals.select(shared)
            found = looked_up.of_slices(self.store, table, some, version=self._version(name))
            if found is not None:
                return found
        return self.read(name).join(slices.select(*shared), on=shared, how="left_semi")

    def _whole(self, name: str) -> DataFrame | Kept:
        if self.store.of_few:
            table, version = self.runner.catalog[name], self._version(name)
            if (found := looked_up.all_of_few(self.store, table, version=version)) is not None:
                return found
        return self.read(name)

    def slices(self, rows: DataFrame) -> Kept:
        """Make slices now, for as long as the hop lasts; their plan ends here."""
        kept = self.kept.keep(rows)
        self.made(kept.rows, kept)
        return kept

    def made(self, rows: DataFrame, kept: Kept) -> DataFrame:
        """Know of a frame of slices what they are."""
        self._made[id(rows)] = replace(kept, rows=rows)
        return rows

    def cut(
        self, name: str, slices: DataFrame, *, version: int | None = None, only: str = ""
    ) -> DataFrame | Kept:
        """Keep the rows of the slices, at a version or now; few are looked up without Spark.

        ``only`` are those for which it (SQL) holds (``LOOKS_AT``: a function needs no others).
        Literal months and days let Delta skip files. Slices that are made go to the rows where they
        are small: Spark knows how large they are.
        """
        table = self.runner.catalog[name]
        made = self._made[id(slices)]
        if self.store.of_few and made.literals is not None:
            found = looked_up.of_slices(
                self.store, table, made.literals, version=version, only=only
            )
            if found is not None:
                return found
        rows = self.store.read(table, version=version).where(only or "true")
        columns = slices.columns
        for partition, values in looked_up.partitions(table, columns, made.values):
            rows = rows.where(F.col(partition).isin(values))
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
        reach = self.node.hooks.needed(parameter)
        if not reach:
            return slices
        # Several inputs may be read as far.
        key = (id(reach), id(slices))
        if key not in self._reached:
            self._reached[key] = self.slices(self.with_tables(reach, slices)).rows
        return self._reached[key]

    def _spans(self, slices: DataFrame, cut: Mapping[str, DataFrame | Kept]) -> list[Span]:
        """Return the days (UTC) that the slices reach; a reading of a month looks ahead.

        Where the intervals of the slices are at hand, they tell how far.
        """
        days: list[date] = self._made[id(slices)].values("local_date")
        reach = [(day - _BEFORE, day + _AFTER) for day in days]
        catalog, named = self.runner.catalog, self.node.inputs
        timed = [rows for p, rows in cut.items() if {*catalog[named[p]].names} >= _INTERVAL]
        at_hand = [rows.literals for rows in timed if isinstance(rows, Kept) and rows.is_few]
        if timed and len(at_hand) == len(timed):
            edges = [
                [rows[n].to_pylist() for n in ("starts_at", "ends_at")] for rows in at_hand if rows
            ]
            reach = [
                (start.date() - _BEFORE, end.date())
                for starts, ends in edges
                for start, end in zip(starts, ends, strict=True)
            ]
        return joined(reach)

    def _near_in_time(
        self, parameter: str, instant: str, spans: Sequence[Span]
    ) -> DataFrame | Kept:
        """Cut an input that has no slice columns to the time of the slices."""
        name = self.node.inputs[parameter]
        table = self.runner.catalog[name]
        if self.store.of_few and spans:
            version = self._version(name)
            found = looked_up.near(self.store, table, instant, spans, version=version)
            if found is not None:
                return found
        if not spans:
            return self.read(name).limit(0)
        first, last = min(spans)[0], max(last for _, last in spans)
        rows = self.read(name).where(F.col(instant).between(F.lit(first), F.lit(last)))
        for partition in table.partitioned_by:
            rows = rows.where(F.col(partition).between(f"{first:%Y-%m}", f"{last:%Y-%m}"))
        return rows


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters, those by keyword alone left out."""
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return spans of days without overlap, in order, that hold the same days."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found

"""Inputs at fixed versions -> the table's function, as people decided: what all hops have."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Node
from lake.contract import Table
from lake.hops.at_hand import AtHand, Kept
from lake.hops.ground import Ground
from lake.hops.inputs import Inputs
from lake.hops.ledger import Seen
from lake.hops.quarantine import CLOSED, decided, repaired
from lake.hops.writing import Written
from lake.store import Store


@dataclass
class Hop:
    """One run of one table, with its inputs at fixed versions."""

    runner: Ground
    node: Node
    versions: Mapping[str, int]
    seen: Seen
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.store: Store = self.runner.store
        self.kept: AtHand = self.arguments.get("at_hand") or AtHand()
        self.inputs = Inputs(self.runner, self.node, self.versions, self.seen, self.kept)

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
        return self._whole()

    def _whole(self) -> tuple[Written, int]:
        raise NotImplementedError

    def touched(self) -> tuple[Written, int]:
        """Compute what the changes of the inputs touch."""
        raise NotImplementedError

    def between(self, first: date, last: date) -> tuple[Written, int]:
        """Compute what lies between two days again, both included."""
        raise NotImplementedError

    def _has_nothing(self) -> bool:
        """Tell whether an input has no row without which there is none (``NOTHING_WITHOUT``)."""
        parameter = self.node.hooks.nothing_without
        if not parameter or not self.store.is_empty(self.table):
            return False
        return self.store.is_empty(self.runner.catalog[self.node.inputs[parameter]])

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

    def _call_touched(self, function: Any, source: str) -> DataFrame:
        """Call a ``touched_by_…(changes, tables…)`` of the table's module."""
        return self.inputs.with_tables(function, self.inputs.changes(source))

    def _call(self, tables: Mapping[str, DataFrame], slices: DataFrame | None = None) -> DataFrame:
        arguments = dict(self.arguments)
        if slices is not None and "of_slices" in arguments:
            arguments["of_slices"] = lambda rows: rows.join(slices, slices.columns, "left_semi")
        rows: DataFrame = self.node.function(**tables, **arguments)
        return rows

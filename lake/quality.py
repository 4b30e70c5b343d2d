"""What changed in a layer's tables -> judged by their contracts; an error holds slices back.

Of the rows only their distinct outcomes are judged (lake/expectations.py). An error fails the task,
and its slices go back to what was good; a warning is counted.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.contract import Append, Table
from lake.errors import LakeError
from lake.expectations import UNIQUE, Gate
from lake.holding import bounded, hold_back, is_within
from lake.recording import Found, Looked, record
from lake.running import Runner
from lake.writing import rows_of

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame

# A handful for rows that hold: the values of columns with few, times the rules that may be null.
_OUTCOMES = 10_000
_ONE_AT_A_TIME = threading.Lock()


class QualityFailed(LakeError):
    """Rows of a table break its contract."""

    code = "quality-failed"


@dataclass(frozen=True)
class Checked:
    """What one check of a layer found."""

    tables: int
    rows: int
    warnings: tuple[str, ...]
    seconds: float
    docs: Path

    def __str__(self) -> str:
        if not self.tables:
            return "nothing new"
        warned = (
            f", {len(self.warnings)} warnings: {'; '.join(self.warnings)}" if self.warnings else ""
        )
        return f"{self.tables} tables, {self.rows:,} rows hold their contracts{warned}"


def check(runner: Runner, layer: str) -> Checked:
    """Check every table of a layer over what changed since its last check.

    QualityFailed names each broken expectation with its count, and how many slices are held back.
    """
    began = time.monotonic()
    asked = list(_asked(runner, layer))
    # Great Expectations has one context a process: two gates at once would mix their suites.
    with _ONE_AT_A_TIME:
        return _judged(runner, layer, asked, began)


@dataclass(frozen=True)
class _Asked:
    """What changed in a table from version ``good`` to ``until``, and its outcomes."""

    table: Table
    changed: "DataFrame"
    outcomes: "pd.DataFrame"
    good: int
    until: int


def _asked(runner: Runner, layer: str) -> "Iterator[_Asked]":
    for table in runner.catalog.tables.values():
        if table.layer != layer or isinstance(table.update, Append):
            continue
        until = runner.store.version(table)
        seen = runner.ledger.seen(_consumer(table.name)).versions.get(table.name, -1)
        if until == seen:
            continue
        changed = _changed(runner, table, after=seen, until=until)
        # Bounded: more outcomes than that are values outside of their bounds.
        few = outcomes(table, changed).limit(_OUTCOMES + 1).toPandas()
        yield _Asked(table, changed, few, seen, until)


def _judged(runner: Runner, layer: str, asked: "Sequence[_Asked]", began: float) -> Checked:
    folder = Path(runner.settings.root) / "_quality" / layer
    gate = Gate(folder)
    looked, broken, failing = list[Looked](), list[Found](), list[_Asked]()
    for one in asked:
        rows, found = _validated(gate, one)
        looked.append(Looked(one.table.name, one.until, rows, found))
        broken += [each for each in found if each.is_broken]
        if any(each.severity == "error" and each.is_broken for each in found):
            failing.append(one)
    # What was found stands before it is said that it was looked at.
    record(runner.settings.root, looked, clock=runner.clock)
    for each in looked:
        if not any(f.severity == "error" and f.is_broken for f in each.found):
            runner.ledger.record(
                _consumer(each.table), {each.table: each.version},
                rule_version=1, rows_written=0, seconds=0.0,
            )  # fmt: skip
    docs = folder / "docs" / "index.html"
    if looked:
        gate.write_docs()
    held = [
        f"{one.table.name}: {count} slices are held back"
        for one in failing
        if (
            count := hold_back(runner.store, one.table, one.changed, good=one.good, until=one.until)
        )
    ]
    if errors := [b.said for b in broken if b.severity == "error"]:
        raise QualityFailed("; ".join([*errors, *held]), where=layer, cure=f"see {docs}")
    warned = tuple(b.said for b in broken)
    count = sum(each.rows for each in looked)
    return Checked(len(looked), count, warned, time.monotonic() - began, docs)


def _validated(gate: Gate, asked: _Asked) -> tuple[int, list[Found]]:
    """Return how many rows were looked at, and what was found of each rule."""
    few = asked.outcomes
    if few.empty:
        return 0, []
    if len(few) <= _OUTCOMES and (found := gate.of_outcomes(asked.table, few)):
        return int(few["_rows"].sum()), found
    # Something is wrong: now the rows themselves, to count and to show them.
    found = gate.of_rows(asked.table, judged(asked.table, asked.changed))
    return asked.changed.count(), found


def _consumer(table: str) -> str:
    return f"quality of {table}"


def _changed(runner: Runner, table: Table, *, after: int, until: int) -> "DataFrame":
    if after < 0:
        return runner.store.read(table, version=until)
    changes = runner.store.changes(table, after=after, until=until)
    newest = changes.where("_change_type IN ('insert', 'update_postimage')").drop("_change_type")
    now = runner.store.read(table, version=until)
    # A row that changed twice is checked as it is now.
    return rows_of(now, newest.select(*table.key).distinct())


def judged(table: Table, rows: "DataFrame") -> "DataFrame":
    """Return the columns that the suite looks at, a row a row: those with rules, one a check."""
    return _with_doubled(rows, F.struct(*table.key)).select(
        *(bounded(table.column(name)).alias(name) for name in _ruled(table)),
        F.col("_doubled").isNull().alias(UNIQUE.name),
        *(F.expr(rule.condition).alias(rule.name) for rule in table.checks),
    )


def outcomes(table: Table, rows: "DataFrame") -> "DataFrame":
    """Return the distinct rows of ``judged`` and how many rows each stands for (``_rows``).

    A value that holds its rule stands for all that do: of millions of rows a few are left, and
    Great Expectations may look at them as often as it likes.
    """
    found = {
        **{name: _holding(table, name) for name in _ruled(table)},
        UNIQUE.name: F.col("_doubled").isNull(),
        **{rule.name: F.expr(rule.condition) for rule in table.checks},
    }
    # Counting hashes is cheap; where two keys share one, ``judged`` tells them apart.
    return (
        _with_doubled(rows, F.xxhash64(*table.key))
        .groupBy(*(column.alias(name) for name, column in found.items()))
        .agg(F.count(F.lit(1)).alias("_rows"))
    )


def _ruled(table: Table) -> list[str]:
    return [
        c.name
        for c in table.columns
        if c.name in table.key or c.values or c.minimum is not None or c.maximum is not None
    ]


def _holding(table: Table, name: str) -> "Column":
    """Return a column with one value in the place of all that hold its rule; few are left as is."""
    rule = table.column(name)
    value = bounded(rule)
    if rule.values:
        return value
    if rule.minimum is None and rule.maximum is None:
        return F.when(value.isNotNull(), F.lit("there"))
    kept = rule.maximum if rule.minimum is None else rule.minimum
    return F.when(is_within(rule), F.lit(kept)).otherwise(value)


def _with_doubled(rows: "DataFrame", key: "Column") -> "DataFrame":
    """Add ``_doubled``: true where another row has the same key, else null."""
    keys = rows.select(key.alias("_key")).groupBy("_key").count().where("count > 1")
    doubled = keys.select("_key", F.lit(True).alias("_doubled"))
    return rows.withColumn("_key", key).join(F.broadcast(doubled), on="_key", how="left")

"""What changed in a layer's tables -> judged by their contracts; an error holds slices back.

Of the rows only their distinct outcomes are judged (lake/quality/expectations.py). Slices with an
error go back to what was good, before the next layer reads them; a warning is counted.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.contract import Append, Table
from lake.contract import Column as Field
from lake.errors import LakeError
from lake.hops.writing import rows_of
from lake.quality.expectations import UNIQUE, Gate
from lake.quality.findings import QualityFailed
from lake.quality.holding import bounded, hold_back, is_within
from lake.quality.recording import Found, Looked, record
from lake.results import RESULTS
from lake.running import Runner

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame

# Rows that hold are one; of those that do not, these are enough to say that they are there.
_OUTCOMES = 1_000
_ONE_AT_A_TIME = threading.Lock()


class UnknownLayer(LakeError):
    """A layer that no contract declares."""

    code = "unknown-layer"


@dataclass(frozen=True)
class Checked:
    """What one check of a layer found."""

    tables: int
    rows: int
    warnings: tuple[str, ...]
    seconds: float
    docs: Path
    # What broke its contract, and how many slices of which table are held back for it.
    errors: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.tables:
            return "nothing new"
        if self.errors:
            return "; ".join(self.errors)
        warned = (
            f", {len(self.warnings)} warnings: {'; '.join(self.warnings)}" if self.warnings else ""
        )
        return f"{self.tables} tables, {self.rows:,} rows hold their contracts{warned}"


def check(runner: Runner, layer: str, *, go_on: bool = False) -> Checked:
    """Check every table of a layer over what changed since its last check.

    QualityFailed names each broken expectation with its count, and how many slices are held back;
    where the caller goes on with what was good, ``errors`` does. UnknownLayer.
    """
    began = time.monotonic()
    layers = sorted({table.layer for table in runner.catalog.tables.values()})
    if layer not in layers:
        raise UnknownLayer(f"there is no layer {layer}", cure=f"layers: {', '.join(layers)}")
    asked = list(_asked(runner, layer))
    # Great Expectations has one context a process: two gates at once would mix their suites.
    with _ONE_AT_A_TIME:
        checked = _judged(runner, layer, asked, began)
    if checked.errors and not go_on:
        raise QualityFailed(str(checked), where=layer, cure=f"see {checked.docs}")
    return checked


@dataclass(frozen=True)
class _Asked:
    """What changed in a table from version ``good`` to ``until``, and its outcomes if any."""

    table: Table
    changed: "DataFrame"
    outcomes: "pd.DataFrame | None"
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
        few = None
        if not runner.store.is_empty(table):
            few = outcomes(table, changed).limit(_OUTCOMES).toPandas()
        yield _Asked(table, changed, few, seen, until)


def _judged(runner: Runner, layer: str, asked: "Sequence[_Asked]", began: float) -> Checked:
    folder = runner.settings.beside_tables("_quality") / layer
    gate = Gate(folder)
    looked, broken, failing = list[Looked](), list[Found](), list[_Asked]()
    for one in asked:
        rows, found = _validated(gate, one)
        looked.append(Looked(one.table.name, one.until, rows, found))
        broken += [each for each in found if each.is_broken]
        if any(each.severity == "error" and each.is_broken for each in found):
            failing.append(one)
    # What was found stands before it is said that it was looked at.
    record(runner.settings, looked, clock=runner.clock)
    runner.store.register(RESULTS)
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
    errors = tuple(b.said for b in broken if b.severity == "error")
    warned = tuple(b.said for b in broken if b.severity != "error")
    count = sum(each.rows for each in looked)
    seconds = time.monotonic() - began
    return Checked(len(looked), count, warned, seconds, docs, (*errors, *held) if errors else ())


def _validated(gate: Gate, asked: _Asked) -> tuple[int, list[Found]]:
    """Return how many rows were looked at, and what was found of each rule."""
    few = asked.outcomes
    if few is None or few.empty:
        return 0, []
    if found := gate.of_outcomes(asked.table, few):
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
    """Return rows that stand for those of ``judged``, and how many of them each does (``_rows``).

    A value that holds its rule stands for all that do, and one that does not for the others: of
    millions of rows a few are left, and Great Expectations may look at them as often as it likes.
    One pass: of each key how many rows it has, and which rules one of them breaks.
    """
    broken = _broken(table)
    bits = {of: F.lit(1 << place).cast("bigint") for place, of in enumerate(broken)}
    nothing = each = F.lit(0).cast("bigint")
    for of, condition in broken.items():
        is_so = F.coalesce(condition, F.lit(False))
        each = each.bitwiseOR(F.when(is_so, bits[of]).otherwise(nothing))
    is_broken = {of: F.col("_broken").bitwiseAND(bit) != nothing for of, bit in bits.items()}
    of_rules = {rule.name: ~is_broken[rule.name, "rule"] for rule in table.checks}
    return (
        # Counting hashes is cheap; where two keys share one, ``judged`` tells them apart.
        rows.select(F.xxhash64(*table.key).alias("_key"), each.alias("_broken"))
        .groupBy("_key")
        .agg(F.bit_or("_broken").alias("_broken"), F.count(F.lit(1)).alias("_of_key"))
        .groupBy("_broken", (F.col("_of_key") == 1).alias(UNIQUE.name))
        .agg(F.sum("_of_key").alias("_rows"))
        .select(
            *(_standing_for(table.column(n), is_broken).alias(n) for n in _ruled(table)),
            UNIQUE.name,
            *(holds.alias(name) for name, holds in of_rules.items()),
            "_rows",
        )
    )


def _broken(table: Table) -> "dict[tuple[str, str], Column]":
    """Return the condition under which each rule of a row is broken, by column or check."""
    found = {}
    for column in table.columns:
        value = F.col(column.name)
        if column.name in table.key and not column.nullable:
            found[column.name, "null"] = value.isNull()
        if column.values:
            found[column.name, "value"] = ~value.isin(*column.values)
        if column.minimum is not None or column.maximum is not None:
            found[column.name, "bounds"] = ~is_within(column)
    return found | {(rule.name, "rule"): ~F.expr(rule.condition) for rule in table.checks}


def _standing_for(column: Field, is_broken: "Mapping[tuple[str, str], Column]") -> "Column":
    """Return a value that breaks the rules of a column as its rows do, or one that holds them."""
    name, low, high = column.name, column.minimum, column.maximum
    if column.values:
        value = F.when(is_broken[name, "value"], F.lit("none of them")).otherwise(
            F.lit(column.values[0])
        )
    elif (inside := high if low is None else low) is not None:
        outside = inside + 1 if low is None else inside - 1
        value = F.when(is_broken[name, "bounds"], F.lit(outside)).otherwise(F.lit(inside))
    else:
        value = F.lit("there")
    is_null = is_broken.get((name, "null"))
    return value if is_null is None else F.when(~is_null, value)


def _ruled(table: Table) -> list[str]:
    return [
        c.name
        for c in table.columns
        if c.name in table.key or c.values or c.minimum is not None or c.maximum is not None
    ]


def _with_doubled(rows: "DataFrame", key: "Column") -> "DataFrame":
    """Add ``_doubled``: true where another row has the same key, else null."""
    keys = rows.select(key.alias("_key")).groupBy("_key").count().where("count > 1")
    doubled = keys.select("_key", F.lit(True).alias("_doubled"))
    return rows.withColumn("_key", key).join(F.broadcast(doubled), on="_key", how="left")

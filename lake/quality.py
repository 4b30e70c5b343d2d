"""Contracts -> Great Expectations suites -> what changed is checked, with Data Docs.

The suite of a table is made from its contract: key present and unique, allowed values, bounds, and
the contract's own checks. An error fails the task, and its slices go back to what was good; a
warning is counted.
"""

import logging
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyspark.sql import functions as F

from lake.contract import Append, Check, Table
from lake.errors import LakeError
from lake.holding import bounded, hold_back, is_within
from lake.recording import Found, Looked, record
from lake.results import WHOLE_ROW
from lake.running import Runner
from lake.writing import rows_of

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame

_TABLE = "changed"
# A handful for rows that hold: the values of columns with few, times the rules that may be null.
_OUTCOMES = 10_000
_ONE_AT_A_TIME = threading.Lock()
_RULES = {
    "expect_column_values_to_not_be_null": "not_null",
    "expect_column_values_to_be_in_set": "allowed_value",
    "expect_column_values_to_be_between": "within_bounds",
}
_UNIQUE = Check(name="key_is_unique", condition="one row a key")


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


def expectations(table: Table) -> list[Any]:
    """Return the suite of a table: each rule is about one column of ``judged``."""
    gxe = _great_expectations().expectations
    error: dict[str, Any] = {"severity": "critical"}
    suite: list[Any] = [
        gxe.ExpectColumnValuesToNotBeNull(column=name, **error)
        for name in table.key
        if not table.column(name).nullable
    ]
    for column in table.columns:
        if column.values:
            suite.append(
                gxe.ExpectColumnValuesToBeInSet(
                    column=column.name, value_set=list(column.values), **error
                )
            )
        if column.minimum is not None or column.maximum is not None:
            suite.append(
                gxe.ExpectColumnValuesToBeBetween(
                    column=column.name,
                    min_value=column.minimum,
                    max_value=column.maximum,
                    **error,
                )
            )
    return suite + [
        gxe.ExpectColumnValuesToBeInSet(
            column=rule.name,
            value_set=[True],
            description=rule.condition,
            severity="critical" if rule.severity == "error" else "warning",
        )
        for rule in (_UNIQUE, *table.checks)
    ]


def judged(table: Table, rows: "DataFrame") -> "DataFrame":
    """Return the columns that the suite looks at, a row a row: those with rules, one a check."""
    return _with_doubled(rows, F.struct(*table.key)).select(
        *(bounded(table.column(name)).alias(name) for name in _ruled(table)),
        F.col("_doubled").isNull().alias(_UNIQUE.name),
        *(F.expr(rule.condition).alias(rule.name) for rule in table.checks),
    )


def outcomes(table: Table, rows: "DataFrame") -> "DataFrame":
    """Return the distinct rows of ``judged`` and how many rows each stands for (``_rows``).

    A value that holds its rule stands for all that do: of millions of rows a few are left, and
    Great Expectations may look at them as often as it likes.
    """
    found = {
        **{name: _holding(table, name) for name in _ruled(table)},
        _UNIQUE.name: F.col("_doubled").isNull(),
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


def check(runner: Runner, layer: str) -> Checked:
    """Check every table of a layer over what changed since its last check.

    QualityFailed names each broken expectation with its count, and how many slices are held back.
    """
    # Great Expectations has one context a process: two gates at once would mix their suites.
    with _ONE_AT_A_TIME:
        return _check(runner, layer)


def _check(runner: Runner, layer: str) -> Checked:
    began = time.monotonic()
    folder = Path(runner.settings.root) / "_quality" / layer
    gate = _Gate(folder)
    looked, broken = list[Looked](), list[Found]()
    failing = list[tuple[Table, "DataFrame", int, int]]()
    for table in runner.catalog.tables.values():
        if table.layer != layer or isinstance(table.update, Append):
            continue
        until = runner.store.version(table)
        seen = runner.ledger.seen(_consumer(table.name)).versions.get(table.name, -1)
        if until == seen:
            continue
        changed = _changed(runner, table, after=seen, until=until)
        rows, found = gate.validated(table, changed)
        looked.append(Looked(table.name, until, rows, found))
        broken += [one for one in found if one.is_broken]
        if any(one.severity == "error" and one.is_broken for one in found):
            failing.append((table, changed, seen, until))
    # What was found stands before it is said that it was looked at.
    record(runner.settings.root, looked, clock=runner.clock)
    for one in looked:
        if not any(f.severity == "error" and f.is_broken for f in one.found):
            runner.ledger.record(
                _consumer(one.table), {one.table: one.version},
                rule_version=1, rows_written=0, seconds=0.0,
            )  # fmt: skip
    docs = folder / "docs" / "index.html"
    if looked:
        gate.context.build_data_docs()
    held = [
        f"{table.name}: {count} slices are held back"
        for table, changed, good, until in failing
        if (count := hold_back(runner.store, table, changed, good=good, until=until))
    ]
    if errors := [b.said for b in broken if b.severity == "error"]:
        raise QualityFailed("; ".join([*errors, *held]), where=layer, cure=f"see {docs}")
    warned = tuple(b.said for b in broken)
    count = sum(one.rows for one in looked)
    return Checked(len(looked), count, warned, time.monotonic() - began, docs)


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


@dataclass
class _Gate:
    """Great Expectations over one layer; it is imported when there is something to check."""

    folder: Path

    @cached_property
    def context(self) -> Any:
        return _context(self.folder)

    def validated(self, table: Table, changed: "DataFrame") -> tuple[int, list[Found]]:
        """Return how many rows were looked at, and what was found of each rule."""
        # Bounded: more outcomes than that are values outside of their bounds.
        few = outcomes(table, changed).limit(_OUTCOMES + 1).toPandas()
        if few.empty:
            return 0, []
        if len(few) <= _OUTCOMES:
            quick = self._run(table, few, "BOOLEAN_ONLY")
            if quick.success:
                return int(few["_rows"].sum()), list(_found(table, quick))
        # Something is wrong: now the rows themselves, to count and to show them.
        result = self._run(table, judged(table, changed), "SUMMARY")
        return changed.count(), list(_found(table, result))

    def _run(
        self,
        table: Table,
        rows: "DataFrame | pd.DataFrame",
        detail: Literal["BOOLEAN_ONLY", "SUMMARY"],
    ) -> Any:
        gx, context = _great_expectations(), self.context
        suite = context.suites.add_or_update(
            gx.ExpectationSuite(name=table.name, expectations=expectations(table))
        )
        sources = context.data_sources
        source = (
            sources.add_or_update_pandas(name=f"outcomes of {table.name}")
            if detail == "BOOLEAN_ONLY"
            else sources.add_or_update_spark(name=table.name)
        )
        batch = source.add_dataframe_asset(name=_TABLE).add_batch_definition_whole_dataframe(_TABLE)
        definition = context.validation_definitions.add_or_update(
            gx.ValidationDefinition(name=table.name, data=batch, suite=suite)
        )
        checkpoint = context.checkpoints.add_or_update(
            gx.Checkpoint(
                name=table.name, validation_definitions=[definition], result_format=detail
            )
        )
        return checkpoint.run(batch_parameters={"dataframe": rows})


def _found(table: Table, result: Any) -> Iterator[Found]:
    of_rows = {rule.name for rule in (_UNIQUE, *table.checks)}
    for run in result.run_results.values():
        for found in run.results:
            what, column = found.expectation_config, found.expectation_config.kwargs["column"]
            count = 0 if found.success else found.result.get("unexpected_count")
            yield Found(
                rule=column if column in of_rows else _RULES[what.type],
                column_name=WHOLE_ROW if column in of_rows else column,
                severity="error" if _severity(found) == "critical" else "warning",
                outcome=_outcome(found),
                rows_failed=count,
                said=_said(table, found),
            )


def _outcome(found: Any) -> Literal["passed", "failed", "not_judged"]:
    if found.success:
        return "passed"
    return "failed" if "unexpected_count" in found.result else "not_judged"


def _severity(found: Any) -> str:
    """Return the severity's word; it is an enumeration or its word, as the version has it."""
    severity = found.expectation_config.severity
    return str(getattr(severity, "value", severity))


def _said(table: Table, found: Any) -> str:
    what = found.expectation_config
    count = found.result.get("unexpected_count", "some")
    trouble = (found.exception_info or {}).get("exception_message") or ""
    return f"{table.name}: {what.type} {what.kwargs.get('column')}: {count} rows {trouble}".strip()


@cache
def _great_expectations() -> Any:
    """Import it when it is needed (seconds), without the warnings of what it imports itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="great_expectations")
    return gx


def _context(folder: Path) -> Any:
    """Return a context that keeps its docs in the lake and speaks to nobody."""
    folder.mkdir(parents=True, exist_ok=True)
    context: Any = _great_expectations().get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = {"globally": False}
    context.enable_analytics(enable=False)
    site = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder / "docs"),
        },
    }
    sites = context.get_site_names()
    if "local_site" in sites:
        # The one that it comes with; each site is made anew at each check.
        context.delete_data_docs_site("local_site")
    if "lake" in sites:
        context.update_data_docs_site("lake", site)
    else:
        context.add_data_docs_site("lake", site)
    return context

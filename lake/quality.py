"""Contracts -> Great Expectations suites -> what changed is checked, with Data Docs.

The suite of a table is made from its contract: key present and unique, allowed values, bounds, and
the contract's own checks. An error fails the task; a warning is counted.
"""

import logging
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyspark.sql import functions as F

from lake.contract import Append, Check, Table
from lake.errors import LakeError
from lake.running import Runner

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TABLE = "changed"
_ONE_AT_A_TIME = threading.Lock()
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
        warned = (
            f", {len(self.warnings)} warnings: {'; '.join(self.warnings)}" if self.warnings else ""
        )
        return f"{self.tables} tables, {self.rows:,} rows hold their contracts{warned}"


def expectations(table: Table) -> list[Any]:
    """Return the suite of a table: each rule is about one column of ``judged``, so that Great
    Expectations looks at all of them in one pass over the rows."""
    import great_expectations.expectations as gxe_untyped

    gxe: Any = gxe_untyped
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
    """Return the columns that the suite looks at: those with rules, and one a check."""
    ruled = [
        c.name
        for c in table.columns
        if c.name in table.key or c.values or c.minimum is not None or c.maximum is not None
    ]
    key = F.xxhash64(*table.key)
    # Counting hashes is cheap, sorting rows by their key is not; the doubles are few or none.
    doubled = rows.groupBy(key.alias("_key")).count().where("count > 1").select("_key")
    return (
        rows.withColumn("_key", key)
        .join(F.broadcast(doubled.withColumn("_doubled", F.lit(True))), on="_key", how="left")
        .select(
            *ruled,
            F.col("_doubled").isNull().alias(_UNIQUE.name),
            *(F.expr(rule.condition).alias(rule.name) for rule in table.checks),
        )
    )


def check(runner: Runner, layer: str) -> Checked:
    """Check every table of a layer over what changed since its last check.

    QualityFailed names each broken expectation with its count. The same rows are checked again
    until they hold.
    """
    # Great Expectations has one context a process: two gates at once would mix their suites.
    with _ONE_AT_A_TIME:
        return _check(runner, layer)


def _check(runner: Runner, layer: str) -> Checked:
    began = time.monotonic()
    context = _context(Path(runner.settings.root) / "_quality" / layer)
    checked, rows, failed, warned = 0, 0, [], []
    for table in runner.catalog.tables.values():
        if table.layer != layer or isinstance(table.update, Append):
            continue
        until = runner.store.version(table)
        seen = runner.ledger.seen(_consumer(table)).versions.get(table.name, -1)
        if until == seen:
            continue
        rows_changed = _changed(runner, table, after=seen, until=until)
        count = rows_changed.count()
        broken = _validated(context, table, judged(table, rows_changed)) if count else []
        checked, rows = checked + 1, rows + count
        warned += [text for severity, text in broken if severity != "critical"]
        errors = [text for severity, text in broken if severity == "critical"]
        failed += errors
        if not errors:
            runner.ledger.record(
                _consumer(table), {table.name: until}, rule_version=1, rows_written=0, seconds=0.0
            )
    docs = Path(runner.settings.root) / "_quality" / layer / "docs" / "index.html"
    if checked:
        context.build_data_docs()
    if failed:
        raise QualityFailed("; ".join(failed), where=layer, cure=f"see {docs}")
    return Checked(checked, rows, tuple(warned), time.monotonic() - began, docs)


def _consumer(table: Table) -> str:
    return f"quality of {table.name}"


def _changed(runner: Runner, table: Table, *, after: int, until: int) -> "DataFrame":
    if after < 0:
        return runner.store.read(table, version=until)
    changes = runner.store.changes(table, after=after, until=until)
    newest = changes.where("_change_type IN ('insert', 'update_postimage')").drop("_change_type")
    now = runner.store.read(table, version=until)
    # A row that changed twice is checked as it is now.
    keys = newest.select(*table.key).distinct().alias("changed")
    same = " AND ".join(f"now.`{k}` <=> changed.`{k}`" for k in table.key)
    return now.alias("now").join(keys, on=F.expr(same), how="left_semi")


def _validated(context: Any, table: Table, changed: "DataFrame") -> list[tuple[str, str]]:
    """Return severity and text of each expectation that does not hold."""
    import great_expectations as gx

    suite = context.suites.add_or_update(
        gx.ExpectationSuite(name=table.name, expectations=expectations(table))
    )
    source = context.data_sources.add_or_update_spark(name=table.name)
    batch = source.add_dataframe_asset(name=_TABLE).add_batch_definition_whole_dataframe(_TABLE)
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(name=table.name, data=batch, suite=suite)
    )
    given = {"dataframe": changed}
    result = _checkpoint(context, table, definition, "BOOLEAN_ONLY").run(batch_parameters=given)
    if not result.success:
        # Counting and naming what failed costs several passes: only where something did.
        result = _checkpoint(context, table, definition, "SUMMARY").run(batch_parameters=given)
    return [
        # An enumeration or its plain word, as the version of the library has it.
        (
            str(
                getattr(
                    found.expectation_config.severity, "value", found.expectation_config.severity
                )
            ),
            _said(table, found),
        )
        for run in result.run_results.values()
        for found in run.results
        if not found.success
    ]


def _checkpoint(
    context: Any,
    table: Table,
    definition: Any,
    detail: Literal["BOOLEAN_ONLY", "SUMMARY"],
) -> Any:
    import great_expectations as gx

    checkpoint = gx.Checkpoint(
        name=table.name, validation_definitions=[definition], result_format=detail
    )
    return context.checkpoints.add_or_update(checkpoint)


def _said(table: Table, found: Any) -> str:
    what = found.expectation_config
    count = found.result.get("unexpected_count", "some")
    trouble = (found.exception_info or {}).get("exception_message") or ""
    return f"{table.name}: {what.type} {what.kwargs.get('column')}: {count} rows {trouble}".strip()


def _context(folder: Path) -> Any:
    """Return a context that keeps its docs in the lake and speaks to nobody."""
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="great_expectations")
    folder.mkdir(parents=True, exist_ok=True)
    context: Any = gx.get_context(mode="file", project_root_dir=folder)
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
    if "lake" in context.get_site_names():
        context.update_data_docs_site("lake", site)
    else:
        context.add_data_docs_site("lake", site)
    return context

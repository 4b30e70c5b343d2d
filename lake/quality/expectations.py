"""Contracts -> Great Expectations suites, what they find of rows, and Data Docs of it.

The suite of a table is made from its contract: key present and unique, allowed values, bounds, and
the contract's own checks. Great Expectations has one context a process: one gate at a time.
"""

import gc
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lake.contract import Check, Table
from lake.quality.recording import Found
from lake.results import WHOLE_ROW

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame

UNIQUE = Check(name="key_is_unique", condition="one row a key")
_TABLE = "changed"
_RULES = {
    "expect_column_values_to_not_be_null": "not_null",
    "expect_column_values_to_be_in_set": "allowed_value",
    "expect_column_values_to_be_between": "within_bounds",
}


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
        for rule in (UNIQUE, *table.checks)
    ]


@dataclass
class Gate:
    """Great Expectations over one layer; it is imported when there is something to check."""

    folder: Path

    @cached_property
    def _context(self) -> Any:
        return _context(self.folder)

    def of_outcomes(self, table: Table, few: "pd.DataFrame") -> list[Found] | None:
        """Return what ``outcomes`` say of each rule; None where one is broken."""
        quick = self._run(table, few, "BOOLEAN_ONLY")
        return list(_found(table, quick)) if quick.success else None

    def of_rows(self, table: Table, rows: "DataFrame") -> list[Found]:
        """Return what ``judged`` rows say of each rule, counted."""
        return list(_found(table, self._run(table, rows, "SUMMARY")))

    def write_docs(self) -> None:
        """Make the pages of the layer's suites and newest results anew."""
        self._context.build_data_docs()

    def _run(
        self,
        table: Table,
        rows: "DataFrame | pd.DataFrame",
        detail: Literal["BOOLEAN_ONLY", "SUMMARY"],
    ) -> Any:
        gx, context = _great_expectations(), self._context
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
        return definition.run(batch_parameters={"dataframe": rows}, result_format=detail)


def _found(table: Table, result: Any) -> Iterator[Found]:
    of_rows = {rule.name for rule in (UNIQUE, *table.checks)}
    for found in result.results:
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
    # It stays, with a third of a million objects: no collection after a hop looks at them again.
    gc.freeze()
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="great_expectations")
    return gx


def _context(folder: Path) -> Any:
    """Return a context that keeps suites, results and docs in the lake and speaks to nobody.

    What a run is made of it keeps in memory: a context of files writes all of it anew, as YAML, at
    each table.
    """
    store = {"class_name": "TupleFilesystemStoreBackend"}
    kept = folder / "gx"
    places = {
        "expectations_store": ("ExpectationsStore", kept / "expectations"),
        "validation_results_store": (
            "ValidationResultsStore", kept / "uncommitted" / "validations",
        ),
    }  # fmt: skip
    stores: dict[str, Any] = {
        name: {"class_name": kind, "store_backend": {**store, "base_directory": str(place)}}
        for name, (kind, place) in places.items()
    }
    in_memory = {"store_backend": {"class_name": "InMemoryStoreBackend"}}
    stores |= {
        "checkpoint_store": {"class_name": "CheckpointStore", **in_memory},
        "validation_definition_store": {"class_name": "ValidationDefinitionStore", **in_memory},
    }
    site = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {**store, "base_directory": str(folder / "docs")},
    }
    config = {
        "config_version": 4.0,
        "stores": stores,
        **{f"{name}_name": name for name in (*places, "checkpoint_store")},
        "data_docs_sites": {"lake": site},
        "analytics_enabled": False,
        "progress_bars": {"globally": False},
    }
    return _great_expectations().get_context(mode="ephemeral", project_config=config)

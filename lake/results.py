"""What each check found: quality.results, one row a rule and run, written without Spark.

``lake check`` appends them before the ledger says that the rows were looked at, so that a run cut
short is looked at again and nothing is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pyarrow as pa

from lake.contract import Append, Column, Table
from lake.ledger import append

RESULTS = Table(
    name="quality.results",
    row="what one check found of one rule of a table, over the rows that had changed",
    columns=(
        Column(name="table_name", type="string", nullable=False, meaning="The table."),
        Column(name="rule", type="string", nullable=False,
               meaning="The rule: not_null, allowed_value, within_bounds, key_is_unique, or a "
                       "check of the table's contract."),
        Column(name="column_name", type="string", nullable=False,
               meaning="The column that the rule is about; - for a rule about whole rows."),
        Column(name="severity", type="string", nullable=False, values=("error", "warning"),
               meaning="An error fails the task, a warning is counted."),
        Column(name="outcome", type="string", nullable=False,
               values=("passed", "failed", "not_judged"),
               meaning="Not judged: the rule itself could not be carried out."),
        Column(name="rows_failed", type="bigint", minimum=0,
               meaning="Rows that break the rule; empty where it was not judged."),
        Column(name="rows_checked", type="bigint", nullable=False, minimum=0,
               meaning="Rows that were looked at: those that had changed."),
        Column(name="table_version", type="bigint", nullable=False,
               meaning="Version of the table that was looked at."),
        Column(name="checked_at", type="timestamp", nullable=False, meaning="Clock of the run."),
        Column(name="checked_date", type="date", nullable=False,
               meaning="Day (UTC) of checked_at."),
        Column(name="recorded_at", type="timestamp", nullable=False, volatile=True,
               meaning="When it was written down."),
    ),
    key=("table_name", "rule", "column_name", "table_version", "recorded_at"),
    update=Append(),
    written_with=("lake check",),
)  # fmt: skip
WHOLE_ROW = "-"
_ARROW = {
    "string": pa.string(), "bigint": pa.int64(), "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}  # fmt: skip
_SCHEMA = pa.schema([pa.field(c.name, _ARROW[c.type], c.nullable) for c in RESULTS.columns])


@dataclass(frozen=True)
class Found:
    """What a check found of one rule."""

    rule: str
    column_name: str
    severity: Literal["error", "warning"]
    outcome: Literal["passed", "failed", "not_judged"]
    rows_failed: int | None
    said: str

    @property
    def is_broken(self) -> bool:
        """Tell whether the rule does not hold, or nobody knows."""
        return self.outcome != "passed"


@dataclass(frozen=True)
class Looked:
    """What a check found of one table at one version."""

    table: str
    version: int
    rows: int
    found: Sequence[Found]


def record(root: str, looked: Sequence[Looked], *, clock: datetime) -> None:
    """Write down what a run found; nothing where it found nothing to look at."""
    written = {"checked_at": clock, "checked_date": clock.date(), "recorded_at": datetime.now(UTC)}
    rows: list[dict[str, object]] = [
        {
            "table_name": one.table,
            "table_version": one.version,
            "rows_checked": one.rows,
            "rule": found.rule,
            "column_name": found.column_name,
            "severity": found.severity,
            "outcome": found.outcome,
            "rows_failed": found.rows_failed,
            **written,
        }
        for one in looked
        for found in one.found
    ]
    append(f"{root}/{RESULTS.path}", _SCHEMA, rows)

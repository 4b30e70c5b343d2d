"""What a check found -> quality.results, written without Spark.

``lake check`` appends before the ledger says that the rows were looked at, so that a run cut short
is looked at again and nothing is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lake.arrow_rows import arrow_schema
from lake.hops.ledger import append
from lake.results import RESULTS
from lake.settings import Settings


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


def record(settings: Settings, looked: Sequence[Looked], *, clock: datetime) -> None:
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
    schema = arrow_schema(RESULTS)
    append(f"{settings.root}/{RESULTS.path}", schema, rows, settings.storage_options)

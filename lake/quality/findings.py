"""quality.results -> the newest outcome of each rule, for `lake quality` and the API."""

from datetime import date

from arro3.core import Table as Arrow

from lake.quality.results import RESULTS
from lake.reading import Reader
from lake.sql_values import literal

_SHOWN = (
    "table_name", "rule", "column_name", "severity", "outcome", "rows_failed", "rows_checked",
    "table_version", "checked_at",
)  # fmt: skip


def latest(reader: Reader, *, table: str = "", since: date | None = None) -> Arrow:
    """Return the newest outcome of each rule, those that do not hold first.

    ``since``: only of runs whose clock stood on that day (UTC) or later.
    """
    conditions = ["TRUE"]
    if table:
        conditions.append(f"table_name = {literal(table)}")
    if since:
        conditions.append(f"checked_date >= {literal(since)}")
    of_rule = "PARTITION BY table_name, rule, column_name ORDER BY recorded_at DESC"
    return reader.query(
        f"SELECT {', '.join(_SHOWN)} FROM ("
        f"SELECT *, row_number() OVER ({of_rule}) AS age FROM {RESULTS.name} "
        f"WHERE {' AND '.join(conditions)}) WHERE age = 1 "
        "ORDER BY outcome = 'passed', table_name, rule, column_name"
    )

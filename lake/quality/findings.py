"""quality.results -> the newest outcome of each rule, for `lake quality`, its alert and the API."""

from datetime import date

from arro3.core import Table as Arrow

from lake.errors import LakeError
from lake.reading import Reader
from lake.results import RESULTS, WHOLE_ROW
from lake.sql_values import literal, records

_SHOWN = (
    "table_name", "rule", "column_name", "severity", "outcome", "rows_failed", "rows_checked",
    "table_version", "checked_at",
)  # fmt: skip


class QualityFailed(LakeError):
    """Rows of a table break its contract."""

    code = "quality-failed"


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


def alert(reader: Reader) -> str:
    """Say that no rule is broken whose severity is error; QualityFailed names those that are.

    A rule is broken until a check finds that it holds again, also where its slices are held back.
    """
    broken = [
        f"{row['table_name']} {row['rule']}"
        + (f" of {row['column_name']}" if row["column_name"] != WHOLE_ROW else "")
        + (f": {row['rows_failed']} rows" if row["rows_failed"] is not None else "")
        for row in records(latest(reader))
        if row["severity"] == "error" and row["outcome"] != "passed"
    ]
    if broken:
        raise QualityFailed("; ".join(broken), cure="lake quality; the docs in _quality name rows")
    return "no error"

"""Rows -> real Delta tables, typed by their contract; and castle's clock and days."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from deltalake import write_deltalake

from gold.contracts import TABLES as GOLD
from lake.arrow_rows import arrow_rows
from lake.contract import Table
from lake.results import RESULTS
from models.contracts import TABLES as MODELS
from silver.contracts import TABLES as SILVER

TABLES = {t.name: t for t in (*SILVER, *GOLD, *MODELS, RESULTS)}
ZONE = ZoneInfo("Europe/Copenhagen")
FIRST, LAST, MISSING = date(2025, 10, 20), date(2025, 11, 1), date(2025, 10, 28)
KNOWN_AT = datetime(2025, 11, 2, 6, tzinfo=UTC)
Rows = list[dict[str, Any]]


def put(root: Path, name: str, rows: Rows) -> None:
    """Add rows to a table; a column that is not given is null, or known at KNOWN_AT."""
    table: Table = TABLES[name]
    given = [{"known_at": KNOWN_AT, "received_at": KNOWN_AT, "source_file": "f",
              "source_line": n, **row} for n, row in enumerate(rows)]  # fmt: skip
    write_deltalake(
        str(root / table.path), arrow_rows(table, given), mode="append",
        partition_by=list(table.partitioned_by),
    )  # fmt: skip

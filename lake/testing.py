"""Contract -> small typed tables for tests: only the columns that matter are written down."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from lake.contract import Column, Table
from lake.schema import spark_schema

_PLAIN: dict[str, Any] = {
    "string": "x",
    "double": 0.0,
    "int": 0,
    "bigint": 0,
    "boolean": False,
    "timestamp": datetime(2025, 1, 1, tzinfo=UTC),
    "date": date(2025, 1, 1),
    "array<string>": [],
}


def frame(
    spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]], **every: Any
) -> DataFrame:
    """Return a frame of the table; text for instants and days is read as ISO 8601.

    A column that no row names is null where it may be, else a plain value; ``every`` is for all
    rows. TypeError for a column that the contract does not have.
    """
    if unknown := {n for row in (*rows, every) for n in row} - set(table.names):
        raise TypeError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    typed = [tuple(_value(c, {**every, **row}) for c in table.columns) for row in rows]
    return spark.createDataFrame(typed, spark_schema(table))


def _value(column: Column, row: Mapping[str, Any]) -> Any:
    value = row.get(column.name)
    if value is None:
        if column.nullable or column.name in row:
            return None
        return column.values[0] if column.values else _PLAIN[column.type]
    if column.type == "timestamp" and isinstance(value, str):
        return datetime.fromisoformat(value)
    if column.type == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return float(value) if column.type == "double" else value

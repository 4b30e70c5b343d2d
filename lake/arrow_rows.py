"""Contract -> Arrow schema, and rows of plain Python as an Arrow table of it, without Spark."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from lake.contract import Table

_ARROW = {
    "string": pa.string(), "double": pa.float64(), "int": pa.int32(), "bigint": pa.int64(),
    "boolean": pa.bool_(), "timestamp": pa.timestamp("us", tz="UTC"), "date": pa.date32(),
    "array<string>": pa.list_(pa.string()),
}  # fmt: skip


def arrow_schema(table: Table) -> pa.Schema:
    """Return the columns of a table as Arrow has them."""
    return pa.schema([pa.field(c.name, _ARROW[c.type], c.nullable) for c in table.columns])


def arrow_rows(table: Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return rows of a table, as tests write them: what a row does not name is null in it.

    That is so of columns that are never null, too: few of them matter to a test.
    """
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(table)])
    every = [{name: row.get(name) for name in table.names} for row in rows]
    return pa.Table.from_pylist(every, schema=schema)

"""Few rows of a table -> literals, without Spark: of some slices, near some instants, or all.

A session for few rows looks at each row of a month one by one, and Spark at a table's files by
queries of its own; delta-rs and DataFusion find the few among millions in a tenth of the time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from deltalake import QueryBuilder
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from lake.contract import Table
from lake.hops.at_hand import FEW, MOST_BYTES, Kept
from lake.schema import spark_schema
from lake.sql_values import BadQuery, literal
from lake.store import Store

Span = tuple[date, date]
_CHANGE = "_change_type"
_NO_UTF_8 = "non UTF-8 data"


def of_slices(
    store: Store, table: Table, slices: pa.Table, *, columns: Sequence[str] = (),
    only: str = "", version: int | None = None,
) -> Kept | None:  # fmt: skip
    """Return the rows that are as a slice in its ``columns``, by default in all that it has.

    They lie in partitions of which the slices tell, and ``only`` (SQL) holds for them. None where
    they are many, no SQL can say them (a text with a zero in it), or the table has other columns
    than its contract; null is in no slice.
    """
    names = list(columns or slices.column_names)
    wanted = slices.select(names).drop_null().group_by(names).aggregate([])
    if not wanted.num_rows:
        return _literals(store, table, _no_rows(table))
    try:
        edges = [*(_edges(wanted, name) for name in names), *_within_partitions(table, slices)]
        values = zip(*([*map(literal, wanted[n].to_pylist())] for n in names), strict=True)
    except BadQuery:
        return None
    edges += [f"({only})"] if only else []
    rows = ", ".join(f"({', '.join(row)})" for row in values)
    same = " AND ".join(f"t.{quoted(n)} = s.{quoted(n)}" for n in names)
    joined = f"LEFT SEMI JOIN (VALUES {rows}) AS s ({', '.join(map(quoted, names))}) ON {same}"
    return _found(store, table, joined, edges, version=version)


def near(
    store: Store, table: Table, instant: str, spans: Iterable[Span], *, version: int | None = None
) -> Kept | None:
    """Return the rows whose ``instant`` is on days (UTC) of some spans, both ends included."""
    day = f"CAST(t.{quoted(instant)} AS DATE)"
    within = [f"{day} BETWEEN {literal(first)} AND {literal(last)}" for first, last in spans]
    return _found(store, table, "", [f"({' OR '.join(within)})"], version=version, most=None)


def all_of_few(store: Store, table: Table, *, version: int | None = None) -> Kept | None:
    """Return all rows of a table; None where they are many."""
    if version != -1 and store.exists(table):
        files = store.opened(table, version=version).get_add_actions()
        counted = files.column("num_records").to_pylist()
        if sum(n or 0 for n in counted) > FEW:
            return None
    return _found(store, table, "", [], version=version)


def changes(store: Store, table: Table, *, after: int, until: int) -> Kept | None:
    """Return the rows as they were before and after each change in (after, until].

    With ``_change_type``, as Spark's change feed has it. None where they are many, or one of them
    has a text that is no UTF-8, which Spark took once.
    """
    delta = store.opened(table)
    if {field.name for field in delta.schema().fields} != {*table.names}:
        return None
    feed = delta.load_cdf(starting_version=after + 1, ending_version=until)
    if (found := _read(feed.read_all)) is None:
        return None
    schema = StructType([*_schema(table), StructField(_CHANGE, StringType(), True)])
    return _kept(store, found, schema) if found.nbytes <= MOST_BYTES else None


def partitions(
    table: Table, columns: Sequence[str], values: Callable[[str], list[Any]]
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the partitions of which slices or their days tell, each with its values in order."""
    for partition in (table.column(p) for p in table.partitioned_by):
        if partition.name in columns:
            yield partition.name, sorted({*values(partition.name)})
        elif partition.month_of in columns:
            yield partition.name, sorted({f"{day:%Y-%m}" for day in values(partition.month_of)})


def quoted(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _found(
    store: Store, table: Table, joined: str, conditions: Sequence[str], *, version: int | None,
    most: int | None = FEW,
) -> Kept | None:  # fmt: skip
    if version == -1 or not store.exists(table):
        return _literals(store, table, _no_rows(table))
    delta = store.opened(table, version=version)
    if {field.name for field in delta.schema().fields} != {*table.names}:
        return None
    engine = QueryBuilder()
    engine.register("told", delta)
    columns = ", ".join(f"t.{quoted(n)}" for n in table.names)
    said = f"SELECT {columns} FROM told AS t {joined}"
    said += f" WHERE {' AND '.join(conditions)}" if conditions else ""
    said += f" LIMIT {most + 1}" if most is not None else ""
    if (found := _read(engine.execute(said).read_all)) is None:
        return None
    if found.nbytes > MOST_BYTES or (most is not None and found.num_rows > most):
        return None
    return _literals(store, table, found)


def _read(read_all: Callable[[], Any]) -> pa.Table | None:
    """Read what was asked for; None where a text is no UTF-8."""
    try:
        return pa.table(read_all())
    except Exception as error:  # delta-rs raises it bare
        if _NO_UTF_8 in str(error):
            return None
        raise


def _literals(store: Store, table: Table, found: pa.Table) -> Kept:
    return _kept(store, found, _schema(table))


def _kept(store: Store, found: pa.Table, schema: StructType) -> Kept:
    arrow = to_arrow_schema(schema, timezone="UTC")
    if not found.num_rows:
        # Its columns have no piece to tell their type by.
        return Kept(store.spark.createDataFrame([], schema).limit(0), arrow.empty_table())
    plain = found.select(arrow.names).cast(arrow)
    return Kept(store.spark.createDataFrame(plain, schema=schema), plain)


def _schema(table: Table) -> StructType:
    """Return what a scan has: a column of a file may be null, whatever the table says."""
    return StructType([StructField(f.name, f.dataType, True) for f in spark_schema(table)])


def _no_rows(table: Table) -> pa.Table:
    return to_arrow_schema(_schema(table), timezone="UTC").empty_table()


def _within_partitions(table: Table, slices: pa.Table) -> list[str]:
    """Name the partitions, so that files are skipped."""

    def values(name: str) -> list[Any]:
        found: list[Any] = slices[name].unique().drop_null().to_pylist()
        return found

    return [
        f"t.{quoted(name)} IN ({', '.join(map(literal, of)) or 'NULL'})"
        for name, of in partitions(table, slices.column_names, values)
    ]


def _edges(rows: pa.Table, name: str) -> str:
    found = rows[name].to_pylist()
    return f"t.{quoted(name)} BETWEEN {literal(min(found))} AND {literal(max(found))}"

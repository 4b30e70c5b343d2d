"""Contract -> Spark schema, DDL with comments, and typed empty tables."""

from collections.abc import Mapping, Sequence
from functools import cache

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DataType, StructField, StructType

from lake.contract import KEPT_DAYS, Append, Column, Replace, Table, Upsert

# Readers without Spark must read every published table: no column mapping, no type widening.
_PROPERTIES = {
    # Each hop reads only what changed before it.
    "delta.enableChangeDataFeed": "true",
    # On Databricks the writer of the 50th small file of a partition puts them together; elsewhere
    # ``lake.hops.upkeep.bound`` does, and sessions have it off.
    "delta.autoOptimize.autoCompact": "true",
    # What was answered within this time can be asked again. A table whose inputs it has not read
    # for longer is to be computed whole (``lake run TABLE --again``).
    "delta.deletedFileRetentionDuration": f"interval {KEPT_DAYS} days",
    "delta.logRetentionDuration": f"interval {KEPT_DAYS} days",
}
# A correction then rewrites no file.
MARKING = ("delta.enableDeletionVectors", "true")


def comment(column: Column) -> str:
    """Return the meaning, with the unit and the allowed values where there are any."""
    unit = f" Unit: {column.unit}." if column.unit else ""
    allowed = f" One of: {', '.join(column.values)}." if column.values else ""
    return f"{column.meaning}{unit}{allowed}"


def spark_schema(table: Table) -> StructType:
    """Return the schema that a frame of this table has."""
    return StructType(
        [
            StructField(c.name, _type(c.type), c.nullable, {"comment": comment(c)})
            for c in table.columns
        ]
    )


@cache
def _type(said: str) -> DataType:
    """Return a type by its name; Java reads it."""
    return DataType.fromDDL(said)


def properties(table: Table) -> dict[str, str]:
    """Return the Delta properties that follow from the update rule."""
    kind = {"delta.appendOnly": "true"} if isinstance(table.update, Append) else {}
    skipping = {"delta.dataSkippingStatsColumns": ",".join(looked_up_by(table))}
    return {**_PROPERTIES, **kind, **skipping}


def is_marked(table: Table) -> bool:
    """Tell whether a correction marks rows, and rewrites no file: where files are large.

    Every scan of a table that may have such marks looks for them, again and again while it has
    none; so a table may have them from its first correction on.
    """
    return isinstance(table.update, Upsert | Replace) and bool(table.partitioned_by)


def looked_up_by(table: Table) -> list[str]:
    """Name the columns by which rows are looked up: only these need statistics in each file.

    Those are whose it is (the first two columns of key and order), when it is (the first instant
    of the key) and the slice; statistics of all others cost a tenth of the time of writing.
    """
    instants = [n for n in table.key if table.column(n).type == "timestamp"]
    slices = getattr(table.update, "slices", ())
    sought = {*table.key[:2], *instants[:1], *slices, *table.sorted_by[:2]}
    return [n for n in table.names if n in sought - set(table.partitioned_by)]


def in_catalog(catalog: str, name: str) -> str:
    """Return the three-level name of a table in SQL; a catalogue's name may have dashes."""
    return ".".join(f"`{part}`" for part in (catalog, *name.split(".")))


def ddl(
    table: Table, *, name: str, location: str = "", more: Mapping[str, str] | None = None
) -> str:
    """Return CREATE TABLE IF NOT EXISTS with comments, checks and properties, ``more`` of them.

    With a ``location`` the table is external: its name and its path say the same rows.
    """
    fields = [f"  {_field(c)}" for c in table.columns]
    partitions = (
        f"\nPARTITIONED BY ({', '.join(table.partitioned_by)})" if (table.partitioned_by) else ""
    )
    settings = ", ".join(
        [f"'{k}' = '{v}'" for k, v in properties(table).items()] + _settings(more or {})
    )
    return (
        f"CREATE TABLE IF NOT EXISTS {name} (\n"
        + ",\n".join(fields)
        + f"\n) USING DELTA{partitions}{_located(location)}"
        + f"\nCOMMENT '{quoted('One row is ' + table.row)}.'"
        + f"\nTBLPROPERTIES ({settings})"
    )


def registered(*, name: str, location: str) -> str:
    """Return CREATE TABLE IF NOT EXISTS over a Delta table that is there, as it is."""
    return f"CREATE TABLE IF NOT EXISTS {name} USING DELTA{_located(location)}"


def _located(location: str) -> str:
    return f"\nLOCATION '{quoted(location)}'" if location else ""


def added_columns(table: Table, names: Sequence[str], *, name: str) -> str:
    """Return ALTER TABLE that adds columns of the contract."""
    fields = ", ".join(_field(table.column(n)) for n in names)
    return f"ALTER TABLE {name} ADD COLUMNS ({fields})"


def told_anew(said: Mapping[str, str], *, name: str) -> str:
    """Return ALTER TABLE that says some properties anew."""
    return f"ALTER TABLE {name} SET TBLPROPERTIES ({', '.join(_settings(said))})"


def _settings(said: Mapping[str, str]) -> list[str]:
    return [f"'{k}' = '{quoted(v)}'" for k, v in said.items()]


def _field(column: Column) -> str:
    is_required = "" if column.nullable else " NOT NULL"
    return f"`{column.name}` {column.type.upper()}{is_required} COMMENT '{quoted(comment(column))}'"


def empty(spark: SparkSession, table: Table) -> DataFrame:
    """Return no rows of this table: Spark knows of none by the limit, and plans nothing on them."""
    return spark.createDataFrame([], spark_schema(table)).limit(0)


def quoted(text: str) -> str:
    """Write a text as it stands between the quotes of Spark's SQL."""
    return text.replace("\\", "\\\\").replace("'", "\\'")

"""Rows that a user writes + what a feature table says -> the rows that say something new."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lake.contract import Column as Field
from lake.contract import Table
from lake.feature_tables import (
    KNOWN,
    WRITTEN,
    BadFeatureTable,
    FeatureTable,
    FeatureTableDiffers,
    field_of,
    user_table,
)


def rows_of(df: object) -> DataFrame:
    """Return a frame that has an end, as Spark's; BadFeatureTable for what is none."""
    if not isinstance(df, DataFrame):
        raise BadFeatureTable(
            f"df is a {type(df).__module__.partition('.')[0]} {type(df).__name__}, not Spark's",
            cure="spark.createDataFrame(df)",
        )
    if df.isStreaming:
        raise BadFeatureTable("df is a stream", cure="foreachBatch gives frames that have an end")
    return df


def fields_of(schema: StructType) -> list[Field]:
    """Return the columns of a frame as a contract has them, with their comments as meanings."""
    return [
        field_of(f.name, f.dataType.simpleString(), str(f.metadata.get("comment", "")))
        for f in schema
    ]


def wider(table: FeatureTable, fields: Sequence[Field]) -> FeatureTable:
    """Return the table with the features that it does not have yet.

    BadFeatureTable for a column that none can have; FeatureTableDiffers for one of another type.
    """
    has = {c.name: c for c in table.table.columns}
    if wrong := [
        f"{f.name} is {f.type}, not {has[f.name].type}"
        for f in fields
        if f.name in has and f.type != has[f.name].type
    ]:
        raise FeatureTableDiffers(
            f"rows do not fit {table.name}: {'; '.join(wrong)}", cure="cast them, or rename"
        )
    old = [c for c in table.table.columns if c.name not in (KNOWN, WRITTEN)]
    return user_table(
        table.name, [*old, *(f for f in fields if f.name not in has or f.name == WRITTEN)],
        primary_keys=table.primary_keys, timeseries_column=table.timeseries_column,
        description=table.description, owner=table.owner,
    )  # fmt: skip


def news(table: FeatureTable, rows: DataFrame, stored: DataFrame, *, now: datetime) -> DataFrame:
    """Return the rows that say something else than the version that was known when they were.

    Stamped are ``known_at``, where the rows do not say it, and ``written_at``.
    """
    key = _key(table)
    features = [n for n in table.table.names if n not in (*key, KNOWN, WRITTEN)]
    given = F.col(KNOWN) if KNOWN in rows.columns else F.lit(None).cast("timestamp")
    asked = rows.withColumn(KNOWN, given)
    old = stored.select(
        *(F.col(k).alias(f"_stored_{k}") for k in key),
        F.struct(KNOWN, WRITTEN, F.struct(*features).alias("values")).alias("_old"),
    )
    was_known = F.col(f"_old.{KNOWN}") <= F.coalesce(KNOWN, F.lit(now))
    same_key = [F.col(k) == F.col(f"_stored_{k}") for k in key]
    one_each = (
        asked.join(old, on=same_key, how="left")
        .groupBy(*key, KNOWN)
        .agg(
            *(F.first(n).alias(n) for n in rows.columns if n not in (*key, KNOWN)),
            F.count("_old").alias("_versions"),
            F.max(F.when(was_known, F.col("_old")))["values"].alias("_last"),
        )
    )
    said = F.struct(*(_said(n, rows, table.table) for n in features))
    return (
        one_each.withColumn("_new", said)
        .where(F.col("_last").isNull() | ~F.col("_new").eqNullSafe(F.col("_last")))
        .withColumn(KNOWN, F.coalesce(KNOWN, _assumed(table, now)))
        .select(*key, "_new.*", KNOWN, F.lit(now).alias(WRITTEN))
    )


def check_keys(table: FeatureTable, rows: DataFrame) -> None:
    """Refuse rows without a key, and two rows of one key that were known at one time."""
    key = _key(table)
    if missing := [k for k in key if k not in rows.columns]:
        raise FeatureTableDiffers(
            f"rows for {table.name} have no {', '.join(missing)}", cure="they are its key"
        )
    unique = [*key, *([KNOWN] if KNOWN in rows.columns else [])]
    is_absent = F.exists(F.array(*(F.col(k).isNull() for k in key)), lambda absent: absent)
    found = rows.agg(
        F.count_if(is_absent).alias("absent"),
        F.count(F.lit(1)).alias("rows"),
        F.count_distinct(F.struct(*unique)).alias("keys"),
    ).first()
    assert found is not None
    if found["absent"] or found["rows"] != found["keys"]:
        raise BadFeatureTable(
            f"rows for {table.name}: {found['absent']} without a key, "
            f"{found['rows'] - found['keys']} whose key comes twice",
            cure="one row a key (and known_at)",
        )


def _key(table: FeatureTable) -> list[str]:
    return [*table.primary_keys, *table.timeseries_columns]


def _assumed(table: FeatureTable, now: datetime) -> Column:
    """Return since when a row counts that does not say it: its event, where it is the first."""
    event = table.timeseries_column
    if not event:
        return F.lit(now)
    first = F.least(F.col(event).cast("timestamp"), F.lit(now))
    return F.when(F.col("_versions") > 0, F.lit(now)).otherwise(first)


def _said(name: str, rows: DataFrame, table: Table) -> Column:
    """Return a feature as the rows say it, else as it was said last."""
    value = F.col(name) if name in rows.columns else F.col(f"_last.{name}")
    return value.cast(table.column(name).type).alias(name)

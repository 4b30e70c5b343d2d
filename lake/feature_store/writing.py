"""Rows that a user writes + what a feature table says -> the rows that say something new."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lake.contract import Column as Field
from lake.contract import Table
from lake.feature_store.tables import (
    KNOWN,
    WRITTEN,
    BadFeatureTable,
    FeatureTable,
    FeatureTableDiffers,
    field_of,
    user_table,
)
from lake.hops.writing import all_of, same

# Before anything was known.
_EVER = "0001-01-01T00:00:00Z"


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


def wider(table: FeatureTable, fields: Sequence[Field], *, now: datetime) -> FeatureTable:
    """Return the table with the features that it does not have yet, added ``now``.

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
    new = [f for f in fields if f.name not in has or f.name == WRITTEN]
    return user_table(
        table.name, [*old, *new],
        primary_keys=table.primary_keys, timeseries_column=table.timeseries_column,
        description=table.description, owner=table.owner,
        added={**{f.name: now for f in new}, **table.added}, tags=table.tags,
    )  # fmt: skip


def news(table: FeatureTable, rows: DataFrame, stored: DataFrame, *, now: datetime) -> DataFrame:
    """Return the rows that say something else than the version that was known when they were.

    Stamped are ``known_at``, where the rows do not say it, and ``written_at``. What says otherwise
    than a version of its own ``known_at`` was not known then: it counts from now, as a change. A
    feature that came to the table later and is told of a key for the first time is told of each
    version of it too.
    """
    key, features = _key(table), _features(table)
    given = F.col(KNOWN) if KNOWN in rows.columns else F.lit(None).cast("timestamp")
    old = stored.select(
        *(F.col(k).alias(f"_stored_{k}") for k in key),
        F.struct(KNOWN, WRITTEN, F.struct(*features).alias("values")).alias("_old"),
    )
    was_known = F.col(f"_old.{KNOWN}") <= F.coalesce(KNOWN, F.lit(now))
    same_key = [F.col(k) == F.col(f"_stored_{k}") for k in key]
    late = [n for n in features if n in table.added and n in rows.columns]
    one_each = (
        rows.withColumn(KNOWN, given)
        .join(old, on=same_key, how="left")
        .groupBy(*key, KNOWN)
        .agg(
            *(F.first(n).alias(n) for n in rows.columns if n not in (*key, KNOWN)),
            F.count("_old").alias("_versions"),
            F.max(F.when(was_known, F.col("_old"))).alias("_then"),
            F.max("_old").alias("_newest"),
            *([F.collect_list("_old").alias("_all")] if late else []),
        )
    )
    is_told_then = F.coalesce(F.col(KNOWN) == F.col(f"_then.{KNOWN}"), F.lit(False))
    one_each = one_each.withColumn("_is_told_then", is_told_then)
    then, newest = F.col("_then.values"), F.col("_newest.values")
    if late:
        first_told = {n: _first_told(n, table) for n in late}
        one_each = one_each.withColumn(
            "_late", F.struct(*(told.alias(n) for n, told in first_told.items()))
        )
        reaches = F.col(KNOWN).isNull() | F.col("_is_told_then")
        then = F.when(reaches, _filled(then, features, late)).otherwise(then)
        newest = _filled(newest, features, late)
    told = [n for n in features if n in rows.columns]
    is_changed = F.col("_is_told_then") & ~_same(table, told, "_then")
    said = F.struct(*(_said(n, rows, table.table) for n in features))
    found = (
        one_each.withColumns({"_then": then, "_newest": newest})
        .withColumn("_is_changed", is_changed)
        .withColumn(
            "_last", F.when(F.col("_is_changed"), F.col("_newest")).otherwise(F.col("_then"))
        )
        .withColumn("_new", said)
        .where(F.col("_last").isNull() | ~_same(table, features, "_last", new="_new."))
        .withColumn(KNOWN, F.when(F.col("_is_changed"), F.lit(now)).otherwise(F.col(KNOWN)))
        .withColumn(KNOWN, F.coalesce(KNOWN, _assumed(table, now)))
        .select(*key, "_new.*", KNOWN)
    )
    if late:
        found = found.unionByName(_beside(one_each, table, late))
    return found.withColumn(WRITTEN, F.lit(now))


def check_said_once(table: FeatureTable, rows: DataFrame, stored: DataFrame) -> None:
    """Refuse rows that say otherwise what was known once, beside what was known of it later."""
    if KNOWN not in rows.columns:
        return
    key = _key(table)
    told = [n for n in _features(table) if n in rows.columns]
    last = F.max(KNOWN).over(Window.partitionBy(*key))
    earlier = rows.withColumn("_last_at", last).where(F.col(KNOWN) < F.col("_last_at"))
    newest = F.max(F.struct(WRITTEN, F.struct(*told).alias("values")))["values"]
    there = stored.groupBy(*key, KNOWN).agg(newest.alias("_told"))
    # What a column that came later says first is no other than before.
    first = [F.col(f"_told.{n}").isNull() if n in table.added else F.lit(False) for n in told]
    agrees = [
        _same(table, [n], "_told") | is_first for n, is_first in zip(told, first, strict=True)
    ]
    if others := earlier.join(there, on=[*key, KNOWN], how="inner").where(~all_of(agrees)).count():
        raise BadFeatureTable(
            f"rows for {table.name}: {others} say otherwise what a later row of their key follows",
            cure=f"what was known once stays: leave them out, or say another {KNOWN}",
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


def _features(table: FeatureTable) -> list[str]:
    return [n for n in table.table.names if n not in (*_key(table), KNOWN, WRITTEN)]


def _first_told(name: str, table: FeatureTable) -> Column:
    """Return what a row says of a feature that came after its key, and was never told of it."""
    was_told = F.exists("_all", lambda v: v["values"][name].isNotNull())
    came_before = F.exists("_all", lambda v: v[WRITTEN] < F.lit(table.added[name]))
    value = F.col(name).cast(table.table.column(name).type)
    return F.when(came_before & ~was_told, value)


def _filled(values: Column, features: Sequence[str], late: Sequence[str]) -> Column:
    """Return features with what is told first of those that came later."""
    return F.struct(
        *(
            (F.coalesce(F.col(f"_late.{n}"), values[n]) if n in late else values[n]).alias(n)
            for n in features
        )
    )


def _beside(one_each: DataFrame, table: FeatureTable, late: Sequence[str]) -> DataFrame:
    """Return each version again with the features that are told of it for the first time.

    Else they would be null wherever a version was known before, or corrected after, they were told.
    """
    key, features = _key(table), _features(table)
    since = F.coalesce(KNOWN, F.lit(_EVER).cast("timestamp"))
    return (
        one_each.where(F.coalesce(*(F.col(f"_late.{n}").cast("string") for n in late)).isNotNull())
        .select(*key, since.alias("_since"), "_late", F.explode("_all").alias("_of"))
        .where(F.col(f"_of.{KNOWN}") >= F.col("_since"))
        # Of versions known at once the one written last, of what is told of it what is known last.
        .groupBy(*key, F.col(f"_of.{KNOWN}").alias(KNOWN))
        .agg(
            F.max_by(F.col("_of.values"), F.col(f"_of.{WRITTEN}")).alias("_values"),
            F.max_by("_late", "_since").alias("_late"),
        )
        .withColumn("_values", _filled(F.col("_values"), features, late))
        .select(*key, "_values.*", KNOWN)
    )


def _same(table: FeatureTable, names: Sequence[str], old: str, *, new: str = "") -> Column:
    """Tell whether columns are as a struct has them."""
    kinds = {n: table.table.column(n).type for n in names}
    return all_of(same(F.col(f"{new}{n}"), F.col(f"{old}.{n}"), kind=k) for n, k in kinds.items())


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

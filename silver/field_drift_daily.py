"""bronze.* -> silver.field_drift_daily: which fields came otherwise than the contracts say.

Unknown fields stand in ``rescued``, of lines that were taken and of those that were not; what broke
stands in the reason of ``bronze.rejected`` (``bronze.contracts`` says how reasons are worded).
"""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from bronze.contracts import (
    BROKEN_LINE,
    CO2_INTENSITY,
    MAX_DEMAND,
    METER_READINGS,
    MISSING_FIELD,
    NO_COLUMN,
    REGISTER_READS,
    REGISTRATIONS,
    RETYPED_FIELD,
    SPOT_PRICES,
)
from silver.contracts import FIELD_DRIFT_DAILY, FURTHER, MOST_DRIFTS

_SOURCE = ["partner_id", "table_name", "source", "received_date"]
_BY = [*_SOURCE, "schema_version", "field_name", "drift"]
_LONGEST = 100


def field_drift_daily(
    bronze_meter_readings: DataFrame,
    bronze_register_reads: DataFrame,
    bronze_max_demand: DataFrame,
    bronze_spot_prices: DataFrame,
    bronze_co2_intensity: DataFrame,
    registrations: DataFrame,
    rejected: DataFrame,
) -> DataFrame:
    """Return a row a partner, bronze table, way of arrival, day (UTC), version, field and drift."""
    taken = {
        METER_READINGS.name: bronze_meter_readings,
        REGISTER_READS.name: bronze_register_reads,
        MAX_DEMAND.name: bronze_max_demand,
        SPOT_PRICES.name: bronze_spot_prices,
        CO2_INTENSITY.name: bronze_co2_intensity,
        REGISTRATIONS.name: registrations,
    }
    parts = (
        *(added(rows.withColumn("table_name", F.lit(name))) for name, rows in taken.items()),
        added(rejected),
        refused(rejected),
    )
    return bounded(reduce(DataFrame.unionByName, parts)).select(*FIELD_DRIFT_DAILY.names)


def added(lines: DataFrame) -> DataFrame:
    """Return a row a line and field that its contract does not know."""
    fields = F.from_json("rescued", "map<string,string>")
    return (
        lines.where("rescued IS NOT NULL")
        .select("*", F.explode(fields).alias("field_name", "example"))
        .withColumns({"drift": F.lit("added"), "reason": F.lit(None).cast("string")})
        .select(*_counted())
    )


def refused(rejected: DataFrame) -> DataFrame:
    """Return a row a line and field for which it was refused.

    A field that is there and empty is a bad row, and no drift: only of messages is it told which
    fields they have, of a CSV its header tells it.
    """
    reason, is_message = F.col("reason"), F.ltrim("payload").startswith("{")
    columns = F.regexp_extract(reason, NO_COLUMN, 1)
    named = F.regexp_extract(reason, MISSING_FIELD, 1)
    keys = F.when(is_message, F.json_object_keys("payload"))
    is_absent = is_message & ~F.coalesce(F.array_contains(keys, named), F.lit(False))
    odd = F.regexp_extract(reason, RETYPED_FIELD, 1)
    found = (
        F.when(columns != "", F.struct(F.lit("missing"), F.split(columns, ", ")))
        .when((named != "") & is_absent, F.struct(F.lit("missing"), F.array(named)))
        .when(odd != "", F.struct(F.lit("retyped"), F.array(odd)))
        .when(reason.rlike(BROKEN_LINE), F.struct(F.lit("broken"), F.array(F.lit(""))))
        .cast("struct<drift: string, fields: array<string>>")
    )
    return (
        rejected.withColumn("_found", found)
        .where("_found IS NOT NULL")
        .select("*", "_found.drift", F.explode("_found.fields").alias("field_name"))
        .withColumn("example", F.col("payload"))
        .select(*_counted())
    )


def bounded(lines: DataFrame) -> DataFrame:
    """Count the lines, and put together what is rarest where a source's day has too much of it."""
    counted = _count(lines.withColumn("lines", F.lit(1)))
    most_first = Window.partitionBy(*_SOURCE).orderBy(
        F.desc("is_breaking"), F.desc("lines"), "drift", "schema_version", "field_name"
    )
    is_beyond = F.row_number().over(most_first) > MOST_DRIFTS
    together = {"schema_version": F.lit(""), "field_name": F.lit(FURTHER)}
    return _count(
        counted.withColumn("_beyond", is_beyond).withColumns(
            {name: F.when(F.col("_beyond"), to).otherwise(F.col(name)) for name, to in
             together.items()}
        )
    )  # fmt: skip


def _count(rows: DataFrame) -> DataFrame:
    return rows.groupBy(*_BY).agg(
        F.max("is_breaking").alias("is_breaking"),
        F.sum("lines").alias("lines"),
        F.min("reason").alias("reason"),
        F.min("example").alias("example"),
        F.min("first_received_at").alias("first_received_at"),
        F.max("last_received_at").alias("last_received_at"),
    )


def _counted() -> list[Column]:
    """Return the columns of a line, texts cut to what the table keeps."""
    cut = {
        name: F.substring(F.coalesce(name, F.lit("")), 1, _LONGEST).alias(name)
        for name in ("schema_version", "field_name")
    }
    return [
        *(F.col(name) for name in (*_SOURCE, "drift")),
        *cut.values(),
        (F.col("drift") != "added").alias("is_breaking"),
        F.substring("reason", 1, 2 * _LONGEST).alias("reason"),
        F.substring("example", 1, _LONGEST).alias("example"),
        F.col("received_at").alias("first_received_at"),
        F.col("received_at").alias("last_received_at"),
    ]

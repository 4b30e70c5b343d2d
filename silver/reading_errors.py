"""Readings and their flags -> the readings that no rule of severity error has found untrue."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.rules import OF_PEAKS
from silver.said_once import power_kw

_METER_DAY = ("partner_id", "meter_id", "direction", "resolution", "local_date")


def without_errors(meter_readings: DataFrame, reading_flags: DataFrame) -> DataFrame:
    """Leave out the readings that lie in a stretch flagged as an error: a gap, no wrong number.

    Stretches are few, so they go to the readings.
    """
    errors = F.broadcast(reading_flags.where("severity = 'error'").alias("flag"))
    starts, ends = F.col("said.starts_at"), F.col("said.ends_at")
    is_within = (starts >= F.col("flag.starts_at")) & (ends <= F.col("flag.ends_at"))
    for name in _METER_DAY:
        is_within = is_within & (F.col(f"said.{name}") == F.col(f"flag.{name}"))
    return meter_readings.alias("said").join(errors, on=is_within, how="left_anti")


def with_errors_marked(versions: DataFrame, reading_flags: DataFrame) -> DataFrame:
    """Add ``_is_error``: whether a version, superseded where it says so, is in a flagged stretch.

    A flag of a day is one of all versions; of a peak, of those that are above its bound as well.
    """
    is_of_peak = F.col("rule").isin(*(rule.__name__ for rule in OF_PEAKS))
    flag = F.struct("starts_at", "ends_at", F.when(is_of_peak, F.col("bound")).alias("above_kw"))
    errors = (
        reading_flags.where("severity = 'error'")
        .groupBy(*_METER_DAY)
        .agg(F.collect_list(flag).alias("_errors"))
    )

    def holds(error: Column) -> Column:
        is_within = (F.col("starts_at") >= error["starts_at"]) & (
            F.col("ends_at") <= error["ends_at"]
        )
        is_such = F.col("superseded_at").isNull() | error["above_kw"].isNull()
        return is_within & (is_such | (power_kw() > error["above_kw"]))

    return (
        versions.join(F.broadcast(errors), on=list(_METER_DAY), how="left")
        .withColumn("_is_error", F.coalesce(F.exists("_errors", holds), F.lit(False)))
        .drop("_errors")
    )

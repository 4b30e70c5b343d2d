"""Readings of a meter -> each moment once: where it says hours and their day, the day goes."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.local_clock import length_s

METER_DAY = ["partner_id", "meter_id", "local_date"]
_READING = ["partner_id", "meter_id", "direction", "starts_at", "ends_at"]
LONGEST_DAY_S = 25 * 3600


def power_kw() -> Column:
    """Return the mean power of an interval in kW."""
    return F.col("energy_kwh") * 3600 / length_s()


def lengths(readings: DataFrame) -> DataFrame:
    """Return the shortest and the longest interval of each meter and day, in s.

    ``partner_id, location_id, fuel, meter_id, local_date, shortest, longest, says_consumption``;
    months are left out.
    """
    return (
        readings.where(length_s() <= LONGEST_DAY_S)
        .groupBy(*METER_DAY, "location_id", "fuel")
        .agg(
            F.min(length_s()).alias("shortest"),
            F.max(length_s()).alias("longest"),
            _says_consumption(),
        )
    )


def lengths_of(meter_days: DataFrame, of_registers: DataFrame) -> DataFrame:
    """Return :func:`lengths` by the days of the main meters, without a look at the readings.

    ``of_registers`` are stretches between register reads, which are no readings.
    """
    day = [*METER_DAY, "location_id", "fuel", "direction", "interval_s", "longest_interval_s"]
    stretches = of_registers.where(length_s() <= LONGEST_DAY_S).withColumns(
        {"interval_s": length_s(), "longest_interval_s": length_s()}
    )
    return (
        meter_days.where("NOT is_sub_meter")
        .select(*day)
        .unionByName(stretches.select(*day))
        .groupBy(*METER_DAY, "location_id", "fuel")
        .agg(
            F.min("interval_s").alias("shortest"),
            F.max("longest_interval_s").alias("longest"),
            _says_consumption(),
        )
    )


def said_once(readings: DataFrame, of_days: DataFrame) -> DataFrame:
    """Leave out the readings that say again what others of their meter and day say.

    An interval that shorter ones fill up goes; shorter ones within one that they do not fill up go
    instead. So nothing counts twice, and as much of the day as can be is known. ``of_days`` are the
    :func:`lengths` of the readings: few days have more than one.
    """
    mixed = of_days.where("shortest < longest").select(*METER_DAY)
    again = said_again(
        readings.where(length_s() <= LONGEST_DAY_S).join(mixed, METER_DAY, "left_semi")
    )
    return readings.join(F.broadcast(again), on=_READING, how="left_anti")


def said_again(readings: DataFrame) -> DataFrame:
    """Return the keys of the readings that are said otherwise too."""
    outer = readings.select(*_READING[:3], "local_date", *_edges("outer"))
    inner = readings.select(*_READING[:3], "local_date", *_edges("inner"))
    is_within = (
        (F.col("inner_start") >= F.col("outer_start"))
        & (F.col("inner_end") <= F.col("outer_end"))
        & (F.col("inner_length") < F.col("outer_length"))
    )
    pairs = outer.join(inner, on=[*_READING[:3], "local_date"], how="inner").where(is_within)
    whole = [*_READING[:3], "outer_start", "outer_end"]
    before = Window.partitionBy(*whole).orderBy("inner_start", "inner_end").rowsBetween(
        Window.unboundedPreceding, -1
    )  # fmt: skip
    # The shorter ones may overlap each other: what each adds counts.
    reached = F.coalesce(F.max(F.unix_seconds("inner_end")).over(before), F.lit(0))
    adds = F.unix_seconds("inner_end") - F.greatest(reached, F.unix_seconds("inner_start"))
    filled = F.sum(F.greatest(F.col("_adds"), F.lit(0))).over(Window.partitionBy(*whole))
    judged = pairs.withColumn("_adds", adds).withColumn(
        "_is_filled", filled >= F.col("outer_length")
    )
    return (
        judged.where("_is_filled")
        .select(*_READING[:3], *_named("outer"))
        .unionByName(judged.where("NOT _is_filled").select(*_READING[:3], *_named("inner")))
        .distinct()
    )


def _edges(interval: str) -> list[Column]:
    return [
        F.col("starts_at").alias(f"{interval}_start"),
        F.col("ends_at").alias(f"{interval}_end"),
        length_s().alias(f"{interval}_length"),
    ]


def _named(interval: str) -> list[Column]:
    return [
        F.col(f"{interval}_start").alias("starts_at"),
        F.col(f"{interval}_end").alias("ends_at"),
    ]


def _says_consumption() -> Column:
    return F.max(F.col("direction") == "consumption").alias("says_consumption")

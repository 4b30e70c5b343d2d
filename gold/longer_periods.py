"""Finished periods of energy -> longer ones: what weeks of days and years of months share."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import ENERGY
from gold.energy import added_up, again, judged
from lake.local_clock import local_midnight
from silver.contracts import HOME, SERIES

_DEGREE_DAYS = ("degree_days", "cooling_degree_days")


def in_longer(
    periods: DataFrame, locations: DataFrame, *, named: str, following: Column
) -> DataFrame:
    """Return energy by ``named`` (week, year): the sums of the rows that begin in it.

    ``following`` is the day, counted from ``local_date``, on which the next one begins.
    """
    first = F.trunc("local_date", named)
    of_period = [*SERIES, "local_date"]
    degree_days = (
        periods.withColumn("local_date", first)
        .groupBy(*of_period)
        .agg(*(F.sum(n).alias(n) for n in _DEGREE_DAYS))
    )
    return (
        again(periods, locations)
        .withColumn("local_date", first)
        .withColumn("local_month", F.date_format("local_date", "yyyy-MM"))
        .transform(lambda parts: added_up(parts, "time_zone"))
        .withColumn("_from", local_midnight(F.col("local_date")))
        .withColumn("_to", local_midnight(following))
        .transform(judged)
        .join(degree_days, on=of_period, how="left")
        .select(*(column.name for column in ENERGY))
    )


def first_days(rows: DataFrame, *, named: str) -> DataFrame:
    """Return the homes and first days of the periods that rows lie in."""
    return rows.select(*HOME, F.trunc("local_date", named).alias("local_date"))


def days_of(slices: DataFrame, *, named: str, last: Column, step: str) -> DataFrame:
    """Return each ``step`` from the first day of a slice's period to its ``last``."""
    steps = F.explode(F.sequence("local_date", last, F.expr(f"INTERVAL {step}")))
    return first_days(slices, named=named).distinct().withColumn("local_date", steps)

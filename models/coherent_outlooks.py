"""Outlooks + the hourly forecast of the same issue -> means that add up: hours, days, months.

Means add up and quantiles do not, so it is the means that are made one (ADR 0034): a day that the
hours cover whole has the sum of their means, and its month changes by as much.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from models.contracts import QUANTILES, quantile_column
from models.forecastable import SERIES

_LOWEST, _HIGHEST = (quantile_column(q) for q in (QUANTILES[0], QUANTILES[-1]))


def coherent(outlooks: DataFrame, hours: DataFrame) -> DataFrame:
    """Return the outlooks (SERIES, resolution, local_date, bounds, kWh) with means of the hours.

    ``hours`` has SERIES, ``local_date``, ``starts_at``, ``ends_at``, ``mean_kwh``. The interval is
    that of the outlook; where it does not hold the mean, its outer bound gives way.
    """
    of_day = _of_whole_days(outlooks.where("resolution = 'P1D'"), hours)
    is_day = F.col("resolution") == "P1D"
    month = Window.partitionBy(*SERIES, F.date_format("local_date", "yyyy-MM"))
    more = F.coalesce(F.col("_hours_kwh") - F.col("mean_kwh"), F.lit(0.0))
    mean = F.when(is_day, F.coalesce("_hours_kwh", "mean_kwh")).otherwise(
        F.col("mean_kwh") + F.sum(F.when(is_day, more).otherwise(0.0)).over(month)
    )
    return (
        outlooks.join(of_day, on=[*SERIES, "resolution", "local_date"], how="left")
        .withColumn("mean_kwh", F.greatest(mean, F.col("observed_kwh")))
        .withColumns(
            {
                _LOWEST: F.least(_LOWEST, "mean_kwh"),
                _HIGHEST: F.greatest(_HIGHEST, "mean_kwh"),
            }
        )
        .drop("_hours_kwh")
    )


def _of_whole_days(days: DataFrame, hours: DataFrame) -> DataFrame:
    """Return the sum of the hours of each day that they cover from its start to its end."""
    seconds = F.sum(F.unix_seconds("ends_at") - F.unix_seconds("starts_at"))
    sums = hours.groupBy(*SERIES, "local_date").agg(
        F.sum("mean_kwh").alias("_hours_kwh"), seconds.alias("_seconds")
    )
    length = F.unix_seconds("ends_at") - F.unix_seconds("starts_at")
    return (
        days.select(*SERIES, "resolution", "local_date", length.alias("_length"))
        .join(sums, on=[*SERIES, "local_date"], how="inner")
        .where(F.col("_seconds") == F.col("_length"))
        .select(*SERIES, "resolution", "local_date", "_hours_kwh")
    )

"""Outlooks + the hourly forecast of the same issue -> means that add up: hours, days, months.

Means add up and quantiles do not, so it is the means that are made one (ADR 0034): a day that the
hours cover whole has the sum of their means, and its month changes by as much.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lake.local_clock import length_s
from models.contracts import QUANTILES, quantile_column
from models.inputs.forecastable import SERIES

_LOWEST, _HIGHEST = (quantile_column(q) for q in (QUANTILES[0], QUANTILES[-1]))


def coherent(outlooks: DataFrame, hours: DataFrame) -> DataFrame:
    """Return the outlooks (SERIES, resolution, local_date, bounds, kWh) with means of the hours.

    ``hours`` has SERIES, ``time_zone``, ``starts_at``, ``ends_at``, ``mean_kwh``. The interval is
    that of the outlook; where it does not hold the mean, its outer bound gives way.
    """
    of_day = _of_whole_days(hours).withColumn("resolution", F.lit("P1D"))
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


def _of_whole_days(hours: DataFrame) -> DataFrame:
    """Return the sum of the hours of each local day that they cover from its start to its end."""
    zone = F.col("time_zone")
    day = F.to_date(F.from_utc_timestamp("starts_at", zone)).alias("local_date")
    begins, ends = (
        F.unix_seconds(F.to_utc_timestamp(F.date_add("local_date", n).cast("timestamp"), zone))
        for n in (0, 1)
    )
    seconds = F.sum(length_s())
    return (
        hours.groupBy(*SERIES, "time_zone", day)
        .agg(F.sum("mean_kwh").alias("_hours_kwh"), seconds.alias("_seconds"))
        .where(F.col("_seconds") == ends - begins)
        .select(*SERIES, "local_date", "_hours_kwh")
    )

"""silver.arrivals_daily -> gold.source_health_daily: is a day's volume what the source sends?"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import (
    HISTORY_DAYS,
    HISTORY_NEEDED,
    LEAST_SPREAD,
    ODD_FROM_Z,
    SAME_WEEKDAYS_NEEDED,
    SOURCE_HEALTH_DAILY,
)

_SOURCE = ["partner_id", "table_name", "source"]
# The median deviation of normal noise is this part of its standard deviation.
_MAD_OF_NORMAL = 0.6745


def source_health_daily(arrivals_daily: DataFrame) -> DataFrame:
    """Return each source's day with what was to be expected after the days before it."""
    of_day = [*_SOURCE, "received_date"]
    return (
        arrivals_daily.join(days_before(arrivals_daily), on=of_day, how="left")
        .withColumn("expected_readings", median("_compared"))
        .withColumn("volume_z", _robust_z())
        .withColumn("volume", _outcome())
        .select(*SOURCE_HEALTH_DAILY.names)
    )


def touched_by_arrivals_daily(changes: DataFrame) -> DataFrame:
    """Return the days that changed and those that are compared with them."""
    return _with_days(changes, 0, HISTORY_DAYS)


def needed_for(slices: DataFrame) -> DataFrame:
    """Return the days and those before, with which they are compared."""
    return _with_days(slices, -HISTORY_DAYS, 0)


def days_before(days: DataFrame) -> DataFrame:
    """Return for each day ``_compared``, the readings that it is held against, and ``_history``.

    Held against the same weekday where it is there often enough, else against every day.
    """
    earlier = days.select(
        *(F.col(name).alias(f"_{name}") for name in _SOURCE),
        F.col("received_date").alias("_day"),
        F.col("readings").alias("_readings"),
    )
    same = F.lit(True)
    for name in _SOURCE:
        same = same & (F.col(name) == F.col(f"_{name}"))
    first, last = F.date_sub("received_date", HISTORY_DAYS), F.date_sub("received_date", 1)
    is_weekday = F.weekday("_day") == F.weekday("received_date")
    found = (
        days.join(earlier, on=same & F.col("_day").between(first, last), how="inner")
        .groupBy(*_SOURCE, "received_date")
        .agg(
            F.collect_list("_readings").alias("_all"),
            F.collect_list(F.when(is_weekday, F.col("_readings"))).alias("_weekdays"),
        )
    )
    is_often = F.size("_weekdays") >= SAME_WEEKDAYS_NEEDED
    compared = F.when(is_often, F.col("_weekdays")).otherwise(F.col("_all"))
    return found.select(
        *_SOURCE, "received_date", compared.alias("_compared"), F.size("_all").alias("_history")
    )


def median(numbers: str | Column) -> Column:
    """Return the median of an array without nulls."""
    ordered = F.sort_array(numbers)
    middle = (F.size(ordered) - 1) / 2
    low, high = F.floor(middle).cast("int"), F.ceil(middle).cast("int")
    return (F.get(ordered, low) + F.get(ordered, high)) / 2


def _robust_z() -> Column:
    """Return by how many robust standard deviations the day is off (Iglewicz and Hoaglin 1993)."""
    expected = F.col("expected_readings")
    deviation = median(F.transform("_compared", lambda sent: F.abs(sent - expected)))
    # Of a source that sends the same every day, the smallest change would be odd.
    spread = F.greatest(deviation, expected * LEAST_SPREAD, F.lit(1.0))
    return (F.col("readings") - expected) * _MAD_OF_NORMAL / spread


def _outcome() -> Column:
    is_unknown = F.coalesce("_history", F.lit(0)) < HISTORY_NEEDED
    return (
        F.when(is_unknown, "too_little_history")
        .when(F.col("volume_z") > ODD_FROM_Z, "high")
        .when(F.col("volume_z") < -ODD_FROM_Z, "low")
        .otherwise("usual")
    )


def _with_days(slices: DataFrame, first: int, last: int) -> DataFrame:
    days = F.sequence(F.date_add("received_date", first), F.date_add("received_date", last))
    return slices.select("partner_id", F.explode(days).alias("received_date")).distinct()

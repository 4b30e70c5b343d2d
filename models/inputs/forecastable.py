"""features.hourly_load_profile -> the load that each series can be forecast from, or why it cannot.

The one place of the rule: what has no code here is told from its own load, what has too little
history from similar homes (models.borrowed.forecasts); insight_refusals says the code of the rest.
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contracts import LAGS, SHARES, lag_column, quantile_28d_column
from lake.feature_store.point_in_time import point_in_time
from models.inputs.lately import of_hours, of_last_hours

SERIES = ("partner_id", "location_id", "fuel", "direction")
# A week shows each weekday once; it has to be seen at every hour of the day.
DAYS_NEEDED = 7
LONGEST_SILENCE = timedelta(days=14)
# A swing below a thousandth of the highest hour is the meter's rounding.
_FLAT = 1e-3
BY_HOUR = (
    *(lag_column(days) for days in LAGS),
    "mean_7d_kwh",
    "mean_28d_kwh",
    "median_28d_kwh",
    "deviation_28d_kwh",
    *(quantile_28d_column(share) for share in SHARES),
    "days_observed",
)
# Of these, each hour looks at the one of its own kind of day.
BY_KIND = ("workday_mean_28d_kwh", "workday_median_28d_kwh", "weekend_mean_28d_kwh",
           "weekend_median_28d_kwh")  # fmt: skip


def recent(hourly_load_profile: DataFrame, *, clock: datetime) -> DataFrame:
    """Return a row a series with a profile of the last days as known at ``clock``; see known()."""
    since = (clock - LONGEST_SILENCE - timedelta(days=2)).date()
    newest = hourly_load_profile.where(
        # The month is said too, so that Delta skips the older partitions.
        (F.col("local_month") >= since.strftime("%Y-%m")) & (F.col("local_date") >= since)
    )
    asked = newest.select(*SERIES).distinct().withColumn("asked_at", F.lit(clock))
    return known(newest, asked)


def known(hourly_load_profile: DataFrame, asked: DataFrame) -> DataFrame:
    """Return a row a series and ``asked_at`` of ``asked`` for which some hour was known then.

    ``hours`` maps the local hour to its profile (kWh); ``level_kwh``, ``week_level_kwh`` and
    ``last_day_kwh`` are means an hour over 28 days, 7 days and the last day; lately.py says how
    the last hours differ from what is usual; ``days_observed`` is that of the hour observed least;
    ``code`` is null where the series can be forecast.
    """
    by_hour = point_in_time(
        asked.withColumn("local_hour", F.explode(F.sequence(F.lit(0), F.lit(23)))),
        hourly_load_profile,
        keys=[*SERIES, "local_hour"],
        at="asked_at",
        names=["local_date", "time_zone", *BY_HOUR, *BY_KIND],
        lookback=LONGEST_SILENCE,
    )
    one = F.struct("local_hour", F.struct("local_date", *BY_HOUR, *BY_KIND))
    return (
        by_hour.where("feature_at IS NOT NULL")
        .groupBy(*SERIES, "asked_at")
        .agg(
            F.max_by("time_zone", "feature_at").alias("time_zone"),
            F.map_from_entries(F.collect_list(one)).alias("hours"),
            F.count_if(F.col("days_observed") >= DAYS_NEEDED).cast("int").alias("hours_observed"),
            F.min("days_observed").alias("days_observed"),
            F.avg("mean_28d_kwh").alias("level_kwh"),
            F.avg("mean_7d_kwh").alias("week_level_kwh"),
            *of_hours(),
            F.count(F.lit(1)).alias("_hours"),
            F.max("deviation_28d_kwh").alias("_deviation"),
            F.min("mean_28d_kwh").alias("_lowest"),
            F.max("mean_28d_kwh").alias("_highest"),
        )
        .withColumns({"code": _code(), **of_last_hours()})
        .drop("_hours", "_deviation", "_lowest", "_highest", "_lately")
    )


def _code() -> Column:
    swing = F.greatest(F.col("_deviation"), F.col("_highest") - F.col("_lowest"))
    # Before the first whole day nothing is flat.
    is_flat = (F.col("_hours") == 24) & (swing <= _FLAT * F.col("_highest"))
    return F.when(is_flat, "no_variation").when(F.col("hours_observed") < 24, "too_little_history")

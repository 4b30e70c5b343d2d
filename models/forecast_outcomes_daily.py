"""models.load_forecasts + gold.energy_hourly -> models.forecast_outcomes_daily: what came of it.

A local day is scored for three leads (LEADS of the contract). Of the longer ones a day is scored by
one issue, another for each day, so that a month sees all of them at a fifth of the cost.
"""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from models.contracts import FORECAST_OUTCOMES_DAILY, QUANTILES, quantile_column
from models.inputs.forecastable import SERIES
from silver.contracts import HOME

_DAY_OF = [*SERIES, "local_date"]
_DAY_AHEAD_HOURS = 36
# P10 and P90 of a normal distribution are so many standard deviations apart.
_P10_TO_P90 = 2.5631


def forecast_outcomes_daily(
    load_forecasts: DataFrame, energy_hourly: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a series, local day and lead of which an hour was forecast and metered whole."""
    zones = locations.select(*HOME, "time_zone")
    is_whole = F.col("observed_intervals") == F.col("expected_intervals")
    true = energy_hourly.where(is_whole).select(
        *SERIES, "starts_at", F.col("energy_kwh").alias("true_kwh"), "known_at"
    )
    naive = true.select(
        *SERIES,
        F.col("starts_at").alias("naive_at"),
        F.col("true_kwh").alias("naive_kwh"),
        F.col("known_at").alias("naive_known_at"),
    )
    return (
        load_forecasts.where("resolution = 'PT1H'")
        .join(zones, on=HOME, how="inner")
        .transform(newest_of_lead)
        .join(true, on=[*SERIES, "starts_at"], how="inner")
        .withColumn("naive_at", _weeks_before())
        .join(naive, on=[*SERIES, "naive_at"], how="left")
        .transform(scored)
        .select(*FORECAST_OUTCOMES_DAILY.names)
    )


def touched_by_energy_hourly(changes: DataFrame) -> DataFrame:
    """Return the changed days, and those that are held against them a week or two later."""
    return changes.select(*HOME, _days("local_date", 0, 7, 14).alias("local_date")).distinct()


def touched_by_load_forecasts(changes: DataFrame, locations: DataFrame) -> DataFrame:
    """Return the days that are forecast; mostly nothing of them is known yet."""
    zones = locations.select(*HOME, "time_zone")
    return changes.join(zones, on=HOME).select(*HOME, _local_date()).distinct()


def needed_for_energy_hourly(slices: DataFrame) -> DataFrame:
    """Return the days, and those a week and two before, which are the naive forecast."""
    return slices.select(*HOME, _days("local_date", 0, -7, -14).alias("local_date")).distinct()


def needed_for_load_forecasts(slices: DataFrame) -> DataFrame:
    """Return the days on which the issues were made that the days are scored by."""
    day = F.col("local_date")
    issued = F.array(
        F.date_sub(day, 1), F.date_sub(day, 2), F.date_sub(day, _of_band(3, 5)),
        F.date_sub(day, _of_band(8, 6)),
    )  # fmt: skip
    return slices.select(*HOME, F.explode(issued).alias("issued_date")).distinct()


def newest_of_lead(forecasts: DataFrame) -> DataFrame:
    """Keep the hours of the issue that each day and lead is scored by; add the day and its length.

    ``expected_hours`` are those of the local day, ``lead_days`` from the issue's day (UTC) to it.
    """
    zone = F.col("time_zone")
    starts = F.to_utc_timestamp(F.col("local_date").cast("timestamp"), zone)
    ends = F.to_utc_timestamp(F.date_add("local_date", 1).cast("timestamp"), zone)
    lead_s = F.unix_seconds(starts) - F.unix_seconds("issued_at")
    of_lead = Window.partitionBy(*_DAY_OF, "lead")
    return (
        forecasts.withColumn("local_date", _local_date())
        .withColumns(
            {
                "lead_days": F.date_diff("local_date", "issued_date"),
                "_lead_s": lead_s,
                "expected_hours": ((F.unix_seconds(ends) - F.unix_seconds(starts)) / 3600),
            }
        )
        .withColumn("lead", _lead())
        .where("lead IS NOT NULL")
        .withColumn("_newest_at", F.max("issued_at").over(of_lead))
        .where("issued_at = _newest_at")
    )


def scored(hours: DataFrame) -> DataFrame:
    """Add up the hours of each series, day and lead."""
    true, middle = F.col("true_kwh"), F.col(quantile_column(0.5))
    error = F.abs(true - middle)
    is_inside = true.between(F.col("p10_kwh"), F.col("p90_kwh"))
    is_banded = F.col("p10_kwh") > 0
    # What was not known when the forecast was made is no rival of it.
    is_known = F.col("naive_known_at") <= F.col("issued_at")
    spread = (F.col("p90_kwh") - F.col("p10_kwh")) / _P10_TO_P90
    nothing = F.lit(0.0)
    return hours.groupBy(*_DAY_OF, "lead").agg(
        F.max("issued_at").alias("issued_at"),
        F.max("model_version").alias("model_version"),
        F.count(F.lit(1)).alias("hours"),
        F.max("expected_hours").alias("expected_hours"),
        F.sum("true_kwh").alias("actual_kwh"),
        F.sum(middle).alias("expected_kwh"),
        F.sqrt(F.sum(spread * spread)).alias("spread_kwh"),
        F.sum(error).alias("error_kwh"),
        F.sum(_pinball(true)).alias("pinball_kwh"),
        F.count_if(is_inside).alias("inside_hours"),
        F.count_if(is_banded).alias("banded_hours"),
        F.count_if(is_banded & is_inside).alias("banded_inside_hours"),
        F.count_if(is_known).alias("naive_hours"),
        F.coalesce(F.sum(F.when(is_known, F.abs(true - F.col("naive_kwh")))), nothing).alias(
            "naive_error_kwh"
        ),
        F.coalesce(F.sum(F.when(is_known, error)), nothing).alias("compared_error_kwh"),
        F.max(F.greatest("known_at", "naive_known_at")).alias("known_at"),
    )


def _local_date() -> Column:
    return F.to_date(F.from_utc_timestamp("starts_at", F.col("time_zone"))).alias("local_date")


def _lead() -> Column:
    is_near = F.col("_lead_s").between(0, _DAY_AHEAD_HOURS * 3600)
    return (
        F.when(is_near & F.col("lead_days").isin(1, 2), "day_ahead")
        .when(F.col("lead_days") == _of_band(3, 5), "days_3_to_7")
        .when(F.col("lead_days") == _of_band(8, 6), "days_8_to_13")
    )


def _of_band(first: int, count: int) -> Column:
    """Return the lead by which a day is scored, of ``count`` ones that take turns."""
    return (F.lit(first) + F.pmod(F.unix_date("local_date"), F.lit(count))).cast("int")


def _weeks_before() -> Column:
    """Return the same local hour on the newest day of that weekday that was over at the issue."""
    local = F.from_utc_timestamp("starts_at", F.col("time_zone"))
    days = F.when(F.col("lead_days") < 7, F.lit(7)).otherwise(F.lit(14))
    before = F.timestamp_add("DAY", -days, local)
    return F.to_utc_timestamp(before, F.col("time_zone"))


def _pinball(true: Column) -> Column:
    """Return the mean over the quantiles of the pinball loss (Koenker & Bassett 1978)."""
    losses = []
    for quantile in QUANTILES:
        above = true - F.col(quantile_column(quantile))
        losses.append(F.greatest(quantile * above, (quantile - 1) * above))
    return reduce(Column.__add__, losses) / len(QUANTILES)


def _days(day: str, *offsets: int) -> Column:
    return F.explode(F.array(*(F.date_add(day, offset) for offset in offsets)))

"""What is known of a series -> a row an hour to 14 days, with all that the forecast looks at."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contracts import LAGS, lag_column
from models.hourly.inputs import INPUTS
from models.inputs.forecastable import BY_HOUR
from models.inputs.surroundings import Surroundings, with_surroundings

HORIZON_HOURS = 14 * 24


def forecast_rows(
    known: DataFrame, around: Surroundings, *, first: Column, kept: Column | None = None
) -> DataFrame:
    """Return ``known`` (forecastable.py) with ``starts_at`` of each of 336 hours and INPUTS.

    The hours are whole ones of the local clock from ``first`` on; ``horizon_h`` counts from
    ``asked_at``. ``kept`` is a condition on ``horizon_h`` and the columns of ``known`` by which a
    sample is taken before anything is computed.
    """
    local = F.from_utc_timestamp("starts_at", F.col("time_zone"))
    seconds = F.unix_seconds("starts_at") - F.unix_seconds("asked_at")
    hours = whole_hours(known, first=first).withColumn("horizon_h", seconds / 3600)
    if kept is not None:
        hours = hours.where(kept)
    return (
        hours.withColumns({"local_hour": F.hour(local), "_date": F.to_date(local)})
        .transform(lambda rows: with_surroundings(rows, around))
        .withColumn("_hour", F.element_at("hours", F.col("local_hour")))
        .withColumns({name: F.col(f"_hour.{name}") for name in BY_HOUR if name != "days_observed"})
        .withColumns(
            {
                "days_ahead": F.date_diff("_date", "_hour.local_date"),
                "weekday": F.weekday("_date"),
                "day_of_year": F.dayofyear("_date"),
                "days_observed": F.col("_hour.days_observed"),
                "hour_before_kwh": _mean_of_hour(-1),
                "hour_after_kwh": _mean_of_hour(1),
                "kind_mean_28d_kwh": _of_its_kind("mean"),
                "kind_median_28d_kwh": _of_its_kind("median"),
            }
        )
        .withColumn("week_before_kwh", _week_before())
        .drop("_date", "_hour", "hours")
    )


def whole_hours(rows: DataFrame, *, first: Column) -> DataFrame:
    """Return each row with ``starts_at`` of the 336 whole hours of its ``time_zone`` from then."""
    into = F.unix_seconds(F.from_utc_timestamp(first, F.col("time_zone"))) % 3600
    start = F.unix_seconds(first) + (3600 - into) % 3600
    return (
        rows.withColumn("_start", start)
        .withColumn("_ahead", F.explode(F.sequence(F.lit(0), F.lit(HORIZON_HOURS - 1))))
        .withColumn("starts_at", F.timestamp_seconds(F.col("_start") + F.col("_ahead") * 3600))
        .drop("_start", "_ahead")
    )


def _mean_of_hour(step: int) -> Column:
    hour = F.pmod(F.col("local_hour") + step, F.lit(24))
    return F.element_at("hours", hour)["mean_28d_kwh"]


def _of_its_kind(statistic: str) -> Column:
    """The hour on such days, working days or free ones; on all where none of its kind was seen."""
    weekend, workday, all_days = (
        F.col(f"_hour.{kind}{statistic}_28d_kwh") for kind in ("weekend_", "workday_", "")
    )
    is_free = (F.weekday("_date") >= 5) | (F.col("is_holiday") == 1)
    return F.coalesce(F.when(is_free, weekend).otherwise(workday), all_days)


def _week_before() -> Column:
    """The newest known day with the weekday of the target: the seasonal naive forecast."""
    lags = F.array(*(lag_column(days) for days in LAGS))
    return F.element_at(lags, (F.pmod(-F.col("days_ahead"), F.lit(7)) + 1).cast("int"))


assert set(BY_HOUR) <= set(INPUTS)

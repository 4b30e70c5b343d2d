"""models.forecast_outcomes_daily -> the anomaly `daily`: a day off what was forecast of it.

Quantiles of hours do not add up to those of a day. So the sum of the medians, as issued before the
day, is corrected by the home's own last days: their errors, each over its own day's scale, give the
band (conformal prediction on normalised residuals: Lei et al. 2018, section 5.2; the past window
follows changes of the home: Gibbs & Candès 2021). No assumption of how hours go together is made.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.unusual.past_days import (
    HIGH_FENCE,
    LOW_FENCE,
    before,
    beyond,
    is_enough,
    known_until,
    quantile,
    said,
    series_words,
    sorted_past,
    window,
    words,
)

# What is told has to matter too: a fifth of the expected energy, and half a kWh.
_LEAST_SHARE, _LEAST_KWH = 0.2, 0.5
_RUN = 3
# A past of days that are all alike (zeros) has no scale.
_LEAST_SPREAD = 1e-3


def daily_band(outcomes: DataFrame) -> DataFrame:
    """Return a row a series and whole local day that was forecast the day ahead."""
    whole = outcomes.where("lead = 'day_ahead' AND hours = expected_hours")
    scale = F.greatest("spread_kwh", F.lit(_LEAST_SPREAD))
    run = window(1 - _RUN, 0)
    is_run = F.count("_off").over(run) == _RUN
    return (
        whole.withColumn("_scale", scale)
        .withColumn("_off", (F.col("actual_kwh") - F.col("expected_kwh")) / F.col("_scale"))
        .withColumn("_run", F.when(is_run, F.avg("_off").over(run)))
        .withColumns(
            {
                "_past": sorted_past(F.col("_off")),
                "_past_runs": sorted_past(F.col("_run"), _RUN),
                "_said_kwh": F.col("expected_kwh"),
                "_days": F.count("_off").over(before()),
                "known_at": known_until(_RUN),
            }
        )
        .withColumns(
            {
                "expected_kwh": _shifted(0.5),
                "low_kwh": _shifted(0.05),
                "high_kwh": _shifted(0.95),
                "_beyond": beyond(F.col("_off"), "_past"),
                "_run_beyond": F.when(is_enough("_past_runs"), _of_run()),
            }
        )
        .where(is_enough("_past"))
        .withColumns(
            {
                "kind": F.lit("daily"),
                "level": _level(),
                "side": F.when(F.col("actual_kwh") > F.col("expected_kwh"), "above").otherwise(
                    "below"
                ),
                "days": F.lit(1),
                "excess_kwh": F.col("actual_kwh") - F.col("expected_kwh"),
            }
        )
        .withColumns({"description": _description(), "details": _details()})
    )


def _shifted(share: float) -> Column:
    moved = F.col("_said_kwh") + F.col("_scale") * quantile("_past", share)
    return F.greatest(moved, F.lit(0.0))


def _of_run() -> Column:
    return beyond(F.col("_run"), "_past_runs")


def _level() -> Column:
    off = F.abs(F.col("actual_kwh") - F.col("expected_kwh"))
    matters = off >= F.greatest(F.lit(_LEAST_KWH), _LEAST_SHARE * F.col("expected_kwh"))
    day, run = F.abs("_beyond"), F.coalesce(F.abs("_run_beyond"), F.lit(0.0))
    is_same_way = F.signum("_beyond") == F.signum(F.coalesce("_run_beyond", F.lit(0.0)))
    is_run = is_same_way & (run >= LOW_FENCE) & (day >= 1)
    is_high = (day >= HIGH_FENCE) | (is_run & (day >= LOW_FENCE))
    return (
        F.when(~matters, "none")
        .when(is_high, "high")
        .when((day >= LOW_FENCE) | is_run, "low")
        .otherwise("none")
    )


def _description() -> Column:
    share = F.try_divide("excess_kwh", "expected_kwh") * 100
    return words(
        series_words(), " on ", F.col("local_date").cast("string"), ": ",
        said(F.col("actual_kwh")), " kWh, where ", said(F.col("low_kwh")), " to ",
        said(F.col("high_kwh")), " kWh were expected (", said(F.abs(share), 0), " % ",
        F.when(F.col("excess_kwh") < 0, "below").otherwise("above"), " the middle of ",
        said(F.col("expected_kwh")), " kWh).",
    )  # fmt: skip


def _details() -> Column:
    return F.to_json(
        F.struct(
            F.col("issued_at").alias("forecast_issued_at"),
            "model_version",
            F.col("_said_kwh").alias("forecast_kwh"),
            F.col("_days").alias("days_of_past"),
            F.col("_beyond").alias("off_by_tenths_of_past"),
            F.col("_run_beyond").alias("three_days_off_by_tenths_of_past"),
        )
    )

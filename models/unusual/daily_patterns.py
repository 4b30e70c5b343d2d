"""gold.energy_daily -> the anomalies `flat` and `spike`: what the home has not had before."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.local_clock import length_s
from models.unusual.past_days import (
    before,
    is_enough,
    known_until,
    quantile,
    said,
    series_words,
    sorted_past,
    window,
    words,
)

# A swing below a thousandth of the highest interval is the meter's rounding.
_FLAT = 1e-3
_USUAL_SHARE = 0.05
_FLAT_DAYS = 3
# Utilities' spike check (Uniform Business Practices for Unbundled Electricity Metering, VEE) holds
# a peak against the third highest; here of the days before. A kW less is any appliance.
_TIMES, _HIGH_TIMES, _LEAST_KW = 2.0, 4.0, 1.0


def flat(energy_daily: DataFrame) -> DataFrame:
    """Return a row a series and whole day: is it flat, and were days flat before?

    A day without any gas, heat or export is no fault, nor is one without production (snow, a polar
    night), so there zeros are not flat.
    """
    hours = length_s() / 3600
    is_level = F.col("energy_kwh") >= (1 - _FLAT) * F.col("peak_kw") * hours
    may_be_zero = (F.col("fuel") != "elec") | F.col("direction").isin("export", "production")
    is_flat = is_level & ((F.col("peak_kw") > 0) | ~may_be_zero)
    share = F.avg(F.col("_is_flat").cast("double")).over(before(_FLAT_DAYS))
    run = F.sum(F.col("_is_flat").cast("int")).over(window(1 - _FLAT_DAYS, 0))
    return (
        whole_days(energy_daily)
        .withColumn("_is_flat", F.coalesce(is_flat, F.lit(False)))
        .withColumns(
            {
                "_share": share,
                "_run": run,
                "_past": sorted_past(F.col("energy_kwh"), _FLAT_DAYS),
                "_known": known_until(_FLAT_DAYS),
            }
        )
        .where(is_enough("_past"))
        .withColumns({"kind": F.lit("flat"), "actual_kwh": F.col("energy_kwh")})
        .withColumns(_of_past())
        .withColumns(
            {
                "level": F.when(~F.col("_is_flat") | (F.col("_share") > _USUAL_SHARE), "none")
                .when(F.col("_run") >= _FLAT_DAYS, "high")
                .otherwise("low"),
                "side": F.when(F.col("excess_kwh") < 0, "below").otherwise("above"),
                "days": F.greatest(F.col("_run"), F.lit(1)).cast("int"),
                "description": words(
                    series_words(), " on ", F.col("local_date").cast("string"),
                    ": all intervals alike at ", said(F.col("peak_kw"), 3),
                    " kW. A meter, or its connection, may stand still.",
                ),
                "details": F.to_json(
                    F.struct(
                        "peak_kw",
                        F.col("_run").alias("flat_days"),
                        F.col("_share").alias("share_of_past_days_flat"),
                        F.size("_past").alias("days_of_past"),
                    )
                ),
                "known_at": F.col("_known"),
            }
        )
    )  # fmt: skip


def spike(energy_daily: DataFrame) -> DataFrame:
    """Return a row a series and whole day: its peak against the third highest before it (kW)."""
    third = F.get("_past", F.size("_past") - 3)
    times = F.try_divide("peak_kw", "_third")
    # What rested for weeks, as heat does in summer, may begin again.
    has_rested = (F.col("fuel") != "elec") & (F.col("_third") == 0)
    is_more = (F.col("peak_kw") - F.col("_third") >= _LEAST_KW) & ~has_rested
    none = F.lit(None).cast("double")
    return (
        whole_days(energy_daily)
        .withColumns({"_past": sorted_past(F.col("peak_kw")), "_known": known_until()})
        .where(is_enough("_past"))
        .withColumn("_third", third)
        .withColumn("_times", times)
        .withColumns(
            {
                "kind": F.lit("spike"),
                "level": F.when(~is_more, "none")
                .when(F.coalesce(F.col("_times") >= _HIGH_TIMES, F.lit(True)), "high")
                .when(F.col("_times") >= _TIMES, "low")
                .otherwise("none"),
                "side": F.lit("above"),
                "days": F.lit(1),
                **dict.fromkeys(("actual_kwh", "expected_kwh", "low_kwh", "high_kwh"), none),
                "excess_kwh": none,
                "description": words(
                    series_words(), " on ", F.col("local_date").cast("string"), ": a power of ",
                    said(F.col("peak_kw")), " kW, where the highest of the weeks before were ",
                    said(F.col("_third")), " kW.",
                ),
                "details": F.to_json(
                    F.struct(
                        "peak_kw",
                        "peak_at",
                        F.col("_third").alias("third_highest_kw"),
                        quantile("_past", 0.5).alias("median_kw"),
                        F.size("_past").alias("days_of_past"),
                    )
                ),
                "known_at": F.col("_known"),
            }
        )
    )  # fmt: skip


def whole_days(energy_daily: DataFrame) -> DataFrame:
    """Return the days metered whole by intervals of an hour or less, none of them estimated."""
    is_whole = F.col("observed_intervals") == F.col("expected_intervals")
    return energy_daily.where(
        is_whole & (F.col("expected_intervals") >= 23) & (F.col("estimated_share") == 0)
    )


def _of_past() -> dict[str, Column]:
    """Say the day's energy as it was in the past: median, 5 and 95 %."""
    middle = quantile("_past", 0.5)
    return {
        "expected_kwh": middle,
        "low_kwh": quantile("_past", 0.05),
        "high_kwh": quantile("_past", 0.95),
        "excess_kwh": F.col("actual_kwh") - middle,
    }

"""gold.energy_daily, energy_monthly, costs -> the anomaly `high_month`: will this month be dear?

The month so far, and its rest at the level of the last two weeks; the rest is as uncertain as the
weeks of the last two months differ from one another, so no model of the home is needed. Held
against the same month a year before, in money where both are priced, else in energy.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from models.inputs.forecastable import SERIES
from models.unusual.past_days import said, series_words, window, words

# A month is judged from its second week on, and held against one that is this complete.
_LEAST_DAYS, _COMPLETE = 7, 0.9
_WEEK, _LEVEL_DAYS, _WEEKS = 7, 14, 8
_MORE = 1.2


def high_month(
    energy_daily: DataFrame, energy_monthly: DataFrame, cost_daily: DataFrame,
    cost_monthly: DataFrame,
) -> DataFrame:  # fmt: skip
    """Return a row a series (import, consumption) and day from the 7th on: the month as projected.

    kWh and ``currency`` of the whole month; ``known_at`` of all that went in.
    """
    used = energy_daily.where("direction IN ('import', 'consumption') AND energy_kwh IS NOT NULL")
    return (
        # The energy's own cost is at spot price.
        used.drop("cost", "currency")
        .withColumn("_share", F.col("observed_intervals") / F.col("expected_intervals"))
        .join(_paid(cost_daily, "local_date"), on=[*SERIES, "local_date"], how="left")
        .transform(so_far)
        .join(normal(energy_monthly, cost_monthly), on=[*SERIES, "local_month"], how="inner")
        .transform(projected)
        .withColumns({"level": _level(), "side": _side(), "description": _description()})
        .withColumns(
            {
                "kind": F.lit("high_month"),
                "days": F.dayofmonth("local_date"),
                "expected_kwh": F.col("_normal_kwh"),
                "excess_kwh": F.col("actual_kwh") - F.col("_normal_kwh"),
                "details": _details(),
                "low_kwh": F.col("_low_kwh"),
                "high_kwh": F.col("_high_kwh"),
                "known_at": F.greatest("_known_at", "_normal_known_at"),
            }
        )
    )


def so_far(days: DataFrame) -> DataFrame:
    """Add the sums of the month to the day, and the level and extremes of the weeks before it."""
    month = Window.partitionBy(*SERIES, "local_month").orderBy("local_date").rowsBetween(
        Window.unboundedPreceding, Window.currentRow
    )  # fmt: skip
    week = window(1 - _WEEK, 0)
    of_week = F.when(F.count("energy_kwh").over(week) == _WEEK, F.avg("energy_kwh").over(week))
    weeks, level = window(-_WEEK * (_WEEKS - 1), 0), window(1 - _LEVEL_DAYS, 0)
    unpaid = F.count_if(F.col("paid").isNull()).over(month)
    return (
        days.withColumn("_week_kwh", of_week)
        .withColumns(
            {
                "_days": F.count(F.lit(1)).over(month),
                "_complete": F.avg("_share").over(month),
                "_so_far_kwh": F.sum("energy_kwh").over(month),
                "_so_far_paid": F.when(unpaid == 0, F.sum("paid").over(month)),
                "_level_kwh": F.avg("energy_kwh").over(level),
                "_least_kwh": F.min("_week_kwh").over(weeks),
                "_most_kwh": F.max("_week_kwh").over(weeks),
                "_weeks": F.count("_week_kwh").over(weeks),
                "_known_at": F.max("known_at").over(weeks),
            }
        )
        .where(
            (F.col("_days") == F.dayofmonth("local_date"))
            & (F.col("_days") >= _LEAST_DAYS)
            & (F.col("_complete") >= _COMPLETE)
            & (F.col("_weeks") >= _WEEK * _WEEKS / 2)
        )
    )


def normal(energy_monthly: DataFrame, cost_monthly: DataFrame) -> DataFrame:
    """Return what each month is held against: the same month a year before, where complete."""
    paid = _paid(cost_monthly, "local_date").withColumnsRenamed(
        {"paid": "_normal_paid", "currency": "_normal_currency"}
    )
    complete = F.col("observed_intervals") / F.col("expected_intervals") >= _COMPLETE
    following = F.date_format(F.add_months("local_date", 12), "yyyy-MM")
    return (
        energy_monthly.where(complete & F.col("energy_kwh").isNotNull())
        .join(paid, on=[*SERIES, "local_date"], how="left")
        .select(
            *SERIES, following.alias("local_month"), F.col("energy_kwh").alias("_normal_kwh"),
            "_normal_paid", "_normal_currency", F.col("known_at").alias("_normal_known_at"),
        )
    )  # fmt: skip


def projected(days: DataFrame) -> DataFrame:
    """Add the whole month: what is there, and the rest; a part of a week is less certain."""
    rest = F.dayofmonth(F.last_day("local_date")) - F.dayofmonth("local_date")
    wider = F.sqrt(F.lit(float(_WEEK)) / F.least(F.greatest("_rest", F.lit(1)), F.lit(_WEEK)))
    level = F.col("_level_kwh")
    least, most = F.least("_least_kwh", level), F.greatest("_most_kwh", level)
    low = F.greatest(level - (level - least) * wider, F.lit(0.0))
    high = level + (most - level) * wider
    whole = {name: F.col("_so_far_kwh") + F.col("_rest") * daily for name, daily in (
        ("actual_kwh", level), ("_low_kwh", low), ("_high_kwh", high))}  # fmt: skip
    price = F.try_divide("_so_far_paid", "_so_far_kwh")
    is_priced = F.col("currency") == F.col("_normal_currency")
    paid = F.when(is_priced, F.col("actual_kwh") * price)
    in_money = F.try_divide("_paid", F.when(F.col("_normal_paid") > 0, F.col("_normal_paid")))
    in_energy = F.try_divide("actual_kwh", "_normal_kwh")
    return (
        days.withColumn("_rest", rest)
        .withColumns(whole)
        .withColumn("_paid", paid)
        .withColumn("_times", F.coalesce(in_money, in_energy))
        .withColumn("_low_times", F.col("_times") * F.try_divide("_low_kwh", "actual_kwh"))
    )


def _paid(costs: DataFrame, day: str) -> DataFrame:
    """Return what all elements of a day or month cost with tax; null where one is not known."""
    is_known = F.count_if(F.col("total_amount").isNull()) == 0
    return costs.groupBy(*SERIES, day).agg(
        F.when(is_known, F.sum("total_amount")).alias("paid"),
        F.max("currency").alias("currency"),
    )


def _level() -> Column:
    is_likely = F.coalesce(F.col("_low_times") >= _MORE, F.lit(False))
    is_possible = (F.col("_times") >= _MORE) & (F.col("_low_times") > 1)
    return F.when(is_likely, "high").when(F.coalesce(is_possible, F.lit(False)), "low").otherwise(
        "none"
    )  # fmt: skip


def _side() -> Column:
    return F.when(F.col("actual_kwh") >= F.col("_normal_kwh"), "above").otherwise("below")


def _description() -> Column:
    in_money = words(
        " It would cost ", said(F.col("_paid"), 2), " ", F.col("currency"), " rather than ",
        said(F.col("_normal_paid"), 2), ".",
    )  # fmt: skip
    has_money = F.col("_paid").isNotNull() & (F.col("_normal_paid") > 0)
    return words(
        series_words(), " of ", F.col("local_month"), ": ", said(F.col("_so_far_kwh"), 0),
        " kWh until ", F.col("local_date").cast("string"), " and ", said(F.col("actual_kwh"), 0),
        " kWh (", said(F.col("_low_kwh"), 0), " to ", said(F.col("_high_kwh"), 0),
        ") by its end, where the same month a year before had ", said(F.col("_normal_kwh"), 0),
        " kWh.", F.when(has_money, in_money).otherwise(""),
    )  # fmt: skip


def _details() -> Column:
    return F.to_json(
        F.struct(
            F.col("_so_far_kwh").alias("so_far_kwh"),
            F.col("_rest").alias("days_left"),
            F.col("_low_kwh").alias("projected_low_kwh"),
            F.col("_high_kwh").alias("projected_high_kwh"),
            F.col("_so_far_paid").alias("so_far_cost"),
            F.col("_paid").alias("projected_cost"),
            F.col("_normal_paid").alias("normal_cost"),
            "currency",
            F.col("_times").alias("times_normal"),
        )
    )

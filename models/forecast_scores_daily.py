"""models.forecast_outcomes_daily -> models.forecast_scores_daily: is the forecast still true?

A day's figures are of all homes of a partner; the mark of drift looks back over 14 days, by rules
that stand in the contract, since `lake monitor` asks the same of all partners together.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from models.contracts import FORECAST_SCORES_DAILY
from models.contracts.scores import COVERAGE, DAYS_NEEDED, HOURS_NEEDED, WINDOW_DAYS

_GROUP = ["partner_id", "model_version", "fuel", "direction", "lead"]
_SUMS = (
    "hours", "error_kwh", "pinball_kwh", "inside_hours", "banded_hours", "banded_inside_hours",
    "naive_hours", "naive_error_kwh", "compared_error_kwh",
)  # fmt: skip


def forecast_scores_daily(forecast_outcomes_daily: DataFrame) -> DataFrame:
    """Return a row a partner, model version, fuel, direction, lead and local day with a score."""
    return (
        over_days(forecast_outcomes_daily)
        .groupBy(*_GROUP, "local_date")
        .agg(
            F.count_distinct("location_id").alias("homes"),
            *(F.sum(name).alias(name) for name in _SUMS),
            F.percentile("_home_coverage", F.lit(0.1)).alias("coverage_worst_tenth_14d"),
            F.max("known_at").alias("known_at"),
        )
        .transform(over_window)
        .withColumns(
            {
                "mae_kwh": F.try_divide("error_kwh", "hours"),
                "pinball_kwh": F.try_divide("pinball_kwh", "hours"),
                "coverage": F.try_divide("inside_hours", "hours"),
                "banded_coverage": F.try_divide("banded_inside_hours", "banded_hours"),
                "naive_mae_kwh": F.try_divide("naive_error_kwh", "naive_hours"),
                "compared_mae_kwh": F.try_divide("compared_error_kwh", "naive_hours"),
                "drift": _drift(),
            }
        )
        .select(*FORECAST_SCORES_DAILY.names)
    )


def touched_by_forecast_outcomes_daily(changes: DataFrame) -> DataFrame:
    """Return the days whose window holds a changed one."""
    day = F.explode(F.sequence("local_date", F.date_add("local_date", WINDOW_DAYS - 1)))
    return changes.select("partner_id", "local_date").distinct().select(
        "partner_id", day.alias("local_date")
    )  # fmt: skip


def needed_for(touched: DataFrame) -> DataFrame:
    """Return the days of the windows of the touched days."""
    day = F.explode(F.sequence(F.date_sub("local_date", WINDOW_DAYS - 1), "local_date"))
    return touched.select("partner_id", day.alias("local_date")).distinct()


def over_days(outcomes: DataFrame) -> DataFrame:
    """Add a home's own coverage of the last days (banded hours)."""
    of_home = _window([*_GROUP, "location_id"])
    inside, hours = (F.sum(n).over(of_home) for n in ("banded_inside_hours", "banded_hours"))
    return outcomes.withColumn("_home_coverage", F.try_divide(inside, hours))


def over_window(days: DataFrame) -> DataFrame:
    """Add the figures of the last days."""
    window = _window(_GROUP)
    sums = {name: F.sum(name).over(window) for name in _SUMS}
    return days.withColumns(
        {
            "_days": F.count(F.lit(1)).over(window),
            "hours_14d": sums["banded_hours"],
            "_naive_hours_14d": sums["naive_hours"],
            "coverage_14d": F.try_divide(sums["banded_inside_hours"], sums["banded_hours"]),
            "mae_over_naive_14d": F.try_divide(
                sums["compared_error_kwh"], sums["naive_error_kwh"]
            ),
        }
    )  # fmt: skip


def _window(group: list[str]) -> WindowSpec:
    by_day = Window.partitionBy(*group).orderBy(F.unix_date("local_date"))
    return by_day.rangeBetween(1 - WINDOW_DAYS, 0)


def _drift() -> Column:
    has_days = F.col("_days") >= DAYS_NEEDED
    has_band = has_days & (F.col("hours_14d") >= HOURS_NEEDED)
    has_naive = has_days & (F.col("_naive_hours_14d") >= HOURS_NEEDED)
    is_off = has_band & ~F.col("coverage_14d").between(*COVERAGE)
    is_worse = has_naive & F.coalesce(F.col("mae_over_naive_14d") > 1, F.lit(False))
    return (
        F.when(is_off & is_worse, "coverage_and_error")
        .when(is_off, "coverage")
        .when(is_worse, "error")
        .when(has_band | has_naive, "none")
        .otherwise("too_little")
    )

"""The profiles of a series' 24 hours -> how its last hours differ from what is usual at them.

What is known of an hour is told when the hour is over, so where readings come as they are made this
knows the morning by noon; where they come a day late, the day before. An hour's error lasts for
some hours and fades (Hyndman & Athanasopoulos, "Forecasting: principles and practice", on
autocorrelated errors), and a home that is empty or full stays so for days.
"""

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from features.contracts import LAGS, lag_column
from models.hourly.inputs import LAST_HOURS

_LONGEST_SILENT_H = 72.0


def of_hours() -> list[Column]:
    """Return what is added up over the 24 hours (kWh); ``_lately`` holds the newest first."""
    hour = F.struct("feature_at", _off().alias("off"))
    newest_first = F.reverse(F.array_sort(F.collect_list(hour)))
    return [
        F.avg("lag_1d_kwh").alias("last_day_kwh"),
        F.max("lag_1d_kwh").alias("highest_hour_kwh"),
        F.min("lag_1d_kwh").alias("lowest_hour_kwh"),
        F.avg(F.signum(_off())).alias("day_above"),
        F.avg(_week_above()).alias("week_above"),
        F.max("feature_at").alias("last_at"),
        newest_first.alias("_lately"),
    ]


def of_last_hours() -> dict[str, Column]:
    """Return the means of the hours known last (kWh), and for how long nothing is known (h)."""
    silent = F.unix_seconds("asked_at") - F.unix_seconds("last_at")
    return {
        **{f"last_{hours}h_off_kwh": _mean_off(hours) for hours in LAST_HOURS},
        "silent_h": F.least(silent / 3600, F.lit(_LONGEST_SILENT_H)),
    }


def _off() -> Column:
    return F.col("lag_1d_kwh") - F.col("median_28d_kwh")


def _week_above() -> Column:
    """Return how often in a week the hour was above its median, less how often below (-1 to 1)."""
    signs = [F.signum(F.col(lag_column(d)) - F.col("median_28d_kwh")) for d in LAGS]
    total = reduce(Column.__add__, (F.coalesce(sign, F.lit(0.0)) for sign in signs))
    return total / len(LAGS)


def _mean_off(hours: int) -> Column:
    last = F.slice("_lately", 1, hours)
    total = F.aggregate(last, F.lit(0.0), lambda total, hour: total + hour["off"])
    return total / F.size(last)

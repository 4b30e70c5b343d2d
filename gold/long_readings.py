"""Readings of longer than a day beside the days of their month -> which of them it is made of.

Each is judged against the days within its own span: where they fill it up it is not needed, else it
stands for them, and the days outside of it count beside it. A span is looked at as far as its month
goes, which is what a change touches.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.local_clock import local_midnight

_MONTH_OF = ["partner_id", "location_id", "fuel", "direction", "local_month"]
_DAY_OF = [*_MONTH_OF, "local_date"]
_SPAN = ["starts_at", "ends_at"]
# Daily totals count as 24 hours, also where the clocks change.
_AN_HOUR = 3600


def not_filled(long: DataFrame, days: DataFrame) -> DataFrame:
    """Return the long readings that the days within them do not fill up.

    Both are parts (gold.energy.as_parts) with ``time_zone``, the readings with their span too.
    """
    read = F.when(F.col("_observed") > 0, F.col("_within")).otherwise(0)
    covered = within(long, days).groupBy(*_MONTH_OF, *_SPAN).agg(F.sum(read).alias("_covered"))
    next_month = F.add_months(F.trunc("local_date", "month"), 1)
    until = F.least("ends_at", local_midnight(next_month))
    length = F.unix_seconds(until) - F.unix_seconds("starts_at")
    is_needed = F.coalesce(F.col("_covered") < length - _AN_HOUR, F.lit(True))
    return long.join(covered, on=[*_MONTH_OF, *_SPAN], how="left").where(is_needed).drop("_covered")


def outside(days: DataFrame, long: DataFrame) -> DataFrame:
    """Return the days that do not mostly lie within one of the long readings."""
    inside = within(long, days).where(F.col("_within") * 2 > F.col("_known"))
    return days.join(inside.select(*_DAY_OF).distinct(), on=_DAY_OF, how="left_anti")


def within(long: DataFrame, days: DataFrame) -> DataFrame:
    """Return the pairs of one month, with how much of the day is ``_within`` the reading, in s.

    ``_known`` is how much of the day was read, or all of it where nothing was and it was filled in.
    What fits into the rest of the day is outside: a meter may have begun when the other ended.
    """
    midnight_s, next_s = (
        F.unix_seconds(local_midnight(day))
        for day in (F.col("local_date"), F.date_add("local_date", 1))
    )
    first_s, end_s = (F.unix_seconds(edge) for edge in _SPAN)
    shared = F.greatest(F.least(end_s, next_s) - F.greatest(first_s, midnight_s), F.lit(0))
    length = next_s - midnight_s
    read = F.when(F.col("_observed") > 0, F.least("_observed", length)).otherwise(length)
    in_it = F.greatest(F.col("_known") - (length - shared), F.lit(0))
    return (
        long.select(*_MONTH_OF, *_SPAN)
        .join(days.select(*_DAY_OF, "time_zone", "_observed"), on=_MONTH_OF, how="inner")
        .withColumn("_known", read)
        .withColumn("_within", in_it)
    )

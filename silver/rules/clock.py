"""Rules of the clock: days of 23 and 25 hours that were sent as if they had 24."""

from pyspark.sql import functions as F

from silver.rules.days import Broken, is_of_intervals

_DAY_S = 86_400
_HOUR_S = 3600


def clock_change_count() -> Broken:
    """A clock-change day that lacks just an hour, after a day that lacks nothing.

    The sender has slots for 24 hours: in autumn one is left over, in spring one is empty, and what
    follows may stand an hour off. Its energy is right but for the hour, so it is a warning.

    A surplus is not told. Where in spring all 24 slots are filled, the last falls on the first hour
    of the next day, whose own line says it again and wins; the other goes to the revisions. The
    line alone is no proof: where meter days are of standard time all year, as in Sweden, it is
    right that 24 hours begin at midnight of that day, and the next line at 1:00.
    """
    day_s = F.col("expected_intervals") * F.col("interval_s")
    missing_s = day_s - F.col("intervals") * F.col("interval_s")
    last = F.get("_before", F.size("_before") - 1)
    day_before_is_whole = (last["_day"] == F.col("_day") - 1) & (
        last["intervals"] * F.col("interval_s") == _DAY_S
    )
    is_broken = is_of_intervals() & (day_s != _DAY_S) & (missing_s == _HOUR_S)
    return Broken(
        is_broken & F.coalesce(day_before_is_whole, F.lit(False)),
        F.col("intervals").cast("double"),
        F.col("expected_intervals").cast("double"),
    )

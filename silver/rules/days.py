"""A day of a meter with the days before it (``_before``), and what a rule says of it."""

from collections.abc import Callable
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from silver.contracts import HISTORY_OF_METER_DAYS

_SERIES = ("partner_id", "location_id", "meter_id", "direction", "resolution")
_FIGURES = (
    "highest_kw", "lowest_kw", "energy_kwh", "intervals", "zero_intervals", "_night_share",
    "_night_kwh", "_said_intervals", "_said_kwh", "_said_kw",
)  # fmt: skip
# A day of which less is known says little of what is usual.
_OBSERVED = 0.9
# Two weeks tell what is usual: working days and free ones, twice.
HISTORY_NEEDED = 14
DAYS_AHEAD = 2


class Broken(NamedTuple):
    """What a rule says of a day: whether it is broken, what was seen, what it is held against."""

    is_broken: Column
    observed: Column
    limit: Column


def with_days_around(meter_days: DataFrame) -> DataFrame:
    """Add ``_before`` and ``_after``: the figures of the well observed days around each day.

    35 days before, the oldest first, and 2 after; ``_day`` numbers them. What is held is said too:
    ``_said_intervals``, ``_said_kwh`` and the highest ``_said_kw`` are with it. A window gives them
    in its order: to sort them again, with an order that is worked out row by row, took most of the
    time.
    """
    by_day = Window.partitionBy(*_SERIES).orderBy("_day")
    said = {
        "_said_intervals": F.col("intervals") + F.col("held_intervals"),
        "_said_kwh": F.col("energy_kwh") + F.col("held_kwh"),
        "_said_kw": F.greatest("highest_kw", "held_highest_kw"),
    }
    is_observed = F.col("_said_intervals") >= _OBSERVED * F.col("expected_intervals")
    figures = F.when(is_observed, F.struct("_day", *_FIGURES))
    before = by_day.rangeBetween(-HISTORY_OF_METER_DAYS, -1)
    days = meter_days.withColumns({"_day": F.unix_date("local_date"), **said})
    return days.withColumns(
        {
            "_before": F.collect_list(figures).over(before),
            "_after": F.collect_list(figures).over(by_day.rangeBetween(1, DAYS_AHEAD)),
        }
    )


def the_day() -> Column:
    """Return the figures of the day itself."""
    return F.struct("_day", *_FIGURES)


def is_of_intervals() -> Column:
    """Tell whether the day is told in intervals of an hour at most."""
    return F.col("interval_s") <= 3600


def is_whole() -> Column:
    """Tell whether no interval of the day is missing."""
    return F.col("intervals") >= F.col("expected_intervals")


def has_history() -> Column:
    """Tell whether enough days before are known."""
    return F.size("_before") >= HISTORY_NEEDED


def each(days: str | Column, figure: str) -> Column:
    """Return one figure of each of the days."""
    return F.transform(days, lambda day: day[figure])


def share(days: str, holds: Callable[[Column], Column]) -> Column:
    """Return the share of the days for which something holds; of no days null."""
    return F.try_divide(F.size(F.filter(days, holds)), F.size(days))


def median(values: Column) -> Column:
    """Return the middle of the values, of an even number the lower one in the middle; or null."""
    return F.get(F.sort_array(values), F.floor((F.size(values) - 1) / 2))


def mean(values: Column) -> Column:
    """Return the mean of the values; of none null."""
    total = F.aggregate(values, F.lit(0.0), lambda sum_, one: sum_ + one)
    return F.try_divide(total, F.size(values))

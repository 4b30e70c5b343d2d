"""The days before a day -> what is usual at a home: robust fences from its own past, no training.

A fence lies so many times as far from the median as the past's tenth or ninetieth percentile does,
on each side by itself: energy is skewed (Hubert & Vandervieren 2008, "An adjusted boxplot for
skewed distributions"), and a tenth of odd days in the past does not move it.
"""

from pyspark.sql import Column, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from models.contracts import DAYS_NEEDED, PAST_DAYS
from models.inputs.forecastable import SERIES

# Of a normal distribution 1.28 standard deviations each: 3.2 and 5.1 of them.
LOW_FENCE, HIGH_FENCE = 2.5, 4.0


def window(first: int, last: int) -> WindowSpec:
    """Return the days from ``first`` to ``last``, counted from the day itself (-1: yesterday)."""
    by_day = Window.partitionBy(*SERIES).orderBy(F.unix_date("local_date"))
    return by_day.rangeBetween(first, last)


def before(span: int = 1) -> WindowSpec:
    """Return the past of a look at the last ``span`` days."""
    return window(1 - span - PAST_DAYS, -span)


def sorted_past(value: Column, span: int = 1) -> Column:
    """Return the past's values in order, which quantile() and is_enough() take."""
    return F.sort_array(F.collect_list(value).over(before(span)))


def known_until(span: int = 1) -> Column:
    """Return when the last of a day and its past was known."""
    return F.max("known_at").over(window(1 - span - PAST_DAYS, 0))


def is_enough(past: str) -> Column:
    """Tell whether the past has days enough to judge by."""
    return F.size(past) >= DAYS_NEEDED


def quantile(past: str, share: float) -> Column:
    """Return a quantile of a sorted past, of two the one that is further from the middle."""
    place = F.floor if share <= 0.5 else F.ceil
    return F.get(past, place((F.size(past) - 1) * F.lit(share)).cast("int"))


def beyond(value: Column, past: str) -> Column:
    """Return by how many fences a value lies off the past's median; below it: less than zero."""
    middle = quantile(past, 0.5)
    above, below = quantile(past, 0.9) - middle, middle - quantile(past, 0.1)
    off = value - middle
    # A past without any spread has no fence: what differs at all is far beyond it.
    none = F.when(off == 0, F.lit(0.0)).otherwise(F.signum(off) * F.lit(1e6))
    return F.coalesce(F.try_divide(off, F.when(off > 0, above).otherwise(below)), none)


def words(*parts: Column | str) -> Column:
    """Join text and columns."""
    return F.concat(*(F.lit(part) if isinstance(part, str) else part for part in parts))


def said(number: Column, digits: int = 1) -> Column:
    """Return a number as text."""
    text = F.format_string(f"%.{digits}f", number)
    return F.when(number.isNotNull(), text).otherwise("?")


def series_words() -> Column:
    """Name the fuel and the direction."""
    fuel = F.when(F.col("fuel") == "elec", "Electricity").when(
        F.col("fuel") == "gas", "Gas"
    ).otherwise("District heat")  # fmt: skip
    return F.concat(fuel, F.lit(" ("), F.col("direction"), F.lit(")"))

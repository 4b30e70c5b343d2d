"""The clock of a place: when its days begin, and from where its steps can be counted."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from gold.uneven_zones import uneven_zones


def clock_s(step_s: int) -> Column:
    """Return the start of an interval in s from which steps of the wall clock can be counted.

    They are steps of UTC, but in the zones that are off by a part of one: to read a clock takes
    longer than all the rest of a row.
    """
    local_s = F.unix_seconds(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    is_uneven = F.col("time_zone").isin(*uneven_zones(step_s))
    return F.when(is_uneven, local_s).otherwise(F.unix_seconds("starts_at"))


def local_midnight(day: Column) -> Column:
    """Return the instant at which a local day begins."""
    return F.to_utc_timestamp(day.cast("timestamp"), F.col("time_zone"))

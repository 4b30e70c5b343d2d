"""Readings of free periods, as bills are -> whether gold counts them (decision 0024)."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from lake.local_clock import length_s
from silver.said_once import LONGEST_DAY_S

LONGEST_MONTH_S = 32 * 86_400


def is_counted() -> Column:
    """Tell whether a reading tells a day or a month: of free periods those mostly in their month.

    The rule is that of stretches between register reads (silver.register_energy); what it leaves
    out stays in silver.meter_readings.
    """
    half_days = (length_s() / (2 * 86_400)).cast("int")
    of_middle = F.date_format(F.date_add("local_date", half_days), "yyyy-MM")
    is_of_month = (length_s() <= LONGEST_MONTH_S) & (of_middle == F.col("local_month"))
    return (
        F.when(length_s() <= LONGEST_DAY_S, True)
        .when(F.col("resolution") == "P1M", True)
        .otherwise(is_of_month)
    )

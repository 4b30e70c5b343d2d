"""gold.energy_daily -> gold.energy_weekly: by ISO week of the local calendar."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.energy import slices_of
from gold.longer_periods import days_of, first_days, in_longer

# 2: money of two currencies does not add up.
RULE_VERSION = 2
PERIOD = "week"


def energy_weekly(energy_daily: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a location, fuel, direction and ISO week (from Monday) with a day.

    A week of the turn of the year is one; a month that was said as a whole is in no week.
    """
    return in_longer(energy_daily, locations, named=PERIOD, following=F.date_add("local_date", 7))


def touched_by_energy_daily(changes: DataFrame) -> DataFrame:
    """Return the weeks of the days."""
    return first_days(changes, named=PERIOD)


def touched_by_locations(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return all weeks of the locations: their zone may be another."""
    return first_days(slices_of(changes, energy_daily, "local_date"), named=PERIOD)


def needed_for_energy_daily(slices: DataFrame) -> DataFrame:
    """Return the seven days of each week."""
    return days_of(slices, named=PERIOD, last=F.date_add("local_date", 6), step="1 DAY")

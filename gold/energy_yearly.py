"""gold.energy_monthly -> gold.energy_yearly: by year of the local calendar."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.energy import slices_of
from gold.longer_periods import days_of, first_days, in_longer

# 2: money of two currencies does not add up.
RULE_VERSION = 2
PERIOD = "year"


def energy_yearly(energy_monthly: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a location, fuel, direction and local year with a month.

    A month that was said as a whole counts as a twelfth of the year's time.
    """
    return in_longer(
        energy_monthly, locations, named=PERIOD, following=F.add_months("local_date", 12)
    )


def touched_by_energy_monthly(changes: DataFrame) -> DataFrame:
    """Return the years of the months."""
    return first_days(changes, named=PERIOD)


def touched_by_locations(changes: DataFrame, energy_monthly: DataFrame) -> DataFrame:
    """Return all years of the locations: their zone may be another."""
    return first_days(slices_of(changes, energy_monthly, "local_date"), named=PERIOD)


def needed_for_energy_monthly(slices: DataFrame) -> DataFrame:
    """Return the first days of the twelve months of each year."""
    return days_of(slices, named=PERIOD, last=F.add_months("local_date", 11), step="1 MONTH")

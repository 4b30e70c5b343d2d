"""gold.energy_daily + silver.energy_in_context -> gold.energy_monthly: by local month."""

from pyspark.sql import DataFrame

from gold.energy import in_months, slices_of

# 2: sums of shorter periods; degree days by country. 3: money of two currencies does not add up; a
# bill stands for the days within it alone, is counted in days, and takes the month its degree days.
RULE_VERSION = 3
# What is said of longer than a day: all else is in the days.
LOOKS_AT = {"energy_in_context": "resolution NOT IN ('PT15M', 'PT30M', 'PT1H', 'P1D')"}


def energy_monthly(
    energy_daily: DataFrame, energy_in_context: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a location, fuel, direction and local month with a reading."""
    return in_months(energy_daily, energy_in_context, locations)


def touched_by_locations(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return all months of the locations: their zone or country may be another."""
    return slices_of(changes, energy_daily, "local_month")

"""gold.energy_hourly + silver.energy_in_context, what fills gaps -> gold.energy_daily: by day."""

from pyspark.sql import DataFrame

from gold.energy import in_days, slices_of

# 2: sums of shorter periods; degree days by country. 3: money of two currencies does not add up.
RULE_VERSION = 3


def energy_daily(
    energy_hourly: DataFrame,
    energy_in_context: DataFrame,
    substituted_energy: DataFrame,
    locations: DataFrame,
) -> DataFrame:
    """Return a row a location, fuel, direction and local day of 23 to 25 hours with a reading."""
    return in_days(
        energy_hourly, energy_in_context, locations, substituted_energy=substituted_energy
    )


def touched_by_locations(changes: DataFrame, energy_in_context: DataFrame) -> DataFrame:
    """Return all days of the locations: their zone or country may be another."""
    return slices_of(changes, energy_in_context, "local_date")

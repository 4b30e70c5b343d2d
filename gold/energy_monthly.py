"""gold.energy_daily + silver.energy_in_context -> gold.energy_monthly: by local month."""

from pyspark.sql import DataFrame

from gold.energy import in_months


def energy_monthly(
    energy_daily: DataFrame, energy_in_context: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a location, fuel, direction and local month with a reading."""
    return in_months(energy_daily, energy_in_context, locations)

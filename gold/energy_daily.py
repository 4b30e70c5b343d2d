"""silver.energy_in_context -> gold.energy_daily: energy, cost and peak by local day."""

from pyspark.sql import DataFrame

from gold.energy import in_days


def energy_daily(energy_in_context: DataFrame) -> DataFrame:
    """Return a row a location, fuel, direction and local day of 23 to 25 hours with a reading."""
    return in_days(energy_in_context)

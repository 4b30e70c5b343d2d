"""silver.energy_in_context + what fills gaps -> gold.energy_hourly: energy, cost, peak by hour."""

from pyspark.sql import DataFrame

from gold.energy import in_steps

IN_ORDER = True
# 2: each moment counts once, decided in silver. 3: money of two currencies does not add up.
RULE_VERSION = 3


def energy_hourly(energy_in_context: DataFrame, substituted_energy: DataFrame) -> DataFrame:
    """Return a row a location, fuel, direction and hour of the local clock with a reading."""
    return in_steps(energy_in_context, seconds=3600, substituted_energy=substituted_energy)

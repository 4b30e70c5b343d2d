"""silver.energy_in_context + what fills gaps -> gold.energy_quarter_hourly: energy, cost, peak."""

from pyspark.sql import DataFrame

from gold.energy import in_steps

IN_ORDER = True
# 2: each moment counts once, decided in silver. 3: money of two currencies does not add up.
RULE_VERSION = 3


def energy_quarter_hourly(energy_in_context: DataFrame, substituted_energy: DataFrame) -> DataFrame:
    """Return a row a location, fuel, direction and quarter of an hour with a reading."""
    return in_steps(energy_in_context, seconds=900, substituted_energy=substituted_energy)

"""silver.energy_in_context + what fills gaps -> intervals with either: energy, or a substitute."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def with_substitutes(
    energy_in_context: DataFrame, substituted_energy: DataFrame | None
) -> DataFrame:
    """Add what fills gaps as intervals without energy."""
    said = energy_in_context.withColumn("substituted_kwh", F.lit(None).cast("double"))
    if substituted_energy is None:
        return said
    return said.unionByName(substituted_energy.drop("method"), allowMissingColumns=True)

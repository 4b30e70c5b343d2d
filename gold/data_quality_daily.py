"""gold.energy_daily -> gold.data_quality_daily: how complete each local day is."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.contracts import DATA_QUALITY_DAILY


def data_quality_daily(energy_daily: DataFrame) -> DataFrame:
    """Return a row a location, fuel, direction and local day with a reading."""
    return (
        energy_daily.withColumn(
            "completeness", F.col("observed_intervals") / F.col("expected_intervals")
        )
        .withColumn("has_price", F.col("cost").isNotNull())
        .withColumn("has_temperature", F.col("temperature_c").isNotNull())
        .select(*DATA_QUALITY_DAILY.names)
    )

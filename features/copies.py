"""Import and consumption of a home that meters import alone: one series under two names.

Features and models look at it once, as import; answers are given under both names.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_FUEL = ["partner_id", "location_id", "fuel"]


def without_copies(energy: DataFrame, meters: DataFrame) -> DataFrame:
    """Leave out consumption that is import by another name."""
    copied = _importing_alone(meters).withColumn("direction", F.lit("consumption"))
    return energy.join(copied, on=[*_FUEL, "direction"], how="left_anti")


def with_copies(rows: DataFrame, meters: DataFrame) -> DataFrame:
    """Repeat import as consumption where it is the same energy."""
    alone = _importing_alone(meters).withColumn("_is_alone", F.lit(True))
    is_copied = F.coalesce("_is_alone", F.lit(False)) & (F.col("direction") == "import")
    both = F.when(is_copied, F.array("direction", F.lit("consumption")))
    return (
        rows.join(alone, on=_FUEL, how="left")
        .withColumn("direction", F.explode(F.coalesce(both, F.array("direction"))))
        .drop("_is_alone")
    )


def _importing_alone(meters: DataFrame) -> DataFrame:
    return (
        meters.where("NOT is_sub_meter AND deleted_at IS NULL")
        .groupBy(*_FUEL)
        .agg(F.collect_set("direction").alias("_directions"))
        .where(F.col("_directions") == F.array(F.lit("import")))
        .select(*_FUEL)
    )

"""bronze.co2_intensity -> silver.co2_intensity: in kg per kWh, and the interval it is for."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import CO2_INTENSITY, CO2_KG_PER_KWH_IN, MOST_CO2_KG_PER_KWH
from silver.late import said_after
from silver.registration import payload
from silver.typed import is_number, is_of_zone_interval, reasons, with_interval_of_zone

# 2: nothing is known before it arrived. 3: t and z of an instant may be small.
RULE_VERSION = 3


def co2_intensity(bronze_co2_intensity: DataFrame) -> DataFrame:
    """Return a row a zone and interval of what a kWh from the grid emits.

    More than the dirtiest plant emits is a wrong unit; less than nothing is no emission.
    """
    factor = F.lit(None).cast("double")
    for name, kg in CO2_KG_PER_KWH_IN.items():
        factor = F.when(F.lower(F.trim("unit")) == name, kg).otherwise(factor)
    said = F.col("co2").try_cast("double")
    is_finite = is_number(said)
    return (
        bronze_co2_intensity.withColumn(
            "_payload", payload("price_zone", "starts_at", "resolution", "co2", "unit")
        )
        .transform(with_interval_of_zone)
        .withColumn("co2_kg_per_kwh", said * factor)
        .withColumn(
            REASONS,
            reasons(
                ("starts_at_unreadable", F.col("starts_at").isNull()),
                ("unknown_resolution", ~is_of_zone_interval()),
                ("unknown_unit", factor.isNull()),
                ("not_a_number", ~is_finite),
                ("negative", is_finite & (said < 0)),
                ("implausible", is_finite & (said * factor > MOST_CO2_KG_PER_KWH)),
            ),
        )
        .withColumn("_entity_id", F.col("price_zone"))
        .withColumn("_position", F.lit(-1))
        .select(*CO2_INTENSITY.names, REASONS, "_entity_id", "_position", "_payload", "partner_id")
    )


def touched_by_bronze_co2_intensity(
    changes: DataFrame, bronze_co2_intensity: DataFrame
) -> DataFrame | None:
    """Return the lines that were said after one that comes late, if any are."""
    return said_after(changes, bronze_co2_intensity, "price_zone")

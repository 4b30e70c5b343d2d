"""bronze.registrations -> silver.locations: the newest registration of a location wins."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import LOCATIONS
from silver.late import said_after
from silver.registration import deleted_at, known, number, opened, payload
from silver.typed import is_zone, reasons

# 2: nothing is known before it arrived. 3: what is deleted says so.
# 4: t and z of an instant may be small.
RULE_VERSION = 4


def locations(bronze_registrations: DataFrame) -> DataFrame:
    """Return a row a registered location; without a real time zone it waits in quarantine."""
    return (
        bronze_registrations.transform(opened)
        .withColumn("_latitude", number("latitude", lowest=-90, highest=90))
        .withColumn("_longitude", number("longitude", lowest=-180, highest=180))
        .withColumn(
            REASONS,
            reasons(
                ("unknown_time_zone", F.coalesce(~is_zone("time_zone"), F.lit(True))),
                ("bad_latitude", F.col("latitude").isNotNull() & F.col("_latitude").isNull()),
                ("bad_longitude", F.col("longitude").isNotNull() & F.col("_longitude").isNull()),
            ),
        )
        .withColumn("deleted_at", deleted_at(F.col("is_deleted")))
        .withColumn("latitude", F.col("_latitude"))
        .withColumn("longitude", F.col("_longitude"))
        .withColumn("_entity_id", F.col("location_id"))
        .withColumn("_position", F.lit(-1))
        .withColumn("_payload", payload("location_id", "time_zone", "country_code"))
        .select(*LOCATIONS.names, REASONS, "_entity_id", "_position", "_payload")
    )


def touched_by_bronze_registrations(
    changes: DataFrame, bronze_registrations: DataFrame
) -> DataFrame | None:
    """Return the lines that were said after one that comes late, if any are."""
    home = ("partner_id", "location_id")
    return said_after(changes.transform(known), bronze_registrations.transform(known), *home)

"""bronze.registrations, silver.locations -> silver.meters: the newest registration wins."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import DIRECTIONS, FUELS, HOME, METERS
from silver.late import said_after
from silver.registration import deleted_at, known, number, opened, unread_date
from silver.typed import reasons
from silver.waiting import of_deleted_homes

# 2: nothing is known before it arrived. 3: what is deleted says so. 4: with its location a meter
# goes also where the document that deletes that does not name it; a date that cannot be read is
# told, and is not always. 5: t and z of an instant may be small.
RULE_VERSION = 5
_DATES = ("supply_start", "supply_end")


def meters(bronze_registrations: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a registered meter; one that cannot be true waits in quarantine."""
    fuel, direction = F.col("fuel"), F.col("direction")
    is_not_import = direction != "import"
    is_sub_meter = F.coalesce(F.col("is_sub_meter").try_cast("boolean"), F.lit(False))
    gone = locations.where("deleted_at IS NOT NULL").select(
        *HOME, F.col("deleted_at").alias("_home_deleted_at")
    )
    marked = deleted_at(F.col("is_deleted"), F.col("_meter.is_deleted"))
    return (
        bronze_registrations.transform(opened)
        .select("*", F.posexplode("meters").alias("_position", "_meter"))
        # With its location all of it goes, also what that document does not name.
        .join(F.broadcast(gone), on=HOME, how="left")
        .withColumn("deleted_at", F.coalesce(marked, "_home_deleted_at"))
        .drop("is_deleted")
        .select("*", "_meter.*")
        .withColumn("fuse_ampere", number("fuse_ampere", lowest=1, highest=10_000))
        .withColumn("kwh_per_m3", number("kwh_per_m3", lowest=1, highest=50))
        .withColumn("register_digits", number("register_digits", lowest=3, highest=12).cast("int"))
        .withColumn("is_sub_meter", is_sub_meter)
        .withColumns({n: F.col(n).try_cast("date") for n in _DATES})
        .withColumn(
            REASONS,
            reasons(
                ("meter_id_missing", F.col("meter_id").isNull()),
                ("unknown_fuel", F.coalesce(~fuel.isin(*FUELS), F.lit(True))),
                ("unknown_direction", F.coalesce(~direction.isin(*DIRECTIONS), F.lit(True))),
                ("gas_cannot_be_exported", (fuel == "gas") & (direction == "export")),
                ("district_heating_is_import_only", (fuel == "district_heating") & is_not_import),
                *((f"{n}_unreadable", unread_date(F.col("_meter")[n])) for n in _DATES),
                ("supply_ends_before_it_starts", F.col("supply_end") < F.col("supply_start")),
            ),
        )
        .withColumn("_entity_id", F.col("meter_id"))
        .withColumn("_payload", F.to_json("_meter"))
        .select(*METERS.names, REASONS, "_entity_id", "_position", "_payload")
    )


def touched_by_bronze_registrations(
    changes: DataFrame, bronze_registrations: DataFrame
) -> DataFrame | None:
    """Return the lines that were said after one that comes late, if any are, of whichever home."""
    lines, arrived = (
        rows.transform(known).withColumn("meter_id", F.explode(_meter_ids()))
        for rows in (changes, bronze_registrations)
    )
    return said_after(lines, arrived, "partner_id", "meter_id")


def told_anew_by_locations(changes: DataFrame, bronze_registrations: DataFrame) -> DataFrame | None:
    """Return the lines of the homes that are deleted, or were until now, if any are."""
    return of_deleted_homes(changes, bronze_registrations)


def _meter_ids() -> Column:
    meters = F.from_json("document", "meters ARRAY<STRUCT<meter_id: STRING>>")["meters"]
    return F.array_distinct(meters["meter_id"])

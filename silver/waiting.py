"""Registrations -> the lines that wait for a meter, or are of a home whose time zone changed."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.contract import Table

_HOME = ["partner_id", "location_id"]


def waiting_for(meters: DataFrame, quarantine: DataFrame, table: Table) -> DataFrame:
    """Return ``source_file, source_line`` of what waits for one of the meters."""
    is_waiting = (F.col("table_name") == table.name) & F.array_contains("reasons", "unknown_meter")
    entities = meters.select("partner_id", F.col("meter_id").alias("entity_id")).distinct()
    return (
        quarantine.where(is_waiting)
        .join(entities, on=["partner_id", "entity_id"], how="left_semi")
        .select("source_file", "source_line")
    )


def meters_of(locations: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the meters of some locations."""
    return meters.join(locations.select(*_HOME), on=_HOME, how="left_semi")


def of_another_zone(changes: DataFrame, meters: DataFrame, lines: DataFrame) -> DataFrame | None:
    """Return ``source_file, source_line`` of the homes that are in another zone than before.

    Their local days are others, and so are the instants of what was said of a day or month. None
    where no home is, as mostly. ``changes`` are those of the locations.
    """
    moved = changes.groupBy(*_HOME).agg(F.count_distinct("time_zone").alias("_zones"))
    homes = moved.where("_zones > 1")
    if homes.isEmpty():
        return None
    of_homes = meters_of(homes, meters).select("partner_id", "meter_id")
    return lines.join(F.broadcast(of_homes), on=["partner_id", "meter_id"], how="left_semi").select(
        "source_file", "source_line"
    )

"""Quarantine -> the lines of a table that wait for a meter, once it is registered."""

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

"""Registrations -> the lines that wait for a meter, or that a correction makes say other things."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.contract import Table
from silver.contracts import HOME

_METER = ["partner_id", "meter_id"]
_LINE = ["source_file", "source_line"]


def waiting_for(meters: DataFrame, quarantine: DataFrame, table: Table) -> DataFrame:
    """Return ``source_file, source_line`` of what waits for one of the meters."""
    is_waiting = (F.col("table_name") == table.name) & F.array_contains("reasons", "unknown_meter")
    entities = meters.select("partner_id", F.col("meter_id").alias("entity_id")).distinct()
    return (
        quarantine.where(is_waiting)
        .join(entities, on=["partner_id", "entity_id"], how="left_semi")
        .select(*_LINE)
    )


def meters_of(locations: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the meters of some locations."""
    return meters.join(locations.select(*HOME), on=HOME, how="left_semi")


def of_another_zone(changes: DataFrame, meters: DataFrame, lines: DataFrame) -> DataFrame | None:
    """Return ``source_file, source_line`` of the homes that are in another zone than before.

    Their local days are others, and so are the instants of what was said of a day or month. None
    where no home is, as mostly. ``changes`` are those of the locations.
    """
    homes = _said_otherwise(changes, HOME, F.col("time_zone"))
    if homes.isEmpty():
        return None
    return _of_meters(meters_of(homes, meters), lines)


def of_deleted_homes(changes: DataFrame, lines: DataFrame) -> DataFrame | None:
    """Return ``source_file, source_line`` of the homes that are deleted, or were before a change.

    None where no home is, as mostly. ``changes`` are those of the locations, ``lines`` what was
    registered.
    """
    homes = changes.where("deleted_at IS NOT NULL").select(*HOME).distinct()
    if homes.isEmpty():
        return None
    return lines.join(F.broadcast(homes), on=HOME, how="left_semi").select(*_LINE)


def registered_otherwise(changes: DataFrame, lines: DataFrame, *said: Column) -> DataFrame | None:
    """Return ``source_file, source_line`` of the meters of which something else is said now.

    ``said`` is what of a registration goes into what is made of a line. None where no meter is
    corrected, as mostly. ``changes`` are those of the meters.
    """
    meters = _said_otherwise(changes, _METER, F.struct(*said))
    return None if meters.isEmpty() else _of_meters(meters, lines)


def _said_otherwise(changes: DataFrame, entity: list[str], said: Column) -> DataFrame:
    """Return the entities of which changes, before and after, do not say the same."""
    counted = changes.groupBy(*entity).agg(F.count_distinct(said).alias("_said"))
    return counted.where("_said > 1")


def _of_meters(meters: DataFrame, lines: DataFrame) -> DataFrame:
    theirs = F.broadcast(meters.select(*_METER))
    return lines.join(theirs, on=_METER, how="left_semi").select(*_LINE)

"""silver.meter_readings, quarantine -> silver.meter_days: what meters said of a day, in figures.

The rules of validation compare days; from a row a day they look back without reading intervals.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.ingestion.landed import is_landed
from lake.local_clock import length_s, local_midnight
from silver.contracts import HOME, METER_DAYS, METER_READINGS
from silver.home_days import HOME_DAY, all_days
from silver.said_once import LONGEST_DAY_S, power_kw
from silver.typed import offset_s

# 2: how long intervals are and when they were said, so that a day tells it. 3: what is held of it.
RULE_VERSION = 3
_OF_READINGS = f"table_name = '{METER_READINGS.name}'"
LOOKS_AT = {"quarantine": _OF_READINGS}
_DAY_OF = [*HOME, "meter_id", "fuel", "direction", "local_date", "local_month", "resolution"]
_METER_DAY = [*HOME_DAY, "meter_id", "resolution"]
_NIGHT_S = 4 * 3600
# Standard time: in most places where clocks change, that of January in the north, July in the
# south; an hour does not matter to what night is.
_STANDARD = "2025-01-01"


def meter_days(meter_readings: DataFrame, quarantine: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a meter, direction, local day and length of interval; months are left out.

    Powers in kW are means of an interval. Night is from midnight to 4:00. A day of which all is
    held has no row.
    """
    homes = locations.select(
        *HOME, "time_zone", offset_s(F.col("time_zone"), _STANDARD).alias("_offset_s")
    )
    into_day = F.unix_seconds("starts_at") + F.col("_offset_s") - F.unix_date("local_date") * 86_400
    night = (into_day >= 0) & (into_day < _NIGHT_S)
    is_zero = F.col("energy_kwh") == 0
    day_s = F.unix_seconds(local_midnight(F.date_add("local_date", 1))) - F.unix_seconds(
        local_midnight(F.col("local_date"))
    )
    landed = F.max_by(is_landed(F.col("source_file")), "received_at")
    return (
        meter_readings.where(length_s() <= LONGEST_DAY_S)
        .join(F.broadcast(homes), on=HOME, how="inner")
        .groupBy(*_DAY_OF, "time_zone")
        .agg(
            F.min("starts_at").alias("starts_at"),
            F.max("ends_at").alias("ends_at"),
            F.min(length_s()).alias("interval_s"),
            F.max(length_s()).alias("longest_interval_s"),
            F.count(F.lit(1)).alias("intervals"),
            F.count_if(is_zero).alias("zero_intervals"),
            F.count_if(F.col("quality") == "estimated").alias("estimated_intervals"),
            F.sum("energy_kwh").alias("energy_kwh"),
            F.min(power_kw()).alias("lowest_kw"),
            F.max(power_kw()).alias("highest_kw"),
            F.count_if(night).alias("night_intervals"),
            F.count_if(night & is_zero).alias("night_zero_intervals"),
            F.sum(F.when(night, F.col("energy_kwh")).otherwise(0.0)).alias("night_kwh"),
            F.max("is_sub_meter").alias("is_sub_meter"),
            F.min("known_at").alias("first_known_at"),
            F.max("known_at").alias("last_known_at"),
            F.max("received_at").alias("_received_at"),
            landed.alias("_is_landed"),
        )
        .withColumn(
            "expected_intervals", F.greatest(F.round(day_s / F.col("interval_s")), F.lit(1))
        )
        .join(F.broadcast(held(quarantine, meter_readings)), on=_METER_DAY, how="left")
        .withColumns(
            {
                "held_intervals": F.coalesce("_held", F.lit(0)),
                "held_kwh": F.coalesce("_held_kwh", F.lit(0.0)),
                "held_highest_kw": F.col("_most_held_kwh") * 3600 / F.col("interval_s"),
            }
        )
        .withColumn("source", F.when(F.col("_is_landed"), "landing").otherwise("events"))
        .withColumn("received_date", F.to_date("_received_at"))
        .select(*METER_DAYS.names)
    )


def touched_by_locations(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations: their zone may be another."""
    return all_days(changes, meter_readings)


def touched_by_quarantine(changes: DataFrame) -> DataFrame:
    """Return the days of the readings that are held for their power, or no longer."""
    return changes.where(_is_held()).select(*HOME_DAY)


def held(quarantine: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return what the fuse does not let through, by meter, day and length of interval.

    ``_held`` intervals, ``_held_kwh`` together, ``_most_held_kwh`` of one. Of an interval that is
    held several times the last to arrive counts, and none where another reading of it does.
    """
    interval = [*_METER_DAY, "starts_at"]
    said = F.from_json("payload", "starts_at timestamp, resolution string").alias("_said")
    newest = F.struct("received_at", "source_file", "source_line")
    values = (
        quarantine.where(_is_held())
        .select("*", F.col("entity_id").alias("meter_id"), said)
        .select("*", "_said.*")
        .groupBy(*interval)
        .agg(F.max_by("energy_kwh", newest).alias("energy_kwh"))
    )
    # Few intervals are held: the readings of the same are found before they are moved.
    told = meter_readings.join(F.broadcast(values.select(*interval)), interval, "left_semi")
    return (
        values.join(told.select(*interval), on=interval, how="left_anti")
        .groupBy(*_METER_DAY)
        .agg(
            F.count(F.lit(1)).cast("int").alias("_held"),
            F.sum("energy_kwh").alias("_held_kwh"),
            F.max("energy_kwh").alias("_most_held_kwh"),
        )
    )


def _is_held() -> Column:
    is_more = F.array_contains("reasons", "more_than_the_fuse")
    return F.expr(_OF_READINGS) & is_more & F.col("location_id").isNotNull()

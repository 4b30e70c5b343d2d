"""silver.meter_readings -> silver.meter_days: what each meter said of a day, in figures.

The rules of validation compare days; from a row a day they look back without reading intervals.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.landed import is_landed
from silver.contracts import METER_DAYS
from silver.home_days import all_days
from silver.judgement import local_midnight
from silver.said_once import LONGEST_DAY_S, length_s, power_kw
from silver.typed import offset_s

# 2: how long intervals are and when they were said, so that a day tells it.
RULE_VERSION = 2
_HOME = ["partner_id", "location_id"]
_DAY_OF = [*_HOME, "meter_id", "fuel", "direction", "local_date", "local_month", "resolution"]
_NIGHT_S = 4 * 3600
# Standard time: in most places where clocks change, that of January in the north, July in the
# south; an hour does not matter to what night is.
_STANDARD = "2025-01-01"


def meter_days(meter_readings: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a meter, direction, local day and length of interval; months are left out.

    Powers in kW are means of an interval. Night is from midnight to 4:00.
    """
    homes = locations.select(
        *_HOME, "time_zone", offset_s(F.col("time_zone"), _STANDARD).alias("_offset_s")
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
        .join(F.broadcast(homes), on=_HOME, how="inner")
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
        .withColumn("source", F.when(F.col("_is_landed"), "landing").otherwise("events"))
        .withColumn("received_date", F.to_date("_received_at"))
        .select(*METER_DAYS.names)
    )


def touched_by_locations(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations: their zone may be another."""
    return all_days(changes, meter_readings)

"""bronze.* + silver.quarantine -> silver.arrivals_daily: what arrived from each source each day."""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from bronze.contracts import (
    CO2_INTENSITY,
    MAX_DEMAND,
    METER_READINGS,
    REGISTER_READS,
    REGISTRATIONS,
    SPOT_PRICES,
    WEATHER,
)
from lake.ingestion.landed import came_by
from silver.contracts import ARRIVALS_DAILY
from silver.typed import calendar, instant, instant_or_utc, seconds, words

# 2: profiles and tariffs that wait are counted; t and z of an instant may be small.
RULE_VERSION = 2
_SOURCE = ["partner_id", "table_name", "source", "received_date"]
# Where what waits for a table of silver came from.
_CAME_BY = {
    "silver.meter_readings": METER_READINGS.name,
    "silver.register_reads": REGISTER_READS.name,
    "silver.max_demand": MAX_DEMAND.name,
    "silver.weather": WEATHER.name,
    "silver.spot_prices": SPOT_PRICES.name,
    "silver.co2_intensity": CO2_INTENSITY.name,
    "silver.locations": REGISTRATIONS.name,
    "silver.meters": REGISTRATIONS.name,
    "silver.home_profiles": REGISTRATIONS.name,
    "silver.tariffs": REGISTRATIONS.name,
    "silver.max_demand_limits": REGISTRATIONS.name,
}


def arrivals_daily(
    bronze_meter_readings: DataFrame,
    bronze_register_reads: DataFrame,
    bronze_max_demand: DataFrame,
    bronze_weather: DataFrame,
    bronze_spot_prices: DataFrame,
    bronze_co2_intensity: DataFrame,
    registrations: DataFrame,
    rejected: DataFrame,
    quarantine: DataFrame,
) -> DataFrame:
    """Return a row a partner, bronze table, way of arrival and day (UTC) of receipt."""
    lines = (
        bronze_meter_readings.transform(of_readings),
        bronze_register_reads.transform(of_registers),
        bronze_max_demand.transform(of_demand),
        bronze_weather.transform(of_weather),
        of_zones(bronze_spot_prices, SPOT_PRICES.name),
        of_zones(bronze_co2_intensity, CO2_INTENSITY.name),
        _lines(registrations, REGISTRATIONS.name, entity=F.col("location_id")),
        of_rejected(rejected),
    )
    every = reduce(DataFrame.unionByName, lines)
    return (
        counted(every)
        .join(longest_gaps(every), on=_SOURCE, how="left")
        .join(waiting(quarantine), on=_SOURCE, how="left")
        .withColumn("quarantined", F.coalesce("quarantined", F.lit(0)))
        .select(*ARRIVALS_DAILY.names)
    )


def touched_by_quarantine(changes: DataFrame) -> DataFrame:
    """Return the days on which arrived what is held or let go."""
    return changes.select("partner_id", F.to_date("received_at").alias("received_date"))


def of_readings(blocks: DataFrame) -> DataFrame:
    """Return a row a block; days and months are taken as of UTC, which moves a delay by hours."""
    start, count = instant("starts_at"), F.size("values")
    days, months = calendar("resolution")
    end = (
        F.when(days > 0, F.timestamp_add("DAY", days * count, start))
        .when(months > 0, F.timestamp_add("MONTH", months * count, start))
        .otherwise(F.timestamp_add("SECOND", seconds("resolution") * count, start))
    )
    # contains() is null for an array with a null; to drop nulls is not compiled.
    is_full = ~F.array_contains("values", F.lit("\0"))
    some = F.size(F.array_compact("values"))
    readings = F.when(is_full, F.size("values")).otherwise(some)
    said = F.size(F.filter(words("quality"), lambda word: word == "estimated"))
    is_estimated = F.lower(F.trim("quality")) == "estimated"
    estimated = F.when(is_estimated, readings).when(said >= 0, said).otherwise(0)
    return _lines(
        blocks, METER_READINGS.name, entity=F.col("meter_id"), end=end, readings=readings,
        estimated=F.least(estimated, readings),
    )  # fmt: skip


def of_registers(reads: DataFrame) -> DataFrame:
    """Return a row a read; a local date is taken as of UTC."""
    is_estimated = F.lower(F.trim("quality")) == "estimated"
    estimated = F.when(is_estimated, 1).otherwise(0)
    return _lines(
        reads, REGISTER_READS.name, entity=F.col("meter_id"), end=instant_or_utc("read_at"),
        estimated=estimated,
    )  # fmt: skip


def of_demand(lines: DataFrame) -> DataFrame:
    """Return a row a month's maximum; months are taken as of UTC."""
    is_estimated = F.lower(F.trim("quality")) == "estimated"
    first = F.trunc(F.col("month").try_cast("date"), "month")
    return _lines(
        lines, MAX_DEMAND.name, entity=F.col("meter_id"),
        end=F.add_months(first, 1).cast("timestamp"),
        estimated=F.when(is_estimated, 1).otherwise(0),
    )  # fmt: skip


def of_weather(lines: DataFrame) -> DataFrame:
    """Return a row a line; a forecast has no delay."""
    is_forecast = F.trim("issued_at") != ""
    end = F.when(F.coalesce(is_forecast, F.lit(False)), None).otherwise(
        instant_or_utc("observed_at")
    )
    return _lines(lines, WEATHER.name, entity=F.concat_ws(" ", "latitude", "longitude"), end=end)


def of_zones(lines: DataFrame, table: str) -> DataFrame:
    """Return a row a price or intensity; what is known ahead has a negative delay."""
    return _lines(lines, table, entity=F.col("price_zone"), end=instant_or_utc("starts_at"))


def of_rejected(rejected: DataFrame) -> DataFrame:
    """Return a row a line that bronze did not take."""
    none = F.lit(None).cast("string")
    return _lines(rejected, None, entity=none, readings=F.lit(0), is_rejected=True)


def _lines(
    rows: DataFrame, table: str | None, *, entity: Column, end: Column | None = None,
    readings: Column | None = None, estimated: Column | None = None, is_rejected: bool = False,
) -> DataFrame:  # fmt: skip
    """Return what is counted of each line, with the same columns for every table."""
    over = F.lit(None).cast("timestamp") if end is None else end
    delay_s = F.unix_seconds("received_at") - F.unix_seconds(over)
    return rows.select(
        "partner_id",
        F.col("table_name") if table is None else F.lit(table).alias("table_name"),
        "source",
        "received_date",
        "received_at",
        entity.alias("_entity"),
        (F.lit(1) if readings is None else readings).alias("_readings"),
        (F.lit(None).cast("int") if estimated is None else estimated).alias("_estimated"),
        # By the minute, so that a median of millions has few different values to look at.
        F.round(delay_s / 60).alias("_delay_min"),
        F.lit(is_rejected).alias("_is_rejected"),
    )


def counted(lines: DataFrame) -> DataFrame:
    """Count the lines of each source and day."""
    estimated = F.sum("_estimated") / F.nullif(F.sum("_readings"), F.lit(0))
    return lines.groupBy(*_SOURCE).agg(
        F.count_if(~F.col("_is_rejected")).alias("lines"),
        F.sum("_readings").alias("readings"),
        F.count_distinct("_entity").alias("entities"),
        F.count_if("_is_rejected").alias("rejected"),
        estimated.alias("estimated_share"),
        F.min("received_at").alias("first_received_at"),
        F.max("received_at").alias("last_received_at"),
        (F.median("_delay_min") / 60).alias("median_delay_h"),
    )


def longest_gaps(lines: DataFrame) -> DataFrame:
    """Return the longest time between two arrivals of a day; null where there was one alone."""
    minutes = lines.select(*_SOURCE, F.date_trunc("minute", "received_at").alias("_at")).distinct()
    before = F.lag("_at").over(Window.partitionBy(*_SOURCE).orderBy("_at"))
    gap_h = (F.unix_seconds("_at") - F.unix_seconds(before)) / 3600
    return minutes.withColumn("_gap_h", gap_h).groupBy(*_SOURCE).agg(
        F.max("_gap_h").alias("longest_gap_h")
    )  # fmt: skip


def waiting(quarantine: DataFrame) -> DataFrame:
    """Count what waits in quarantine by the source and day it came by."""
    tables = F.create_map(*(F.lit(name) for pair in _CAME_BY.items() for name in pair))
    return (
        quarantine.withColumn("table_name", F.element_at(tables, F.col("table_name")))
        .withColumn("source", came_by(F.col("source_file")))
        .withColumn("received_date", F.to_date("received_at"))
        .groupBy(*_SOURCE)
        .agg(F.count(F.lit(1)).alias("quarantined"))
    )

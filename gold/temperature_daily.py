"""silver.weather -> gold.temperature_daily: the mean temperature of each weather point and day.

A day is local to the homes around the point. It is the mean of its four quarters (00 to 06 and so
on), each the mean of what was observed in it, so that hours and the four synoptic observations of
a day weigh alike. A day that lacks a quarter has no mean: CalTRACK 2.2.4.1 bridges six hours.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import TEMPERATURE_DAILY

_POINT = ["latitude", "longitude"]
_QUARTERS = 4


def temperature_daily(
    silver_weather: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a weather point, time zone of the homes around it, and whole local day (°C)."""
    home = ["partner_id", "location_id"]
    zones = location_weather.join(locations.select(*home, "time_zone"), on=home, how="inner")
    local = F.from_utc_timestamp("observed_at", F.col("time_zone"))
    day = [*_POINT, "time_zone", "local_date"]
    return (
        silver_weather.where("issued_at IS NULL AND temperature_c IS NOT NULL")
        .join(zones.select(*_POINT, "time_zone").distinct(), on=_POINT, how="inner")
        .withColumn("local_date", F.to_date(local))
        .withColumn("_quarter", F.floor(F.hour(local) / 6))
        .groupBy(*day, "_quarter")
        .agg(F.avg("temperature_c").alias("temperature_c"))
        .groupBy(*day)
        .agg(F.avg("temperature_c").alias("temperature_c"), F.count(F.lit(1)).alias("_quarters"))
        .where(F.col("_quarters") == _QUARTERS)
        .select(*TEMPERATURE_DAILY.names)
    )


def touched_by_silver_weather(changes: DataFrame) -> DataFrame:
    """Return the points' days, and those beside them: a local day holds hours of two UTC days."""
    return changes.select(*_POINT, _beside("observed_date").alias("local_date"))


def touched_by_location_weather(changes: DataFrame, silver_weather: DataFrame) -> DataFrame:
    """Return all days of the points that a home has come to or left."""
    points = changes.select(*_POINT).distinct()
    days = silver_weather.join(F.broadcast(points), on=_POINT, how="left_semi")
    return touched_by_silver_weather(days.select(*_POINT, "observed_date").distinct())


def touched_by_locations(
    changes: DataFrame, location_weather: DataFrame, silver_weather: DataFrame
) -> DataFrame:
    """Return all days of the points of the locations: their zone may be new there."""
    home = ["partner_id", "location_id"]
    points = location_weather.join(changes.select(*home), on=home, how="left_semi")
    return touched_by_location_weather(points, silver_weather)


def needed_for(touched: DataFrame) -> DataFrame:
    """Return the UTC days that the touched local days lie in."""
    return touched.select(*_POINT, _beside("local_date").alias("observed_date")).distinct()


def _beside(day: str) -> Column:
    return F.explode(F.sequence(F.date_sub(day, 1), F.date_add(day, 1)))

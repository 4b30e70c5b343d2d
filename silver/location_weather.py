"""silver.locations, weather -> silver.location_weather: each home's nearest fixed weather point."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.contracts import LOCATION_WEATHER

# 2: a point that tells next to nothing does not stand before others.
RULE_VERSION = 2
# So many days (UTC) with a temperature make a point that one can go by.
_ENOUGH_DAYS = 7
_FARTHEST_KM = LOCATION_WEATHER.column("distance_km").maximum
_EARTH_KM = 6371.0088


def location_weather(locations: DataFrame, weather: DataFrame) -> DataFrame:
    """Return a row a location that has a point within 150 km.

    It is the nearest of those with a temperature on a week of days, of the others where there is
    none.
    """
    day = F.when(F.col("temperature_c").isNotNull(), F.col("observed_date"))
    points = weather.groupBy("latitude", "longitude").agg(
        (F.count_distinct(day) < _ENOUGH_DAYS).alias("_is_scant")
    )
    home = locations.where("latitude IS NOT NULL AND longitude IS NOT NULL").select(
        "partner_id",
        "location_id",
        F.col("latitude").alias("home_latitude"),
        F.col("longitude").alias("home_longitude"),
    )
    candidate = F.struct("_is_scant", "distance_km", "latitude", "longitude")
    return (
        home.crossJoin(F.broadcast(points))
        .withColumn("distance_km", great_circle_km())
        .where(F.col("distance_km") <= F.lit(_FARTHEST_KM))
        .groupBy("partner_id", "location_id")
        .agg(F.min(candidate).alias("nearest"))
        .select("partner_id", "location_id", "nearest.*")
        .select(*LOCATION_WEATHER.names)
    )


def great_circle_km() -> Column:
    """Return the haversine distance in km between home and point (mean Earth radius, IUGG)."""
    lat, lon = F.radians("latitude"), F.radians("longitude")
    home_lat, home_lon = F.radians("home_latitude"), F.radians("home_longitude")
    half = F.pow(F.sin((lat - home_lat) / 2), 2) + F.cos(lat) * F.cos(home_lat) * F.pow(
        F.sin((lon - home_lon) / 2), 2
    )
    return F.round(2 * _EARTH_KM * F.asin(F.sqrt(F.least(half, F.lit(1.0)))), 3)

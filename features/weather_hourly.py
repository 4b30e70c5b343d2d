"""silver.weather -> features.weather_hourly: each hour as observed, or as it was forecast by then.

Who asks for an hour at an instant gets the newest forecast issued by then, or the observation where
it was known by then: ``point_in_time`` with the keys ``latitude, longitude, starts_at``. An issue
that is sent once more with other values is as it was sent last.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import WEATHER_HOURLY

_MEASURES = ("temperature_c", "wind_speed_m_s", "irradiance_w_m2")
_HOUR = ["latitude", "longitude", "starts_at"]
_DAY = ["observed_date", "observed_month"]


def weather_hourly(silver_weather: DataFrame) -> DataFrame:
    """Return a row a point, hour and issue (°C, m/s, W/m²): means of what it says of the hour."""
    issues = (
        silver_weather.withColumn("starts_at", F.date_trunc("hour", "observed_at"))
        .groupBy(*_HOUR, *_DAY, "issued_at")
        .agg(F.max("known_at").alias("known_at"), *(F.avg(n).alias(n) for n in _MEASURES))
    )
    is_observed = F.col("issued_at").isNull()
    said = F.struct(is_observed.alias("is_observed"), *_MEASURES)
    ends_at = F.timestamp_add("HOUR", F.lit(1), "starts_at")
    return (
        # What is said twice at one instant is one version: an observation goes before a forecast.
        issues.groupBy(*_HOUR, *_DAY, "known_at")
        .agg(F.max(said).alias("_said"))
        .select(*_HOUR, *_DAY, "known_at", "_said.*")
        .withColumn(
            "feature_at",
            F.when(F.col("is_observed"), ends_at).otherwise(F.least("known_at", "starts_at")),
        )
        .select(*WEATHER_HOURLY.names)
    )

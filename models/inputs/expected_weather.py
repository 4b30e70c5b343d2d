"""Temperatures known at a time -> what the days to come can be expected to be, by weather point.

Observed days before the question give the climate: sums by step of the year, which the model fits.
A weather forecast that had been issued by then goes before it. What was observed later is not
looked at.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.outlook.climate import STEP_DAYS, STEPS
from models.outlook.known import DAYS
from silver.contracts import HOME

_POINT = ("latitude", "longitude", "time_zone")
# The forecast of yesterday morning still holds; one of the day before that is left out.
_LATEST_HOURS = 36
_QUARTERS = 4


def at_homes(
    temperature_daily: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return the observed temperature (°C) of each home and local day."""
    return temperature_daily.join(_points(location_weather, locations), on=list(_POINT)).select(
        *HOME, "local_date", "temperature_c"
    )


def with_expected_weather(
    questions: DataFrame, asked: DataFrame, temperature_daily: DataFrame,
    silver_weather: DataFrame, location_weather: DataFrame, locations: DataFrame,
) -> DataFrame:  # fmt: skip
    """Add ``climate_days``, ``climate_c``, ``climate_c2`` and ``forecast_c`` of the home's point.

    ``questions`` has the home, ``asked_at``, ``first_date``; ``asked`` are the same ones before
    anything was looked up for them, since Spark makes them once more for each look. All are null
    where nothing is known.
    """
    points = _points(location_weather, locations).select(
        *HOME, F.col("latitude").alias("_latitude"), "longitude"
    )
    placed, few = (
        rows.join(points, on=list(HOME), how="left").withColumn(
            "_month", F.trunc("first_date", "month")
        )
        for rows in (questions, asked)
    )
    at = [F.col("_latitude").alias("latitude"), F.col("longitude"), F.col("time_zone")]
    past = _climate(temperature_daily, few.select(*at, "_month").distinct())
    said = _forecast(silver_weather, few.select(*at, "asked_at", "first_date").distinct())
    place = ["_latitude", "longitude", "time_zone"]
    return (
        placed.join(past.withColumnRenamed("latitude", "_latitude"), [*place, "_month"], "left")
        .join(
            said.withColumnRenamed("latitude", "_latitude"),
            [*place, "asked_at", "first_date"],
            "left",
        )
        .drop("_latitude", "longitude", "_month")
    )


def _climate(temperature_daily: DataFrame, months: DataFrame) -> DataFrame:
    """Return count, sum and sum of squares by step of the year, of the days before each month."""
    step = F.floor((F.dayofyear("local_date") - 1) / STEP_DAYS)
    sums = (
        temperature_daily.join(months, on=list(_POINT), how="inner")
        .where(F.col("local_date") < F.col("_month"))
        .groupBy(*_POINT, "_month", step.alias("step"))
        .agg(
            F.count("temperature_c").cast("double").alias("climate_days"),
            F.sum("temperature_c").alias("climate_c"),
            F.sum(F.pow("temperature_c", F.lit(2))).alias("climate_c2"),
        )
    )
    names = ("climate_days", "climate_c", "climate_c2")
    by_step = [
        F.map_from_entries(F.collect_list(F.struct("step", name))).alias(name) for name in names
    ]
    seen = sums.groupBy(*_POINT, "_month").agg(*by_step)
    return seen.withColumns({name: _in_steps(name) for name in names})


def _in_steps(name: str) -> Column:
    """Return an array by step; 0 where nothing was seen."""
    steps = F.sequence(F.lit(0).cast("long"), F.lit(STEPS - 1).cast("long"))
    return F.transform(steps, lambda step: F.coalesce(F.col(name)[step], F.lit(0.0)))


def _forecast(silver_weather: DataFrame, asked: DataFrame) -> DataFrame:
    """Return the newest forecast then (°C) by day, null where it does not reach."""
    local = F.from_utc_timestamp("observed_at", F.col("time_zone"))
    since = F.timestamp_add("HOUR", F.lit(-_LATEST_HOURS), "asked_at")
    ahead = F.date_diff(F.to_date(local), F.col("first_date"))
    question = [*_POINT, "asked_at", "first_date"]
    days = (
        silver_weather.where("issued_at IS NOT NULL AND temperature_c IS NOT NULL")
        .select("latitude", "longitude", "observed_at", "issued_at", "temperature_c")
        .join(asked, on=["latitude", "longitude"], how="inner")
        .where(F.col("issued_at").between(since, F.col("asked_at")))
        .withColumn("ahead", ahead)
        .where(F.col("ahead").between(0, DAYS - 1))
        .groupBy(*question, "issued_at", "ahead", F.floor(F.hour(local) / 6).alias("quarter"))
        .agg(F.avg("temperature_c").alias("temperature_c"))
        .groupBy(*question, "issued_at", "ahead")
        .agg(F.avg("temperature_c").alias("temperature_c"), F.count(F.lit(1)).alias("_quarters"))
        # A part of a day is not its mean: the day of the issue is mostly left to the climate.
        .where(F.col("_quarters") == _QUARTERS)
        .groupBy(*question, "ahead")
        .agg(F.max_by("temperature_c", "issued_at").alias("temperature_c"))
    )
    by_day = F.map_from_entries(F.collect_list(F.struct("ahead", "temperature_c")))
    places = F.sequence(F.lit(0), F.lit(DAYS - 1))
    return (
        days.groupBy(*question)
        .agg(by_day.alias("_by_day"))
        .withColumn("forecast_c", F.transform(places, lambda place: F.col("_by_day")[place]))
        .drop("_by_day")
    )


def _points(location_weather: DataFrame, locations: DataFrame) -> DataFrame:
    zones = locations.select(*HOME, "time_zone")
    return location_weather.join(zones, on=list(HOME), how="inner").select(*HOME, *_POINT)

"""Where clocks are ahead of UTC by a part of an hour, their hours begin within one of UTC."""

from datetime import UTC, datetime

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from lake.local_clock import clock_s, local_midnight, parts_of_hour, uneven_zones


def test_zones_that_were_off_the_hour_of_utc_are_known_and_none_is_off_a_quarter() -> None:
    off = {"Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"}
    # Caracas went by half an hour from 2007 to 2016.
    assert {*off, "America/Caracas"} <= set(uneven_zones(3600))
    assert not {"Europe/London", "America/New_York", "UTC"} & set(uneven_zones(3600))
    assert uneven_zones(900) == ()


def test_a_clock_tells_its_parts_of_the_hour_its_steps_and_its_midnight(
    spark: SparkSession,
) -> None:
    zones = ["Europe/Paris", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", None]
    at = datetime(2025, 6, 30, 18, 30, tzinfo=UTC)
    rows = spark.createDataFrame([(z, at) for z in zones], "time_zone string, starts_at timestamp")
    midnight = local_midnight(F.lit("2025-07-01").cast("date"))
    found = rows.select(
        parts_of_hour(F.col("time_zone")).alias("parts"),
        (clock_s(3600) % 3600).alias("into_hour"),
        (F.unix_seconds(midnight) - F.unix_seconds("starts_at")).alias("until_midnight"),
    )
    assert found.collect() == [
        Row(parts=[0], into_hour=1800, until_midnight=3.5 * 3600),
        Row(parts=[0, 1800], into_hour=0, until_midnight=0),
        Row(parts=[0, 2700], into_hour=900, until_midnight=-900),
        # It goes by half an hour for the winter's half of the year.
        Row(parts=[0, 1800], into_hour=0, until_midnight=-5 * 3600),
        Row(parts=[0], into_hour=1800, until_midnight=5.5 * 3600),
    ]

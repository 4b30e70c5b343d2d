"""A question sees what was known then: an old training set stays as it was."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from models.inputs.expected_weather import with_expected_weather
from models.inputs.known_days import asking, came_true, known_days

pytestmark = pytest.mark.spark
FIRST = date(2025, 1, 1)
CLOCK = datetime(2025, 3, 1, 9, tzinfo=UTC)
Days = Callable[..., DataFrame]


@pytest.fixture
def locations(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        [("p", home, "Europe/London", 56.0) for home in ("a", "b", "c", "d", "e")],
        "partner_id string, location_id string, time_zone string, latitude double",
    )


@pytest.fixture
def days(spark: SparkSession) -> Days:
    """Make features.daily_load of one home: day n has 10 + n kWh and is known the next morning."""

    def made(
        home: str, count: int, *, first: date = FIRST, kwh: float | None = None,
        known_at: datetime | None = None,
    ) -> DataFrame:  # fmt: skip
        rows = []
        for n in range(count):
            day = first + timedelta(days=n)
            end = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1)
            known = known_at or end + timedelta(hours=6)
            energy = 10.0 + n if kwh is None else kwh
            rows.append(("p", home, "elec", "import", day, f"{day:%Y-%m}", end, known, energy))
        return spark.createDataFrame(
            rows,
            "partner_id string, location_id string, fuel string, direction string, "
            "local_date date, local_month string, feature_at timestamp, known_at timestamp, "
            "day_kwh double",
        )

    return made


@pytest.fixture
def temperatures(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        [("p", "a", FIRST + timedelta(days=n), float(n)) for n in range(400)],
        "partner_id string, location_id string, local_date date, temperature_c double",
    )


@pytest.fixture
def meters(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        [("p", home, "elec", "import", False, None) for home in ("a", "b", "c", "d")],
        "partner_id string, location_id string, fuel string, direction string, "
        "is_sub_meter boolean, deleted_at timestamp",
    )


def at(load: DataFrame, asked_at: datetime) -> DataFrame:
    series = load.select("partner_id", "location_id", "fuel", "direction").distinct()
    return series.withColumn("asked_at", F.lit(asked_at))


def test_a_late_correction_leaves_an_old_training_set_unchanged(
    days: Days, locations: DataFrame, temperatures: DataFrame
) -> None:
    load = days("a", 59)
    late = days("a", 1, first=date(2025, 2, 20), kwh=99.0, known_at=CLOCK + timedelta(days=5))
    asked = at(load, datetime(2025, 2, 25, 3, tzinfo=UTC))
    before, after = (
        came_true(known_days(asked, rows, locations, temperatures), rows, clock=CLOCK).collect()
        for rows in (load, load.unionByName(late))
    )
    assert before == after
    (row,) = before
    # At three in the morning the day before is not known yet, and its successors are the truth.
    assert [(d.days_ago, d.kwh, d.temperature_c) for d in row.days[:2]] == [
        (2, 10.0 + 53, 53.0),
        (3, 10.0 + 52, 52.0),
    ]
    assert list(row.true_kwh) == [65.0, 66.0, 67.0, 68.0]
    corrected = known_days(
        at(load, CLOCK + timedelta(days=6)), load.unionByName(late), locations, temperatures
    ).collect()[0]
    assert {d.days_ago: d.kwh for d in corrected.days}[15] == 99.0


def test_each_reason_not_to_look_ahead_has_its_code(
    days: Days, locations: DataFrame, temperatures: DataFrame, meters: DataFrame
) -> None:
    load = (
        days("a", 59)
        .unionByName(days("b", 6, first=date(2025, 2, 20)))
        .unionByName(days("c", 59, kwh=0.0))
        .unionByName(days("d", 30))
        .unionByName(days("e", 59))
    )
    # What is silent is not even asked, nor what is not registered.
    asked = asking(load, meters, clock=CLOCK)
    assert {row.location_id for row in asked.collect()} == {"a", "b", "c"}
    known = known_days(at(load, CLOCK), load, locations, temperatures).collect()
    assert {row.location_id: row.code for row in known} == {
        "a": None, "b": "too_little_history", "c": "no_variation", "d": "too_old", "e": None,
    }  # fmt: skip


def test_gas_that_rests_in_mild_weeks_is_no_dead_meter(
    days: Days, locations: DataFrame, temperatures: DataFrame
) -> None:
    winter, summer = {"count": 31}, {"count": 28, "first": date(2025, 2, 1), "kwh": 0.0}
    load = (
        days("a", **winter).unionByName(days("a", **summer))
        .unionByName(days("c", **winter)).unionByName(days("c", **summer))
        .unionByName(days("e", 59, kwh=0.0))
        .withColumn("fuel", F.lit("gas"))
    )  # fmt: skip
    cold = temperatures.withColumns(
        {"location_id": F.lit("c"), "temperature_c": F.col("temperature_c") - 40}
    )
    mild = temperatures.withColumn("location_id", F.explode(F.array(F.lit("a"), F.lit("e"))))
    known = known_days(at(load, CLOCK), load, locations, mild.unionByName(cold)).collect()
    # Neither in the cold, nor where it never was more.
    assert {row.location_id: row.code for row in known} == {
        "a": None, "c": "no_variation", "e": "no_variation",
    }  # fmt: skip


def test_only_weather_of_before_is_expected(spark: SparkSession, locations: DataFrame) -> None:
    point = "latitude double, longitude double"
    home = spark.createDataFrame(
        [("p", "a", 56.0, -3.0)], f"partner_id string, location_id string, {point}"
    )
    daily = spark.createDataFrame(
        [(56.0, -3.0, "Europe/London", date(2024, 3, 1) + timedelta(days=n), 1.0 + (n >= 365))
         for n in range(500)],
        f"{point}, time_zone string, local_date date, temperature_c double",
    )  # fmt: skip
    hours = [
        (56.0, -3.0, issued + timedelta(hours=h), issued, degrees)
        for issued, degrees in (
            (CLOCK - timedelta(hours=9), 7.0),
            (CLOCK - timedelta(hours=33), 4.0),
            (CLOCK + timedelta(hours=3), 30.0),
        )
        for h in range(72)
    ]
    weather = spark.createDataFrame(
        hours, f"{point}, observed_at timestamp, issued_at timestamp, temperature_c double"
    )
    question = spark.createDataFrame(
        [("p", home_, CLOCK, date(2025, 3, 1), "Europe/London") for home_ in ("a", "b")],
        "partner_id string, location_id string, asked_at timestamp, first_date date, "
        "time_zone string",
    )
    found = {
        row.location_id: row
        for row in with_expected_weather(
            question, question, daily, weather, home, locations
        ).collect()
    }
    # A year of days at one degree; those from the first of March on are of the next year.
    assert sum(found["a"].climate_days) == sum(found["a"].climate_c) == 365
    assert list(found["a"].forecast_c[:4]) == [7.0, 7.0, 7.0, None]
    assert (found["b"].climate_days, found["b"].forecast_c) == (None, None)

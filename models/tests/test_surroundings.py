"""An hour ahead is told the holiday, weather and sun that were known when it was asked for."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pvlib
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from models.hourly.inputs import SURROUNDINGS
from models.inputs.sunshine import above_the_atmosphere
from models.inputs.surroundings import Surroundings, with_surroundings

pytestmark = pytest.mark.spark

PLACE = (56.0, -3.2)
ASKED = datetime(2025, 4, 14, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOON = datetime(2025, 4, 15, 12, tzinfo=UTC)
Weather = tuple[datetime, datetime, bool, float, float]


def observed(at: datetime, warmth: float, light: float, *, late: timedelta = HOUR) -> Weather:
    return (at, at + late, True, warmth, light)


def forecast(at: datetime, warmth: float, light: float, *, issued: datetime) -> Weather:
    return (at, issued, False, warmth, light)


@pytest.fixture
def around(spark: SparkSession) -> Callable[..., Surroundings]:
    """Make what is known of one home near PLACE, in Britain, and of one that is nowhere."""

    def made(*weather: Weather, clock: datetime = ASKED, at: bool = False) -> Surroundings:
        rows = [
            (*PLACE, start, start + HOUR if seen else min(known, start), known, seen, t, w,
             start.date(), f"{start:%Y-%m}")
            for start, known, seen, t, w in weather
        ]  # fmt: skip
        told = spark.createDataFrame(
            rows, "latitude double, longitude double, starts_at timestamp, feature_at timestamp, "
            "known_at timestamp, is_observed boolean, temperature_c double, "
            "irradiance_w_m2 double, observed_date date, observed_month string",
        )  # fmt: skip
        days = spark.createDataFrame(
            [("GB", date(2025, 4, 18), "holiday", datetime(2024, 1, 1)),  # noqa: DTZ001
             ("GB", date(2025, 4, 17), "workday", datetime(2024, 1, 1)),  # noqa: DTZ001
             # Declared at short notice: nobody knew on the day before.
             ("GB", date(2025, 4, 17), "holiday", datetime(2025, 4, 16))],  # noqa: DTZ001
            "country_code string, local_date date, kind_of_day string, known_at timestamp",
        )  # fmt: skip
        places = spark.createDataFrame(
            [("p", "here", "GB", 55.9, -3.1), ("p", "nowhere", None, None, None)],
            "partner_id string, location_id string, country_code string, latitude double, "
            "longitude double",
        )
        points = spark.createDataFrame(
            [("p", "here", *PLACE)],
            "partner_id string, location_id string, latitude double, longitude double",
        )
        if at:
            return Surroundings.at(
                told, days, points, places, clock=clock, keep=lambda rows: rows
            )  # fmt: skip
        return Surroundings.known(told, days, points, places, clock=clock)

    return made


@pytest.fixture
def asked(spark: SparkSession) -> Callable[..., DataFrame]:
    def made(*starts: datetime, at: datetime = ASKED, home: str = "here") -> DataFrame:
        return spark.createDataFrame(
            [("p", home, at, start, start.date()) for start in starts],
            "partner_id string, location_id string, asked_at timestamp, starts_at timestamp, "
            "_date date",
        )

    return made


def only(rows: DataFrame) -> Any:
    (row,) = rows.collect()
    return row


def test_a_forecast_counts_from_its_issue_on_and_not_for_ever(around: Any, asked: Any) -> None:
    issues = [
        forecast(NOON, 9.0, 90.0, issued=ASKED - 60 * HOUR),
        forecast(NOON, 10.0, 100.0, issued=ASKED - 12 * HOUR),
        forecast(NOON, 11.0, 110.0, issued=ASKED),
        forecast(NOON, 12.0, 120.0, issued=ASKED + HOUR),
        forecast(NOON + HOUR, 13.0, 130.0, issued=ASKED - 60 * HOUR),
        # What it was like in the end, which nobody can know yet.
        observed(NOON, 99.0, 990.0),
    ]
    for known in (around(*issues, clock=NOON + DAY), around(*issues, at=True)):
        row = only(with_surroundings(asked(NOON), known))
        assert (row.temperature_c, row.irradiance_w_m2) == (11.0, 110.0)
        assert only(with_surroundings(asked(NOON + HOUR), known)).temperature_c is None
    early = around(*issues, clock=NOON + DAY)
    before = only(with_surroundings(asked(NOON, at=ASKED - HOUR), early))
    assert before.temperature_c == 10.0


def test_an_hour_that_begins_at_half_past_has_the_weather_of_the_hour_it_begins_in(
    around: Any, asked: Any
) -> None:
    half = timedelta(minutes=30)
    now = ASKED + timedelta(minutes=20)
    issues = [forecast(at, 11.0, 110.0, issued=ASKED - HOUR) for at in (NOON, ASKED)]
    for known in (around(*issues, clock=now), around(*issues, clock=now, at=True)):
        found = with_surroundings(asked(NOON + half, ASKED + half, at=now), known).collect()
        assert [row.temperature_c for row in found] == [11.0, 11.0]


def test_the_last_weeks_are_those_that_were_known_and_as_they_were_told_first(
    around: Any, asked: Any
) -> None:
    noons = [NOON - n * DAY for n in range(60, 1, -1)]
    told = [observed(at, float(n), 10.0 * n) for n, at in enumerate(noons)]
    corrected = (noons[50], NOON, True, 500.0, 500.0)
    known = around(*told, corrected, clock=NOON + 9 * DAY)
    row = only(with_surroundings(asked(NOON), known))
    # Of the day before the question (the 58th) the noon has been told, that of its own day has not.
    assert (row.temperature_1d_c, row.irradiance_1d_w_m2) == (58.0, 580.0)
    assert row.temperature_28d_c == np.mean(range(31, 59))
    # Three days on nothing newer has come, nine days on what was known is too old.
    later, long_after = (
        only(with_surroundings(asked(NOON + n * DAY, at=ASKED + n * DAY), known)) for n in (3, 9)
    )
    assert later.temperature_1d_c == 58.0
    assert (long_after.temperature_1d_c, long_after.temperature_28d_c) == (None, None)
    # A question of now sees what has come by now, of today too.
    now = around(*told, observed(NOON - DAY, 1.0, 1.0), clock=NOON, at=True)
    assert only(with_surroundings(asked(NOON, at=NOON), now)).temperature_1d_c == 1.0


def test_weather_that_came_in_one_go_is_there_for_the_questions_of_its_past(
    around: Any, asked: Any
) -> None:
    noons = [NOON - n * DAY for n in range(60, 1, -1)]
    at_once = [(at, ASKED + 30 * DAY, True, 7.0, 70.0) for at in noons]
    known = around(*at_once, clock=ASKED + 31 * DAY)
    assert only(with_surroundings(asked(NOON), known)).temperature_28d_c == 7.0


def test_a_holiday_is_one_where_it_was_known_and_no_place_has_no_weather(
    around: Any, asked: Any
) -> None:
    days = [NOON + n * DAY for n in (1, 2, 3)]
    known = around(observed(NOON - 3 * DAY, 1.0, 1.0), clock=NOON + 9 * DAY)
    found = with_surroundings(asked(*days), known).orderBy("starts_at").toPandas()
    assert list(found["is_holiday"]) == [0, 0, 1]
    on_the_day = only(with_surroundings(asked(days[1], at=days[1]), known))
    assert on_the_day.is_holiday == 1
    nowhere = only(with_surroundings(asked(days[2], home="nowhere"), known))
    assert [nowhere[name] for name in SURROUNDINGS] == [0, *[None] * (len(SURROUNDINGS) - 1)]


def test_the_sun_stands_where_it_stands(spark: SparkSession) -> None:
    """Against pvlib's solar position (NREL SPA), hours of a year at five places."""
    places = [(56.0, -3.2), (34.1, -117.4), (-33.9, 151.2), (0.0, 0.0), (69.6, 18.9)]
    at = pd.date_range("2025-01-01 00:30", "2025-12-31", freq="37h", tz="UTC")
    rows = [(stamp.to_pydatetime(), *place) for stamp in at for place in places]
    told = spark.createDataFrame(rows, "at timestamp, latitude double, longitude double")
    above = above_the_atmosphere(F.col("at"), F.col("latitude"), F.col("longitude"))
    found = told.withColumn("w_m2", above).toPandas()
    for (latitude, longitude), of_place in found.groupby(["latitude", "longitude"]):
        stamps = pd.DatetimeIndex(of_place["at"]).tz_localize("UTC")
        zenith = pvlib.solarposition.get_solarposition(stamps, latitude, longitude)["zenith"]
        height = np.maximum(np.cos(np.radians(zenith.to_numpy())), 0)
        true = pvlib.irradiance.get_extra_radiation(stamps).to_numpy() * height
        np.testing.assert_allclose(of_place["w_m2"].to_numpy(), true, atol=20.0)

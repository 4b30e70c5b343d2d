"""The weather of an hour is what was known of it then: a forecast until it was observed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.contracts import WEATHER_HOURLY
from features.weather_hourly import weather_hourly
from lake.feature_store import FeatureLookup, FeatureStore
from lake.feature_store.tables import feature_table
from lake.hops.writing import keep
from lake.settings import Settings
from lake.store import Store
from silver.contracts import WEATHER

pytestmark = pytest.mark.spark
Make = Callable[..., DataFrame]
POINT = {"latitude": 55.95, "longitude": -3.19}
KEYS = ["latitude", "longitude", "starts_at"]


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2025, 3, day, hour, minute, tzinfo=UTC)


def line(
    of: datetime,
    degrees: float | None,
    *,
    issued: datetime | None = None,
    said: datetime,
    **more: Any,
) -> dict[str, Any]:
    return {**POINT, "observed_at": of, "issued_at": issued, "temperature_c": degrees,
            "known_at": said, "observed_date": of.date(), "observed_month": f"{of:%Y-%m}",
            **more}  # fmt: skip


def forecast(of: datetime, degrees: float, issued: datetime) -> dict[str, Any]:
    return line(of, degrees, issued=issued, said=issued)


def test_a_declared_hour_is_looked_up_by_its_point_and_start() -> None:
    weather = feature_table(WEATHER_HOURLY)
    assert weather.primary_keys == tuple(KEYS)
    assert (weather.timeseries_column, weather.known) == ("feature_at", ("known_at",))
    assert weather.features == (
        "is_observed", "temperature_c", "wind_speed_m_s", "irradiance_w_m2",
    )  # fmt: skip


def test_an_hour_is_the_mean_of_what_each_issue_says_of_it(table: Make) -> None:
    issued = at(1, 5)
    rows = [
        line(at(2, 10), 4.0, said=at(2, 10, 5)),
        line(at(2, 10, 30), 6.0, said=at(2, 11, 5), wind_speed_m_s=3.0),
        forecast(at(2, 10), 9.0, issued),
        # An analysis, issued after its hour began, and at once with what was observed.
        forecast(at(2, 10), 5.5, at(2, 11, 5)),
        forecast(at(2, 10), 5.4, at(2, 12)),
        line(at(3, 10), None, said=at(3, 12), irradiance_w_m2=200.0),
    ]
    found = weather_hourly(table(WEATHER, rows)).orderBy("starts_at", "known_at").collect()
    said = [
        (r.known_at, r.feature_at, r.is_observed, r.temperature_c, r.wind_speed_m_s) for r in found
    ]
    naive = [
        tuple(v.astimezone(UTC) if isinstance(v, datetime) else v for v in row) for row in said
    ]
    assert naive == [
        (issued, issued, False, 9.0, None),
        (at(2, 11, 5), at(2, 11), True, 5.0, 3.0),
        (at(2, 12), at(2, 10), False, 5.4, None),
        (at(3, 12), at(3, 11), True, None, None),
    ]
    assert found[-1].irradiance_w_m2 == 200.0


def test_what_is_forecast_or_observed_later_changes_no_old_training_set(
    spark: SparkSession, lake: Settings, table: Make
) -> None:
    store, fs = Store(spark, lake), FeatureStore(spark, lake, clock=at(9))
    hour, is_there = at(4, 18), False

    def say(*lines: dict[str, Any]) -> None:
        nonlocal is_there
        stored = store.read(WEATHER_HOURLY) if is_there else None
        keep(store, WEATHER_HOURLY, weather_hourly(table(WEATHER, list(lines))), stored)
        is_there = True

    asked = spark.createDataFrame(
        [(55.95, -3.19, hour, at(day, 12)) for day in range(1, 7)],
        "latitude double, longitude double, starts_at timestamp, asked_at timestamp",
    )
    weather = FeatureLookup(
        "features.weather_hourly", KEYS, timestamp_lookup_key="asked_at",
        lookback_window=timedelta(hours=36), feature_names="temperature_c",
    )  # fmt: skip

    def built(as_of: datetime) -> list[float | None]:
        made = fs.create_training_set(df=asked, feature_lookups=[weather], label=None, as_of=as_of)
        return [r.temperature_c for r in made.load_df().orderBy("asked_at").collect()]

    say(forecast(hour, 3.0, at(2, 6)), forecast(hour, 2.0, at(3, 6)))
    then = [None, 3.0, 2.0, 2.0, None, None]
    assert built(at(9)) == then
    # The newest forecast by then, and what was observed as soon as it was known.
    say(forecast(hour, 1.0, at(4, 6)), line(hour, -1.0, said=at(5, 11)))
    assert built(at(4, 0)) == then
    assert built(at(9)) == [None, 3.0, 2.0, 1.0, -1.0, None]
    say(forecast(hour, 7.0, at(6, 6)), line(hour, -2.0, said=at(6, 7)))
    assert built(at(4, 0)) == then
    assert built(at(6, 6)) == [None, 3.0, 2.0, 1.0, -1.0, None]
    assert fs.read_table(name="features.weather_hourly", as_of=at(4)).count() == 2

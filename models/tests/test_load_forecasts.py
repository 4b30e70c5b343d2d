"""Forecasts are of what was known at the clock: 336 hours for each home that can be forecast."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.hourly_load_profile import hourly_load_profile
from lake.modelling.registry import Champion
from models.contracts import LOAD_FORECASTS
from models.inputs.forecastable import recent
from models.load_forecasts import load_forecasts, training
from models.readable import OutdatedModel

pytestmark = [pytest.mark.spark, pytest.mark.slow]
CLOCK = datetime(2025, 4, 14, 9, 20, tzinfo=UTC)
Make = Callable[..., DataFrame]


def rows(forecast: DataFrame) -> pd.DataFrame:
    keys = ["location_id", "direction", "starts_at"]
    return forecast.toPandas().sort_values(keys, ignore_index=True)


def test_336_hours_in_order_for_import_and_its_copy(
    hours: Make, meters: Make, profile: Make, champion: Champion, unknown: Any
) -> None:
    registered = meters(("a", "elec", "import"), ("b", "elec", "import"), ("b", "elec", "export"))
    energy = hours("a", days=40).unionByName(hours("b", days=40))
    forecast = load_forecasts(
        profile(energy, registered), meters=registered, clock=CLOCK, model=champion, **unknown
    )
    assert forecast.columns == list(LOAD_FORECASTS.names)
    found = rows(forecast)
    sizes = found.groupby(["location_id", "direction"]).size()
    assert sizes.to_dict() == {
        ("a", "consumption"): 336,
        ("a", "import"): 336,
        ("b", "import"): 336,
    }
    assert found["starts_at"].min() == datetime(2025, 4, 14, 10)  # noqa: DTZ001 - Spark's session is UTC
    assert set(found["model_version"]) == {champion.label}
    assert set(found["issued_at"]) == {pd.Timestamp("2025-04-14 09:00")}
    quantiles = found.filter(regex="^p[0-9]").to_numpy()
    assert (quantiles[:, 1:] >= quantiles[:, :-1]).all()
    assert (found["mean_kwh"] >= 0).all()
    copies = [
        found[found["direction"] == d].query("location_id == 'a'")
        for d in ("import", "consumption")
    ]
    assert (copies[0]["p50_kwh"].to_numpy() == copies[1]["p50_kwh"].to_numpy()).all()


def test_what_is_said_after_the_clock_changes_nothing(
    hours: Make, meters: Make, profile: Make, champion: Champion, unknown: Any, nowhere: Any
) -> None:
    registered = meters(("a", "elec", "import"))
    energy = hours("a", days=60)
    is_later = F.col("known_at") > F.lit(CLOCK)
    other = energy.withColumn("energy_kwh", F.when(is_later, 99.0).otherwise(F.col("energy_kwh")))
    known, altered = (
        rows(
            load_forecasts(
                profile(e, registered), meters=registered, clock=CLOCK, model=champion, **unknown
            )
        )
        for e in (energy.where(~is_later), other)
    )
    pd.testing.assert_frame_equal(known, altered)
    learned = [
        training(profile(e, registered), e, registered, **nowhere, clock=CLOCK).toPandas()
        .sort_values(["asked_at", "starts_at"], ignore_index=True)
        for e in (energy.where(~is_later), other)
    ]  # fmt: skip
    assert len(learned[0]) > 100
    pd.testing.assert_frame_equal(learned[0], learned[1])


def test_training_rows_look_back_only_and_know_the_week_before(
    hours: Make, meters: Make, profile: Make, nowhere: Any
) -> None:
    registered = meters(("a", "elec", "import"))
    # The energy says its own day, so a lag says which day it is of.
    day = "date_diff(to_date(starts_at), '2025-03-01')"
    energy = hours("a", days=40, kwh=f"{day} + hour(starts_at) / 100")
    learned = training(
        profile(energy, registered), energy, registered, **nowhere, clock=CLOCK
    ).toPandas()
    assert learned["starts_at"].min() >= learned["asked_at"].min()
    assert (learned["starts_at"] >= learned["asked_at"]).all()
    ends = learned["starts_at"].max() + timedelta(hours=1)
    assert ends <= CLOCK.replace(tzinfo=None)
    days_back = learned["energy_kwh"] - learned["week_before_kwh"]
    assert set(days_back.dropna().round(6)) <= {7.0, 14.0, 21.0}
    asked_day = learned["asked_at"].dt.floor("D")
    newest = learned["energy_kwh"] // 1 - learned["days_ahead"]
    # Data of a day are known at six the next morning.
    early = learned["asked_at"].dt.hour < 6
    expected = (asked_day - pd.Timestamp("2025-03-01")).dt.days - 1 - early
    assert (newest == expected).all()


def test_a_meter_by_quarters_has_the_quarters_of_two_days(
    hours: Make, meters: Make, profile: Make, champion: Champion, unknown: Any
) -> None:
    registered = meters(("a", "elec", "import"), ("b", "elec", "import"), ("c", "elec", "import"))
    energy = reduce(DataFrame.unionByName, (hours(home, days=40) for home in ("a", "b", "c")))
    part = F.explode(F.sequence(F.lit(0), F.lit(3)))
    begins = F.timestamp_add("MINUTE", 15 * F.col("part"), "starts_at")
    # The last quarter of each hour takes half of it. Of b no quarter is said until the clock.
    quarters = (
        energy.where("location_id <> 'c'")
        .withColumn("part", part)
        .withColumns(
            {
                "energy_kwh": F.col("energy_kwh")
                * F.when(F.col("part") == 3, 0.5).otherwise(1 / 6),
                "starts_at": begins,
                "ends_at": F.timestamp_add("MINUTE", F.lit(15), begins),
                "known_at": F.when(F.col("location_id") == "b", F.lit(CLOCK + timedelta(hours=1)))
                .otherwise(F.col("known_at")),
            }
        )
    )  # fmt: skip
    zone = F.lit("Atlantic/Reykjavik").alias("time_zone")
    places = energy.select("partner_id", "location_id", zone).distinct()
    nearby = {
        **unknown,
        "energy_quarter_hourly": quarters,
        "locations": places.withColumns(
            {
                "country_code": F.lit("IS"),
                "deleted_at": F.lit(None).cast("timestamp"),
                "latitude": F.lit(None).cast("double"),
                "longitude": F.lit(None).cast("double"),
            }
        ),
    }
    forecast = load_forecasts(
        profile(energy, registered), meters=registered, clock=CLOCK, model=champion, **nearby
    ).localCheckpoint()
    told = rows(forecast.where("resolution = 'PT15M'"))
    assert told.groupby(["location_id", "direction"]).size().to_dict() == {
        ("a", "consumption"): 4 * 48, ("a", "import"): 4 * 48,
    }  # fmt: skip
    told = told[told["direction"] == "import"]
    assert (told["ends_at"] - told["starts_at"] == pd.Timedelta(minutes=15)).all()
    assert told["starts_at"].min() == datetime(2025, 4, 14, 10)  # noqa: DTZ001 - as above
    whole = rows(forecast.where("resolution = 'PT1H' AND direction = 'import'"))
    means = whole[whole["location_id"] == "a"].set_index("starts_at")["mean_kwh"]
    sums = told.groupby(told["starts_at"].dt.floor("h"))["mean_kwh"].sum()
    assert sums.to_numpy() == pytest.approx(means[sums.index].to_numpy())
    last = told["starts_at"].dt.minute == 45
    assert told[last]["mean_kwh"].sum() == pytest.approx(told["mean_kwh"].sum() / 2, rel=0.02)
    quantiles = told.filter(regex="^p[0-9]").to_numpy()
    assert (quantiles[:, 1:] >= quantiles[:, :-1]).all()


def test_a_home_whose_meters_are_deleted_is_not_forecast(
    hours: Make, meters: Make, profile: Make, champion: Champion, unknown: Any
) -> None:
    registered = meters(("a", "elec", "import"), ("b", "elec", "import"))
    known = profile(hours("a", days=40).unionByName(hours("b", days=40)), registered)
    is_gone = F.when(F.col("location_id") == "b", F.lit(CLOCK)).cast("timestamp")
    left = registered.withColumn("deleted_at", is_gone)
    forecast = load_forecasts(known, meters=left, clock=CLOCK, model=champion, **unknown)
    assert {row[0] for row in forecast.select("location_id").collect()} == {"a"}


def test_a_home_that_moved_is_forecast_once_on_its_new_clock(
    spark: SparkSession,
    hours: Make,
    meters: Make,
    profile: Make,
    champion: Champion,
    unknown: Any,
) -> None:
    registered, energy = meters(("a", "elec", "import")), hours("a", days=35)
    place = "partner_id string, location_id string, time_zone string"
    there = spark.createDataFrame([("p", "a", "Europe/Helsinki")], place)
    moved_on = F.col("local_date") >= F.lit(date(2025, 4, 12))
    before = profile(energy, registered).where(~moved_on)
    since = hourly_load_profile(energy, registered, there).where(moved_on)
    known = before.unionByName(since).localCheckpoint()
    (home,) = recent(known, clock=CLOCK).collect()
    assert (home.time_zone, home.code) == ("Europe/Helsinki", None)
    forecast = load_forecasts(known, meters=registered, clock=CLOCK, model=champion, **unknown)
    assert forecast.where("direction = 'import'").count() == 336
    assert forecast.select("direction", "starts_at").distinct().count() == 2 * 336


def test_without_a_champion_there_is_no_row(
    hours: Make, meters: Make, profile: Make, unknown: Any
) -> None:
    registered = meters(("a", "elec", "import"))
    known = profile(hours("a", days=40), registered)
    forecast = load_forecasts(known, meters=registered, clock=CLOCK, model=None, **unknown)
    assert forecast.columns == list(LOAD_FORECASTS.names)
    assert forecast.isEmpty()


def test_a_champion_of_another_rule_is_named_with_the_cure(
    hours: Make, meters: Make, champion: Champion, unknown: Any
) -> None:
    old = replace(champion, rule_version=0)
    with pytest.raises(OutdatedModel, match="lake train load_forecasts"):
        load_forecasts(
            hours("a", days=1), meters=meters(("a", "elec", "import")), clock=CLOCK, model=old,
            **unknown,
        )  # fmt: skip

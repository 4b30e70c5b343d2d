"""What has energy has a forecast or a refusal that says what is missing, never both, never none."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.daily_load import daily_load
from gold.contracts import TEMPERATURE_DAILY
from lake.modelling.registry import Champion
from lake.schema import empty
from models.contracts import INSIGHT_REFUSALS, LOAD_FORECASTS, LOAD_OUTLOOKS
from models.load_forecasts import load_forecasts
from models.refusals.forecasts import forecast_refusals
from models.refusals.outlooks import outlook_refusals
from silver.contracts import LOCATION_WEATHER

pytestmark = [pytest.mark.spark, pytest.mark.slow]
CLOCK = datetime(2025, 4, 14, 9, 20, tzinfo=UTC)
HOMES = ("fine", "young", "gone", "flat", "dead", "future", "holed", "once")
Make = Callable[..., DataFrame]


@pytest.fixture
def energy(hours: Make) -> DataFrame:
    homes = (
        hours("fine", days=35),
        hours("young", days=5, first=date(2025, 4, 9)),
        hours("gone", days=20),
        hours("flat", days=35, kwh="0.25"),
        hours("dead", days=35, kwh="0"),
        hours("future", days=9, first=date(2025, 4, 15)),
        # A year of gaps, and back since; one reading.
        hours("holed", days=28, first=date(2024, 3, 10)),
        hours("holed", days=10, first=date(2025, 4, 4)),
        hours("once", days=1, first=date(2025, 4, 13)).where("hour(starts_at) = 5"),
    )
    return reduce(DataFrame.unionByName, homes)


def daily(energy: DataFrame) -> DataFrame:
    series = ["partner_id", "location_id", "fuel", "direction", "local_date"]
    return energy.groupBy(*series).agg(
        F.min("starts_at").alias("starts_at"),
        F.max("ends_at").alias("ends_at"),
        F.max("known_at").alias("known_at"),
        F.sum("energy_kwh").alias("energy_kwh"),
        F.sum("observed_intervals").cast("int").alias("observed_intervals"),
        F.sum("expected_intervals").cast("int").alias("expected_intervals"),
        F.first("local_month").alias("local_month"),
    )


def test_each_home_is_forecast_or_told_why_not(
    energy: DataFrame, meters: Make, profile: Make, champion: Champion, unknown: Any
) -> None:
    registered = meters(*((home, "elec", "import") for home in HOMES))
    known = profile(energy, registered)
    days = daily(energy)
    both = F.explode(F.array(F.lit("import"), F.lit("consumption")))
    days = days.withColumn("direction", both)
    forecast = load_forecasts(
        known, meters=registered, clock=CLOCK, model=champion, **unknown
    ).localCheckpoint()
    refused = forecast_refusals(known, forecast, days, registered, clock=CLOCK)
    assert refused.columns == list(INSIGHT_REFUSALS.names)
    found = {(r.location_id, r.direction): r for r in refused.collect()}
    codes = {place: row.code for place, row in found.items()}
    expected = {
        "young": "too_little_history",
        "once": "too_little_history",
        "gone": "too_old",
        "flat": "no_variation",
        "dead": "no_variation",
    }
    assert codes == {(h, d): c for h, c in expected.items() for d in ("import", "consumption")}
    has_one = {(r.location_id, r.direction) for r in forecast.collect()}
    assert has_one == {(h, d) for h in ("fine", "holed") for d in ("import", "consumption")}
    assert "The last reading is of 2025-03-29;" in found["gone", "import"].description
    details = json.loads(found["young", "import"].details)
    assert (details["days_observed"], details["days_needed"]) == (5, 7)


def test_without_a_champion_the_refusal_says_so(
    energy: DataFrame, meters: Make, profile: Make
) -> None:
    registered = meters(("fine", "elec", "import"))
    fine = energy.where("location_id = 'fine'")
    none = empty(energy.sparkSession, LOAD_FORECASTS)
    refused = forecast_refusals(
        profile(fine, registered), none, daily(fine), registered, clock=CLOCK
    )
    assert [row.code for row in refused.collect()] == ["no_model"]


def test_each_home_has_an_outlook_or_is_told_why_not(energy: DataFrame, meters: Make) -> None:
    registered = meters(*((home, "elec", "import") for home in HOMES))
    # Days of the homes that live differ.
    is_dull = F.col("location_id").isin("flat", "dead")
    noise = F.when(is_dull, 0.0).otherwise(0.5) * (F.dayofyear("local_date") % 2)
    days = daily(energy.withColumn("energy_kwh", F.col("energy_kwh") * (1 + noise)))
    place = [F.lit("Atlantic/Reykjavik").alias("time_zone"), F.lit(64.0).alias("latitude")]
    zones = days.select("partner_id", "location_id", *place).distinct()
    whole = daily_load(days, registered, zones).localCheckpoint()
    none = empty(energy.sparkSession, LOAD_OUTLOOKS)
    warmth, near = (empty(energy.sparkSession, t) for t in (TEMPERATURE_DAILY, LOCATION_WEATHER))
    refused = outlook_refusals(
        whole, none, days, registered, warmth, near, zones, clock=CLOCK
    )  # fmt: skip
    assert refused.columns == list(INSIGHT_REFUSALS.names)
    assert {row.location_id: row.code for row in refused.collect()} == {
        "fine": "no_model", "young": "too_little_history", "gone": "too_old",
        "holed": "no_model", "once": "too_little_history",
        "flat": "no_variation", "dead": "no_variation",
    }  # fmt: skip

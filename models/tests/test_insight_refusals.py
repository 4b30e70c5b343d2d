"""What has energy has a forecast or a refusal that says what is missing, never both, never none."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import reduce

import pytest
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.daily_load import daily_load
from lake.registry import Champion
from lake.schema import empty
from models.contracts import INSIGHT_REFUSALS, LOAD_FORECASTS, LOAD_OUTLOOKS
from models.insight_refusals import insight_refusals
from models.load_forecasts import load_forecasts

pytestmark = [pytest.mark.spark, pytest.mark.slow]
CLOCK = datetime(2025, 4, 14, 9, 20, tzinfo=UTC)
HOMES = ("fine", "young", "gone", "flat", "dead", "future")
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
    )
    return reduce(DataFrame.unionByName, homes)


def daily(energy: DataFrame) -> DataFrame:
    series = ["partner_id", "location_id", "fuel", "direction", "local_date"]
    return energy.groupBy(*series).agg(
        F.min("starts_at").alias("starts_at"),
        F.max("ends_at").alias("ends_at"),
        F.max("known_at").alias("known_at"),
        F.sum(F.col("energy_kwh") * (1 + F.dayofyear("local_date") % 2 * noisy())).alias(
            "energy_kwh"
        ),
        F.sum("observed_intervals").cast("int").alias("observed_intervals"),
        F.sum("expected_intervals").cast("int").alias("expected_intervals"),
        F.first("local_month").alias("local_month"),
    )


def noisy() -> Column:
    """Days of the homes that live differ."""
    return F.when(F.col("location_id").isin("flat", "dead"), 0.0).otherwise(0.5)


def zones(days: DataFrame) -> DataFrame:
    place = [F.lit("Atlantic/Reykjavik").alias("time_zone"), F.lit(64.0).alias("latitude")]
    return days.select("partner_id", "location_id", *place).distinct()


def whole_days(days: DataFrame, meters: DataFrame) -> DataFrame:
    return daily_load(days, meters, zones(days)).localCheckpoint()


def test_each_home_is_forecast_or_told_why_not(
    energy: DataFrame, meters: Make, profile: Make, champion: Champion
) -> None:
    registered = meters(*((home, "elec", "import") for home in HOMES))
    known = profile(energy, registered)
    days = daily(energy)
    both = F.explode(F.array(F.lit("import"), F.lit("consumption")))
    days = days.withColumn("direction", both)
    forecast = load_forecasts(known, registered, clock=CLOCK, model=champion).localCheckpoint()
    none = empty(energy.sparkSession, LOAD_OUTLOOKS)
    both_insights = insight_refusals(
        known, forecast, days, registered, whole_days(days, registered), none, zones(days),
        clock=CLOCK,
    ).localCheckpoint()  # fmt: skip
    assert both_insights.columns == list(INSIGHT_REFUSALS.names)
    outlooks = {
        row.location_id: row.code
        for row in both_insights.where(
            "insight = 'outlook' AND direction = 'consumption'"
        ).collect()
    }
    assert outlooks == {
        "fine": "no_model", "young": "too_little_history", "gone": "too_old",
        "flat": "no_variation", "dead": "no_variation",
    }  # fmt: skip
    refused = both_insights.where("insight = 'forecast'")
    found = {(r.location_id, r.direction): r for r in refused.collect()}
    codes = {place: row.code for place, row in found.items()}
    expected = {
        "young": "too_little_history",
        "gone": "too_old",
        "flat": "no_variation",
        "dead": "no_variation",
    }
    assert codes == {(h, d): c for h, c in expected.items() for d in ("import", "consumption")}
    has_one = {(r.location_id, r.direction) for r in forecast.collect()}
    assert has_one == {("fine", "import"), ("fine", "consumption")}
    assert "The last reading is of 2025-03-29;" in found["gone", "import"].description
    details = json.loads(found["young", "import"].details)
    assert (details["days_observed"], details["days_needed"]) == (5, 7)


def test_without_a_champion_the_refusal_says_so(
    energy: DataFrame, meters: Make, profile: Make
) -> None:
    registered = meters(("fine", "elec", "import"))
    fine = energy.where("location_id = 'fine'")
    none = empty(energy.sparkSession, LOAD_FORECASTS)
    days, outlooks = daily(fine), empty(energy.sparkSession, LOAD_OUTLOOKS)
    refused = insight_refusals(
        profile(fine, registered), none, days, registered, whole_days(days, registered), outlooks,
        zones(days), clock=CLOCK,
    )  # fmt: skip
    told = {(row.insight, row.code) for row in refused.collect()}
    assert told == {("forecast", "no_model"), ("outlook", "no_model")}

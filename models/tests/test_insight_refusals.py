"""What has energy has a forecast or a refusal that says what is missing, never both, never none."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import reduce

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.registry import Champion
from lake.schema import empty
from models.contracts import (
    ANOMALIES,
    FORECAST_OUTCOMES_DAILY,
    INSIGHT_REFUSALS,
    LOAD_FORECASTS,
)
from models.insight_refusals import forecast_refusals, insight_refusals
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
    )


def test_each_home_is_forecast_or_told_why_not(
    energy: DataFrame, meters: Make, profile: Make, champion: Champion
) -> None:
    registered = meters(*((home, "elec", "import") for home in HOMES))
    known = profile(energy, registered)
    days = daily(energy)
    both = F.explode(F.array(F.lit("import"), F.lit("consumption")))
    days = days.withColumn("direction", both)
    forecast = load_forecasts(known, registered, clock=CLOCK, model=champion).localCheckpoint()
    refused = forecast_refusals(known, forecast, days, registered, clock=CLOCK)
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
    refused = forecast_refusals(
        profile(fine, registered), none, daily(fine), registered, clock=CLOCK
    )
    assert [row.code for row in refused.collect()] == ["no_model"]


def test_a_home_without_a_judged_day_is_told_how_many_there_are(
    energy: DataFrame, meters: Make, profile: Make, table: Make
) -> None:
    registered = meters(("fine", "elec", "import"), ("young", "elec", "import"))
    homes = energy.where("location_id IN ('fine', 'young')")
    of_both = {"partner_id": "p", "fuel": "elec", "direction": "import"}
    scored = [
        {"location_id": home, "local_date": day, "lead": "day_ahead", "hours": 24,
         "expected_hours": hours}
        for home, day, hours in (
            ("young", "2025-04-12", 24), ("young", "2025-04-13", 24), ("young", "2025-04-11", 25))
    ]  # fmt: skip
    judged = [
        {"location_id": home, "kind": kind, "local_date": "2025-04-12", "local_month": "2025-04"}
        for home, kind in (("fine", "daily"), ("young", "spike"))
    ]
    refused = insight_refusals(
        profile(homes, registered),
        table(LOAD_FORECASTS, [{"issued_date": "2025-04-14", "location_id": home}
                               for home in ("fine", "young")], **of_both),
        daily(homes), registered, table(FORECAST_OUTCOMES_DAILY, scored, **of_both),
        table(ANOMALIES, judged, **of_both, known_at="2025-04-13T06:00:00Z"), clock=CLOCK,
    )  # fmt: skip
    assert refused.columns == list(INSIGHT_REFUSALS.names)
    (row,) = refused.collect()
    assert (row.location_id, row.insight, row.code) == ("young", "anomalies", "not_enough_data")
    details = json.loads(row.details)
    assert (details["days_forecast_and_metered"], details["days_needed"]) == (2, 28)
    assert "there are 2." in row.description

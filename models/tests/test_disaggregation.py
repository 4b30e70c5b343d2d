"""Each home is taken apart or told why not, as known at the clock, of its partner's data alone."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.contracts import TEMPERATURE_DAILY
from lake.schema import empty
from models.backtests.parts import lacking
from models.contracts import DISAGGREGATION, HOME_ASSETS, INSIGHT_REFUSALS
from models.disaggregation import disaggregation, training
from models.home_assets import home_assets
from models.inputs.home_frames import touched_by_energy_hourly, touched_by_temperature_daily
from models.parts.model import PartsOfHomes
from models.parts.readings import INPUTS, intervals
from models.parts_version import VERSION
from models.refusals.disaggregation import disaggregation_refusals
from silver.contracts import HOME_PROFILES, LOCATION_WEATHER, LOCATIONS, WEATHER

pytestmark = [pytest.mark.spark, pytest.mark.slow]
CLOCK = datetime(2025, 4, 25, 12, tzinfo=UTC)
KNOWN = "2025-01-01T00:00:00+00:00"
Make = Callable[..., DataFrame]
Tables = dict[str, Any]
# Evening use, and 3.6 kWh of a car in each of three hours, every second night.
_KWH = (
    "0.15 + IF(hour(starts_at) BETWEEN 17 AND 21, 0.3, 0) + 0.05 * pmod(xxhash64(starts_at), 3)"
    " + IF(pmod(dayofyear(starts_at), 2) = 0 AND hour(starts_at) BETWEEN 1 AND 3, 3.6, 0)"
)


@pytest.fixture
def tables(hours: Make, table: Make) -> Tables:
    """Return inputs of eight homes, one of another partner under the same name."""
    homes = {"fine": ("p", "house_detached", 55.7), "unsaid": ("p", None, 55.7),
             "young": ("p", "apartment", 55.7), "far": ("p", "apartment", 10.0),
             "holed": ("p", "apartment", 55.7), "dead": ("p", "apartment", 55.7),
             "rare": ("p", "apartment", 55.7)}  # fmt: skip
    ids = [*((p, i) for i, (p, *_) in homes.items()), ("q", "fine")]
    energy = hours("fine", days=60, kwh=_KWH, direction="consumption")
    for home, days in (("unsaid", 60), ("young", 20), ("far", 60)):
        more = hours(home, days=days, kwh=_KWH, direction="consumption")
        energy = energy.unionByName(more)
    # A fifth of its quarters is lost, so four hours of ten are whole.
    holed = hours("holed", days=60, kwh=_KWH, direction="consumption").withColumns(
        {"observed_intervals": F.expr("IF(pmod(hour(starts_at), 5) < 2, 4, 3)"),
         "expected_intervals": F.lit(4)}
    )  # fmt: skip
    dead = hours("dead", days=60, kwh="0.2", direction="consumption")
    rare = hours("rare", days=60, kwh="IF(day(starts_at) = 20, 0.1 * hour(starts_at), 0)",
                 direction="consumption")  # fmt: skip
    energy = energy.unionByName(holed).unionByName(dead).unionByName(rare)
    others = hours("fine", days=10, kwh="2.0", direction="consumption")
    energy = energy.unionByName(others.withColumn("partner_id", F.lit("q")))
    return {
        "energy_hourly": energy,
        "energy_quarter_hourly": energy.limit(0),
        "temperature_daily": table(
            TEMPERATURE_DAILY,
            [{"local_date": date.fromordinal(date(2025, 3, 1).toordinal() + n),
              "temperature_c": 5.0 + n % 7} for n in range(60)],
            latitude=55.7, longitude=12.6, time_zone="Atlantic/Reykjavik",
        ),
        "silver_weather": empty(energy.sparkSession, WEATHER),
        "location_weather": table(
            LOCATION_WEATHER,
            [{"partner_id": p, "location_id": i, "latitude": homes[i][2]} for p, i in ids],
            longitude=12.6,
        ),
        "locations": table(
            LOCATIONS, [{"partner_id": p, "location_id": i} for p, i in ids],
            time_zone="Atlantic/Reykjavik", country_code="IS",
        ),
        "home_profiles": table(
            HOME_PROFILES,
            [{"partner_id": p, "location_id": i, "house_type": homes[i][1], "persons": 2}
             for p, i in ids],
            valid_from="2024-01-01", known_at=KNOWN,
        ),
    }  # fmt: skip


def daily(energy: DataFrame) -> DataFrame:
    series = ["partner_id", "location_id", "fuel", "direction", "local_date"]
    hours = F.unix_seconds("ends_at") - F.unix_seconds("starts_at")
    return energy.groupBy(*series).agg(
        F.min("starts_at").alias("starts_at"),
        F.max(F.col("energy_kwh") / hours * 3600).alias("peak_kw"),
        F.max("ends_at").alias("ends_at"),
        F.max("known_at").alias("known_at"),
        F.sum("observed_intervals").alias("observed_intervals"),
        F.sum("expected_intervals").alias("expected_intervals"),
        F.sum("energy_kwh").alias("energy_kwh"),
    )


def test_each_home_is_taken_apart_or_told_why_not(tables: Tables) -> None:
    parts = disaggregation(
        **tables, clock=CLOCK, model=None, at_hand=lambda rows: rows
    ).localCheckpoint()
    assert parts.columns == list(DISAGGREGATION.names)
    found = parts.collect()
    assert {(row.partner_id, row.location_id) for row in found} == {("p", "fine")}
    known = tables["energy_hourly"].where(
        (F.col("location_id") == "fine") & (F.col("partner_id") == "p")
        & (F.greatest("known_at", "ends_at") <= F.lit(CLOCK))
    )  # fmt: skip
    by_day = {row.local_date: row.energy_kwh for row in daily(known).collect()}
    told: dict[Any, float] = {}
    for row in found:
        if row.resolution == "P1D":
            told[row.local_date] = told.get(row.local_date, 0.0) + row.energy_kwh
    # The clock stands at noon: the 24th was said at six, of the 25th nothing is known.
    assert max(told) == date(2025, 4, 24)
    assert told == pytest.approx(by_day)
    months = sum(row.energy_kwh for row in found if row.resolution == "P1M")
    assert months == pytest.approx(sum(by_day.values()))
    energy = tables["energy_hourly"]
    long_ago = energy.where("location_id = 'young'").withColumns(
        {"location_id": F.lit("gone"), "local_date": F.add_months("local_date", -24)}
    )
    refused = disaggregation_refusals(
        parts, daily(energy.unionByName(long_ago)), tables["home_profiles"],
        tables["temperature_daily"], tables["location_weather"], tables["locations"], clock=CLOCK,
    )  # fmt: skip
    assert refused.columns == list(INSIGHT_REFUSALS.names)
    rows = {(row.partner_id, row.location_id): row for row in refused.collect()}
    assert {home: row.code for home, row in rows.items()} == {
        ("p", "unsaid"): "house_type_unknown",
        ("p", "young"): "too_little_history",
        ("p", "far"): "no_weather",
        ("p", "holed"): "too_little_history",
        ("p", "dead"): "no_variation",
        ("p", "rare"): "no_variation",
        ("q", "fine"): "too_little_history",
        ("p", "gone"): "too_old",
    }
    details = json.loads(rows["p", "young"].details)
    assert (details["days_observed"], details["days_needed"]) == (20, 30)
    holed = json.loads(rows["p", "holed"].details)
    assert (holed["days_observed"], holed["is_flat"]) == (46, False)
    gone = rows["p", "gone"]
    assert json.loads(gone.details)["last_date"] == "2023-03-29"
    assert gone.description.startswith("The last reading is of 2023-03-29;")


def test_assets_are_told_without_a_profile(tables: Tables) -> None:
    found = home_assets(**tables, clock=CLOCK, model=None, at_hand=lambda rows: rows)
    assert found.columns == list(HOME_ASSETS.names)
    rows = {(row.location_id, row.asset): row for row in found.collect()}
    assert {home for home, _ in rows} == {"fine", "unsaid"}
    car = rows["unsaid", "electric_vehicle"]
    assert car.probability > 0.5
    assert car.low <= car.size <= car.high
    assert car.size == pytest.approx(3.6, rel=0.15)
    assert json.loads(car.evidence)["events_a_week"] == pytest.approx(3.5, abs=0.5)


def test_a_training_sees_the_meters_of_homes_as_known_at_the_clock(
    tables: Tables, meters: Make
) -> None:
    registered = meters(*((home, "elec", "import") for home in ("fine", "unsaid", "young", "far")))
    frame = training(**tables, meters=registered, clock=CLOCK).toArrow().to_pandas()
    homes = set(zip(frame["partner_id"], frame["location_id"], strict=True))
    # Of a home that did not say what kind of house it is nothing can be told.
    assert homes == {("p", "fine"), ("p", "young"), ("p", "far")}
    assert lacking(frame).startswith("too few homes: 3")
    rows = intervals(frame)
    assert list(rows.columns) == list(INPUTS)
    fine = rows[(rows["partner_id"] == "p") & (rows["location_id"] == "fine")]
    assert fine["starts_at"].max() == pd.Timestamp("2025-04-24 23:00")
    assert fine["temperature_c"].notna().all()
    parts = disaggregation(**tables, clock=CLOCK, model=None, at_hand=lambda rows: rows)
    told = PartsOfHomes().predict(fine).query("resolution == 'P1M'")
    wanted = parts.where("resolution = 'P1M'").toPandas()
    assert set(wanted["model_version"]) == {VERSION}
    months = told.groupby("category")["energy_kwh"].sum()
    assert months.to_dict() == pytest.approx(
        wanted.groupby("category")["energy_kwh"].sum().to_dict(), rel=0.05, abs=0.5
    )


def test_new_hours_and_new_temperatures_touch_their_homes(tables: Tables) -> None:
    hours = tables["energy_hourly"].where("location_id = 'young'")
    assert [row.location_id for row in touched_by_energy_hourly(hours).collect()] == ["young"]
    around = touched_by_temperature_daily(
        tables["temperature_daily"], tables["location_weather"], tables["locations"]
    )
    touched = {(row.partner_id, row.location_id) for row in around.collect()}
    far = {("p", "far")}
    assert touched == {(r.partner_id, r.location_id) for r in tables["locations"].collect()} - far

"""Through a lake: what changes is computed again, a model is trained, refusals are told."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from gold.contracts import ENERGY_HOURLY, ENERGY_MONTHLY
from lake.catalog import catalog
from lake.contract import Table
from lake.hops import writing
from lake.modelling.registry import champion
from lake.modelling.training import train
from lake.running import Runner
from lake.settings import Settings
from lake.testing import frame
from models.tests.test_annual_use import homes as learnable
from silver.contracts import HOME_PROFILES, LOCATIONS

pytestmark = [pytest.mark.spark, pytest.mark.slow]
CLOCK = datetime(2025, 1, 9, 12, tzinfo=UTC)
KNOWN = datetime(2025, 1, 1, 6, tzinfo=UTC)
HOMES = 150
Rows = list[dict[str, Any]]
Make = Callable[..., DataFrame]
NEEDED = (
    "gold.base_load_daily", "gold.weather_models", "gold.temperature_daily", "gold.energy_daily",
    "silver.location_weather", "silver.weather", "silver.meters", "features.hourly_load_profile",
    "models.load_forecasts",
)  # fmt: skip


def months(homes: Rows, **what: Any) -> Rows:
    """Return the twelve months of 2024 of each home, a twelfth of its year each."""
    return [
        {"partner_id": "p", "location_id": h["location_id"], "fuel": "elec",
         "direction": "consumption", "local_date": f"2024-{m:02d}-01",
         "local_month": f"2024-{m:02d}", "starts_at": datetime(2024, m, 1, tzinfo=UTC),
         "energy_kwh": h["annual_kwh"] / 12, "observed_intervals": 700,
         "expected_intervals": 700, "known_at": KNOWN, **what}
        for h in homes for m in range(1, 13)
    ]  # fmt: skip


def hours(homes: Rows) -> Rows:
    """Return two hours of the last day of November and of December of each home."""
    return [
        {"partner_id": "p", "location_id": h["location_id"], "fuel": "elec",
         "direction": "consumption", "starts_at": at, "ends_at": at + timedelta(hours=1),
         "local_date": at.date(), "local_month": f"{at:%Y-%m}", "energy_kwh": 1.0,
         "observed_intervals": 1, "expected_intervals": 1, "known_at": KNOWN}
        for h in homes for day in (date(2024, 11, 30), date(2024, 12, 31)) for hour in (7, 18)
        for at in [datetime(day.year, day.month, day.day, hour, tzinfo=UTC)]
    ]  # fmt: skip


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Runner:
    settings = Settings(lake=str(tmp_path))

    def as_of(name: str, clock: datetime) -> Any:
        return champion(settings, name, known_at=clock)

    runner = Runner(spark, settings, catalog(), CLOCK, as_of)
    known = ("location_id", "house_type", "heating_type_primary", "living_area_m2")
    homes: Rows = [
        {k: h[k] for k in (*known, "annual_kwh")} | {"persons": int(h["persons"])}
        for h in learnable(HOMES).to_dict("records")
    ]
    said = [{k: v for k, v in h.items() if k != "annual_kwh"} for h in homes]
    for table, rows in (
        (ENERGY_MONTHLY, months(homes)),
        (ENERGY_HOURLY, hours(homes)),
        (HOME_PROFILES, [*said, {"location_id": "new", "house_type": "apartment"}]),
        (LOCATIONS, [{"location_id": h["location_id"]} for h in (*homes, {"location_id": "new"})]),
    ):
        fill(runner, table, rows)
    for name in NEEDED:
        runner.store.create(runner.catalog[name])
    return runner


def fill(runner: Runner, table: Table, rows: Rows) -> None:
    every = {"partner_id": "p", "country_code": "SE", "time_zone": "UTC", "known_at": KNOWN,
             "valid_from": "2020-01-01", "received_at": KNOWN}  # fmt: skip
    given = {k: v for k, v in every.items() if k in table.names}
    writing.insert(runner.store, table, frame(runner.spark, table, rows, **given))


def test_signatures_groups_a_trained_estimate_and_refusals(lake: Runner) -> None:
    assert lake.run("features.home_signatures").written.inserted == 2 * HOMES
    told = lake.run("models.similar_homes").written.inserted
    # November as a month, December as a month and a year.
    assert 2.5 * HOMES < told <= 3 * HOMES
    report = train(lake, "usage_estimates")
    assert (report.version, report.is_promoted, report.note) == ("1", True, "")
    assert report.figures["error_over_house_type"] < 1
    assert train(lake, "usage_estimates").note == "nothing new"
    # A year of each home, and the days of the one that has no year of readings.
    assert lake.run("models.usage_estimates").written.inserted >= HOMES + 1 + 365
    assert lake.run("models.usage_estimates").note == "nothing new"
    lake.run("models.insight_refusals")
    refused = lake.store.read(lake.catalog["models.insight_refusals"]).collect()
    codes = {(r.insight, r.location_id, r.fuel): r.code for r in refused}
    heats = learnable(HOMES).set_index("location_id")["heating_type_primary"]
    other = heats.index[heats == "district_heating"][0]
    assert codes["estimate", other, "district_heating"] == "no_model"
    assert not [k for k in codes if k[0] == "estimate" and k[2] == "elec"]
    assert all(json.loads(r.details) for r in refused)

    signatures = lake.catalog["features.home_signatures"]
    before = lake.store.version(signatures)
    corrected = months([{"location_id": "h7", "annual_kwh": 12_000.0}],
                       known_at=datetime(2025, 1, 5, tzinfo=UTC))[-1:]  # fmt: skip
    monthly = lake.catalog["gold.energy_monthly"]
    here = "location_id = 'h7' AND local_month = '2024-12'"
    rows = frame(lake.spark, monthly, corrected)
    writing.replace(lake.store, monthly, rows, lake.store.read(monthly).where(here))
    # One home's December: a version beside the old one; its group and those that it is in.
    written = lake.run("features.home_signatures").written
    assert (written.inserted, written.updated, written.deleted) == (1, 0, 0)
    old = lake.store.read(signatures, version=before)
    assert lake.store.read(signatures).where(f"NOT ({here})").count() == 2 * HOMES - 1
    assert lake.store.read(signatures).where(here).count() == 2
    assert old.where(here).count() == 1
    changed = lake.run("models.similar_homes").written
    assert changed.updated > 0
    own = lake.store.read(lake.catalog["models.similar_homes"]).where(f"{here} AND period = 'P1M'")
    assert [r.own_kwh for r in own.collect()] == [1_000.0]

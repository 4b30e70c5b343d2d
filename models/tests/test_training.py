"""Training on a small lake: judged, registered, promoted by the gate, never twice the same."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.catalog import catalog
from lake.contract import Table
from lake.hops.writing import insert
from lake.modelling.registry import champion
from lake.modelling.training import NoModel, train
from lake.running import Runner
from lake.schema import empty
from lake.settings import Settings
from lake.spark.java import java
from lake.store import SchemaDiffers

pytestmark = [pytest.mark.spark, pytest.mark.slow]
CLOCK = datetime(2025, 7, 8, 9, 20, tzinfo=UTC)
Make = Callable[..., DataFrame]


@pytest.fixture
def runner(spark: SparkSession, tmp_path: Path) -> Runner:
    settings = Settings(lake=str(tmp_path))

    def as_of(name: str, clock: datetime) -> Any:
        return champion(settings, name, known_at=clock)

    return Runner(spark, settings, catalog(), CLOCK, as_of)


def fill(runner: Runner, name: str, rows: DataFrame) -> None:
    """Write rows to a table; columns that a test does not name are zero or empty."""
    table: Table = runner.catalog[name]
    absent = [column for column in table.columns if column.name not in rows.columns]
    for column in absent:
        blank = F.lit(None) if column.nullable else F.lit("0")
        rows = rows.withColumn(column.name, blank.cast(column.type))
    insert(runner.store, table, rows)


@pytest.fixture
def lake(runner: Runner, hours: Make, meters: Make, profile: Make) -> Runner:
    noise = "0.5 + rand({seed}) * (1 + sin(hour(starts_at)))"
    homes = [f"h{i}" for i in range(4)]
    energy = reduce(
        DataFrame.unionByName,
        [hours(h, days=120, kwh=noise.format(seed=i)) for i, h in enumerate(homes)],
    ).localCheckpoint()
    registered = meters(*((home, "elec", "import") for home in homes))
    fill(runner, "gold.energy_hourly", energy)
    fill(runner, "features.hourly_load_profile", profile(energy, registered))
    now = F.lit(CLOCK)
    stamped = registered.withColumns({"known_at": now, "received_at": now})
    fill(runner, "silver.meters", stamped.withColumn("meter_id", F.col("location_id")))
    return runner


def test_a_good_model_becomes_champion_once_and_forecasts(lake: Runner) -> None:
    report = train(lake, "load_forecasts")
    assert (report.version, report.is_promoted, report.note) == ("1", True, "")
    assert report.figures["mae_over_naive"] < 0.9
    assert train(lake, "models.load_forecasts").note == "nothing new"
    again = train(lake, "load_forecasts", again=True)
    assert again.version == "2"
    assert again.figures == report.figures == again.champion_figures
    written = lake.run("models.load_forecasts").written
    assert written.inserted == 4 * 2 * 336
    assert lake.run("models.insight_refusals").written.rows == 0
    # The same tables, clock and model issue nothing new; computed again, it is the same.
    assert lake.run("models.load_forecasts").note == "nothing new"
    assert lake.run("models.load_forecasts", again=True).written.rows == 0
    lake.clock = CLOCK + timedelta(hours=1)
    assert lake.run("models.load_forecasts").written.rows > 0


def test_a_new_champion_forecasts_anew(lake: Runner) -> None:
    train(lake, "load_forecasts")
    lake.run("models.load_forecasts")
    assert train(lake, "load_forecasts", trials=2).is_promoted
    assert champion(lake.settings, "load_forecasts")
    report = lake.run("models.load_forecasts")
    assert report.note == ""
    assert report.written.updated == 4 * 2 * 336


def test_too_little_history_registers_nothing(runner: Runner) -> None:
    for name in ("features.hourly_load_profile", "gold.energy_hourly", "silver.meters"):
        insert(runner.store, runner.catalog[name], empty(runner.spark, runner.catalog[name]))
    report = train(runner, "load_forecasts")
    assert (report.version, report.is_promoted) == ("", False)
    assert report.note.startswith("too little history: 0 hours")
    assert champion(runner.settings, "load_forecasts") is None
    assert runner.run("models.load_forecasts").written.rows == 0


def test_a_feature_table_of_an_older_version_is_named_with_the_cure(lake: Runner) -> None:
    profile = lake.catalog["features.hourly_load_profile"]
    less = replace(profile, columns=tuple(c for c in profile.columns if c.name != "p10_28d_kwh"))
    rows = lake.store.read(profile).limit(24).localCheckpoint()
    shutil.rmtree(Path(lake.store.path(profile)))
    lake.store.forget(profile)
    java(lake.spark).org.apache.spark.sql.delta.DeltaLog.clearCache()
    insert(lake.store, less, rows)
    older = r"hourly_load_profile is of an earlier version: no column p10_28d_kwh.*lake run feat"
    for made in (
        lambda: train(lake, "load_forecasts"),
        lambda: lake.run("models.insight_refusals"),
    ):
        with pytest.raises(SchemaDiffers, match=older):
            made()


def test_a_table_without_a_model_is_named(runner: Runner) -> None:
    with pytest.raises(NoModel, match=r"gold\.energy_hourly has no model"):
        train(runner, "gold.energy_hourly")


def test_a_past_day_does_not_take_the_alias_from_a_later_champion(lake: Runner) -> None:
    assert train(lake, "load_forecasts").is_promoted
    lake.clock = CLOCK - timedelta(days=20)
    train(lake, "load_forecasts")
    now = champion(lake.settings, "load_forecasts")
    then = champion(lake.settings, "load_forecasts", known_at=lake.clock)
    assert now
    assert then
    assert (now.version, then.version) == ("1", "2")

"""What somebody decides about a held row holds in every table, however it is made again."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner, Result

from lake.catalog import catalog
from lake.cli import app
from lake.errors import LakeError
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

TABLES = (
    "bronze.registrations",
    "bronze.meter_readings",
    "bronze.repairs",
    "silver.locations",
    "silver.meters",
    "silver.meter_readings",
    "silver.ingestion_errors_daily",
)
# What runs after a decision; the first test brings all of TABLES up to date.
AFTER = (
    "bronze.meter_readings",
    "bronze.repairs",
    "silver.meter_readings",
    "silver.ingestion_errors_daily",
)
GOLD = ("silver.energy_in_context", "gold.energy_hourly", "gold.energy_daily")
BLOCK = {"meter_id": "m", "starts_at": "2025-05-01T00:00:00+02:00", "resolution": "PT1H"}
# 120 kW is more than any home draws, -1 kWh is no energy.
VALUES = [1.0, 120.0, -1.0, *[1.0] * 21]
FIRST = [2.0, 2.0, 2.0, *[1.0] * 21]
READINGS = (
    "SELECT starts_at, energy_kwh, known_at, source_file FROM silver.meter_readings "
    "ORDER BY starts_at"
)
REVISIONS = "SELECT starts_at, energy_kwh FROM silver.meter_reading_revisions ORDER BY 1, 2"
Lake = Callable[..., Result]


@pytest.fixture(scope="module")
def made(
    spark: SparkSession,
    clock: datetime,
    tmp_path_factory: pytest.TempPathFactory,
    home: dict[str, Any],
) -> Runner:
    """A lake with a day that was said twice; the second time two of its values cannot be true."""
    folder = tmp_path_factory.mktemp("repairs")
    lake = Settings(lake=str(folder / "lake"))
    said = [
        {**BLOCK, "values": FIRST, "known_at": "2025-05-02T06:00:00Z"},
        {**BLOCK, "values": VALUES, "known_at": "2025-05-03T06:00:00Z"},
    ]
    for name, kind, lines in (("r", "readings", said), ("h", "registrations", [home])):
        (file := folder / f"{name}.ndjson").write_text("\n".join(map(json.dumps, lines)) + "\n")
        land(file, kind=kind, partner="p", settings=lake, clock=clock)
    made = Runner(spark, lake, catalog(), clock)
    up_to_date(made, *TABLES)
    return made


@pytest.fixture
def runner(made: Runner, copy_of: Callable[[Runner], Runner]) -> Runner:
    """A lake of its own, as ``made``."""
    return copy_of(made)


@pytest.fixture
def type_in(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Return what types a command of `lake`, which must succeed."""
    monkeypatch.setenv("ELIQ_LAKE", runner.settings.lake)

    def typed(*words: str) -> Result:
        said = CliRunner().invoke(app, [*words], catch_exceptions=False)
        assert said.exit_code == 0, said.output
        return said

    return typed


def up_to_date(runner: Runner, *tables: str) -> None:
    for table in tables or AFTER:
        runner.run(table)


def ask(runner: Runner, sql: str) -> list[dict[str, Any]]:
    return Reader(runner.settings, catalog().tables).rows(sql)


def energy(runner: Runner) -> list[float]:
    """Return the readings of the first three hours."""
    return [row["energy_kwh"] for row in ask(runner, READINGS)[:3]]


def of_the_day(runner: Runner) -> float:
    sql = "SELECT energy_kwh FROM gold.energy_daily WHERE direction = 'import'"
    return float(ask(runner, sql)[0]["energy_kwh"])


def came_of(runner: Runner) -> dict[str, str]:
    """Return by reason what became of the one row that has it."""
    rows = ask(runner, "SELECT * FROM silver.ingestion_errors_daily")
    states = ("waiting", "released", "mended", "dropped", "replayed")
    return {row["reason"]: " ".join(s for s in states if row[s] == 1) for row in rows}


def held(type_in: Lake, kind: str = "quarantine") -> dict[str, str]:
    """Return the ids of what waits by its reason."""
    rows = json.loads(type_in(kind, "list", "--format", "json").output)
    return {row["reasons"][0]: row["id"] for row in rows}


def stays_so_when_made_again(runner: Runner) -> None:
    """Hold what runs made against what the whole says, by rows and by revisions."""
    made = [ask(runner, sql) for sql in (READINGS, REVISIONS)]
    list(runner.backfill("silver.meter_readings", first=date(2025, 6, 1), last=date(2025, 6, 1)))
    assert [ask(runner, sql) for sql in (READINGS, REVISIONS)] == made
    runner.run("silver.meter_readings", again=True)
    assert [ask(runner, sql) for sql in (READINGS, REVISIONS)] == made


@pytest.mark.spark
def test_a_released_reading_counts_until_it_is_reopened(runner: Runner, type_in: Lake) -> None:
    assert energy(runner) == [1.0, 2.0, 2.0]
    waits = held(type_in)
    assert set(waits) == {"more_than_the_fuse", "negative"}
    tried = type_in("quarantine", "release", waits["more_than_the_fuse"], "--dry-run")
    assert "nothing was done" in tried.output
    type_in(
        "quarantine", "release", waits["more_than_the_fuse"], "--note", "a sauna", "--by", "ada"
    )
    up_to_date(runner, *TABLES, *GOLD)
    assert energy(runner) == [1.0, 120.0, 2.0]
    assert of_the_day(runner) == 1 + 120 + 2 + 21
    assert set(held(type_in)) == {"negative"}
    stays_so_when_made_again(runner)
    closed = json.loads(type_in("quarantine", "list", "--closed", "--format", "json").output)
    assert [(r["id"], r["action"], r["note"], r["decided_by"]) for r in closed] == [
        (waits["more_than_the_fuse"], "release", "a sauna", "ada")
    ]

    type_in("quarantine", "reopen", waits["more_than_the_fuse"])
    up_to_date(runner, *TABLES, *GOLD)
    assert held(type_in) == waits
    # What it had superseded holds again.
    assert energy(runner) == [1.0, 2.0, 2.0]
    assert of_the_day(runner) == 1 + 2 + 2 + 21
    stays_so_when_made_again(runner)


@pytest.mark.spark
def test_a_mended_reading_comes_as_a_new_one_and_the_held_one_waits_no_more(
    runner: Runner, type_in: Lake
) -> None:
    waits = held(type_in)
    said = type_in(
        "quarantine", "mend", waits["negative"], "--set", "value=0.5", "--dry-run"
    ).output
    assert json.loads(said)["values"] == [None, None, 0.5, *[None] * 21]
    assert ask(runner, "SELECT * FROM bronze.repairs") == []
    type_in("quarantine", "mend", waits["negative"], "--set", "value=0.5")
    type_in("quarantine", "drop", waits["more_than_the_fuse"])
    up_to_date(runner)
    assert held(type_in) == {}
    assert energy(runner) == [1.0, 2.0, 0.5]
    assert came_of(runner) == {"more_than_the_fuse": "dropped", "negative": "mended"}
    stays_so_when_made_again(runner)
    assert held(type_in) == {}

    type_in("quarantine", "reopen", waits["negative"], waits["more_than_the_fuse"])
    up_to_date(runner)
    assert held(type_in) == waits
    assert came_of(runner) == {"more_than_the_fuse": "waiting", "negative": "waiting"}
    # The line that was sent for it stays.
    assert energy(runner) == [1.0, 2.0, 0.5]


@pytest.mark.spark
def test_what_cannot_be_released_or_is_not_said_is_one_clear_error(
    runner: Runner, type_in: Lake
) -> None:
    waits = held(type_in)

    def refused(*words: str) -> str:
        with pytest.raises(LakeError) as error:
            CliRunner().invoke(app, ["quarantine", *words], catch_exceptions=False)
        return str(error.value)

    assert "negative cannot be overruled" in refused("release", waits["negative"])
    assert "mend or drop it" in refused("release", waits["negative"])
    assert "no row of this id waits: nothing" in refused("show", "nothing")
    assert "--partner" in refused("release", "--reason", "more_than_the_fuse")
    whole = ("release", "--reason", "more_than_the_fuse", "--partner", "p")
    assert "these are 1 rows" in refused(*whole)
    assert "no field kwh" in refused("mend", waits["negative"], "--set", "kwh=1")
    assert "no change is given" in refused("mend", waits["negative"])
    repairs = Path(runner.settings.root) / "landing" / "repairs"
    assert not [file for file in repairs.rglob("*") if file.is_file()]
    type_in("quarantine", *whole, "--yes")
    type_in("quarantine", "show", waits["negative"])


@pytest.mark.spark
def test_nobody_decides_about_the_rows_of_another_partner(
    runner: Runner, type_in: Lake, tmp_path: Path, clock: datetime
) -> None:
    row = ask(runner, "SELECT * FROM silver.quarantine WHERE reasons[1] = 'more_than_the_fuse'")[0]
    decision = {
        "action": "release", "table_name": "silver.meter_readings", "position": row["position"],
        "held_file": row["source_file"], "held_line": row["source_line"],
        "reasons": ["more_than_the_fuse"], "decided_by": "eve",
        "decided_at": "2025-06-01T12:00:00Z",
    }  # fmt: skip
    (file := tmp_path / "d.ndjson").write_text(json.dumps(decision) + "\n{}\n")
    land(file, kind="repairs", partner="q", settings=runner.settings, clock=clock)
    up_to_date(runner)
    assert energy(runner) == [1.0, 2.0, 2.0]
    assert ask(runner, "SELECT reason FROM bronze.rejected") == [{"reason": "action is missing"}]


@pytest.mark.spark
def test_a_rejected_line_is_mended_dropped_and_reopened(
    runner: Runner, type_in: Lake, tmp_path: Path, clock: datetime
) -> None:
    lines = "meter_id,starts_at,resolution,value\nm,,PT1H,7.5\n,2025-05-01T03:00:00+02:00,PT1H,1\n"
    (file := tmp_path / "bad.csv").write_text(lines)
    land(file, kind="readings", partner="p", settings=runner.settings, clock=clock)
    up_to_date(runner)
    waits = held(type_in, "rejected")
    assert set(waits) == {"starts_at is missing", "meter_id is missing"}
    start = "starts_at=2025-05-01T01:00:00+02:00"
    type_in("rejected", "mend", waits["starts_at is missing"], "--set", start)
    type_in("rejected", "drop", waits["meter_id is missing"])
    up_to_date(runner)
    assert held(type_in, "rejected") == {}
    assert energy(runner) == [1.0, 7.5, 2.0]
    type_in("rejected", "reopen", waits["meter_id is missing"])
    up_to_date(runner)
    assert set(held(type_in, "rejected")) == {"meter_id is missing"}
    assert came_of(runner)["starts_at is missing"] == "mended"

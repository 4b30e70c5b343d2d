"""What is computed again is what it would have been: by days, and when a rule has changed."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lake.catalog import Catalog, catalog
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import CannotRun, Runner, months
from lake.settings import Settings
from silver import judgement, meter_readings

TABLES = (
    "bronze.registrations",
    "bronze.meter_readings",
    "silver.locations",
    "silver.meters",
    "silver.meter_readings",
    "silver.energy_in_context",
    "gold.energy_hourly",
    "gold.energy_daily",
)
DAYS = (date(2025, 4, 30), date(2025, 5, 1), date(2025, 5, 31), date(2025, 6, 1))


def test_months_are_cut_at_the_first_and_the_last_day() -> None:
    assert list(months(date(2024, 12, 30), date(2025, 2, 1))) == [
        (date(2024, 12, 30), date(2024, 12, 31)),
        (date(2025, 1, 1), date(2025, 1, 31)),
        (date(2025, 2, 1), date(2025, 2, 1)),
    ]


@pytest.fixture(scope="module")
def run_to_gold(
    spark: SparkSession,
    clock: datetime,
    tmp_path_factory: pytest.TempPathFactory,
    home: dict[str, Any],
) -> Runner:
    """A lake with four days of one home, run to gold."""
    folder = tmp_path_factory.mktemp("backfill")
    lake = Settings(lake=str(folder / "lake"))
    blocks = [
        {"meter_id": "m", "starts_at": f"{day}T00:00:00+02:00", "resolution": "PT1H",
         "values": [n + 1.0] * 24}
        for n, day in enumerate(DAYS)
    ]  # fmt: skip
    (readings := folder / "r.ndjson").write_text("".join(json.dumps(b) + "\n" for b in blocks))
    (homes := folder / "h.ndjson").write_text(json.dumps(home) + "\n")
    for file, kind in ((readings, "readings"), (homes, "registrations")):
        land(file, kind=kind, partner="p", settings=lake, clock=clock)
    made = Runner(spark, lake, catalog(), clock)
    for table in TABLES:
        made.run(table)
    return made


@pytest.fixture
def runner(run_to_gold: Runner, copy_of: Callable[[Runner], Runner]) -> Runner:
    """A lake of its own, as ``run_to_gold``."""
    return copy_of(run_to_gold)


def ask(runner: Runner, sql: str) -> list[dict[str, Any]]:
    return Reader(runner.settings, catalog().tables).rows(sql)


def daily(runner: Runner) -> dict[date, float]:
    sql = "SELECT local_date, energy_kwh FROM gold.energy_daily WHERE direction = 'import'"
    return {row["local_date"]: row["energy_kwh"] for row in ask(runner, sql)}


@pytest.mark.spark
def test_weeks_and_years_of_the_days_are_made_again_also_where_their_first_day_is_missing(
    runner: Runner,
) -> None:
    # None of the days is a Monday, none a first of January.
    for table in ("gold.energy_weekly", "gold.energy_monthly", "gold.energy_yearly"):
        runner.run(table)
        sql = f"SELECT local_date, energy_kwh FROM {table} ORDER BY local_date, direction"
        whole = ask(runner, sql)
        assert whole
        DeltaTable(f"{runner.settings.root}/{table.replace('.', '/')}").delete("true")
        list(runner.backfill(table, first=DAYS[0], last=DAYS[3]))
        assert ask(runner, sql) == whole


@pytest.mark.spark
def test_a_backfill_makes_just_its_days_again_and_goes_on_where_it_was_cut_short(
    runner: Runner,
) -> None:
    whole = daily(runner)
    assert whole == {day: 24 * (n + 1.0) for n, day in enumerate(DAYS)}
    DeltaTable(f"{runner.settings.root}/gold/energy_daily").delete("true")
    one = runner.backfill("gold.energy_daily", first=DAYS[1], last=DAYS[3])
    assert next(one).written.inserted == 4
    del one
    assert daily(runner) == {day: whole[day] for day in DAYS[1:3]}

    rest = list(runner.backfill("gold.energy_daily", first=DAYS[1], last=DAYS[3]))
    assert [r.note for r in rest] == ["2025-05 was done before", "2025-06"]
    assert daily(runner) == {day: whole[day] for day in DAYS[1:]}
    # It came to its end, so the next one is another.
    again = list(runner.backfill("gold.energy_daily", first=DAYS[1], last=DAYS[3]))
    assert [(r.note, r.written.rows) for r in again] == [("2025-05", 0), ("2025-06", 0)]

    with pytest.raises(CannotRun, match="by days"):
        next(runner.backfill("silver.location_weather", first=DAYS[0], last=DAYS[3]))


@pytest.fixture
def nodes_read_anew() -> Iterator[Callable[[], None]]:
    """Make the catalogue read what a module says again, now and after the test."""
    yield Catalog.node.cache_clear
    Catalog.node.cache_clear()


@pytest.mark.spark
def test_a_new_version_of_a_rule_holds_for_what_was_there_before(
    runner: Runner, nodes_read_anew: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = "SELECT count(*) AS n FROM silver.quarantine"
    readings = "SELECT count(*) AS n FROM silver.meter_readings"

    def under_rule(version: int, most_kw: float) -> tuple[int, int]:
        monkeypatch.setattr(meter_readings, "RULE_VERSION", version, raising=False)
        monkeypatch.setattr(judgement, "_MOST_KW", most_kw)
        nodes_read_anew()
        runner.run("silver.meter_readings")
        return ask(runner, readings)[0]["n"], ask(runner, held)[0]["n"]

    version = meter_readings.RULE_VERSION
    assert under_rule(version + 1, 2.5) == (48, 48)
    assert under_rule(version + 2, 100.0) == (96, 0)

"""A gate names what breaks a contract, lets warnings pass, and looks at what changed alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from lake.catalog import Catalog, UnknownTable
from lake.cli import app
from lake.contract import Check, Column, Replace, Table
from lake.hops.writing import insert
from lake.hops.writing import replace as write
from lake.quality.findings import QualityFailed, alert, latest
from lake.quality.gate import check, outcomes
from lake.reading import Reader
from lake.results import RESULTS
from lake.running import Runner
from lake.settings import Settings
from lake.sql_values import records

pytestmark = pytest.mark.spark
METERS = Table(
    name="gold.dials",
    row="a dial",
    columns=(
        Column(name="dial", type="string", meaning="Its name.", nullable=False),
        Column(name="fuel", type="string", meaning="What it counts.", values=("elec", "gas")),
        Column(name="energy_kwh", type="double", meaning="Energy.", minimum=0),
        Column(name="peak_kw", type="double", meaning="Highest mean power."),
    ),
    key=("dial",),
    update=Replace(),
    checks=(
        Check(name="peak_is_no_less_than_mean", condition="peak_kw >= energy_kwh"),
        Check(name="peak_is_plausible", condition="peak_kw < 50", severity="warning"),
    ),
)
OTHER = replace(METERS, name="silver.dials", checks=())
GOOD = {"dial": "a", "fuel": "gas", "energy_kwh": 1.0, "peak_kw": 2.0}


@pytest.fixture
def runner(spark: SparkSession, lake: Settings, clock: datetime) -> Runner:
    """A lake with two tables that no function makes."""
    tables = Catalog({})
    tables.tables = {t.name: t for t in (METERS, OTHER)}
    return Runner(spark, lake, tables, clock)


def broken(runner: Runner, layer: str = "gold") -> list[str]:
    with pytest.raises(QualityFailed) as failed:
        check(runner, layer)
    return str(failed.value.what).split("; ")


def test_rows_that_hold_their_contract_are_a_few_outcomes(table: Callable[..., Any]) -> None:
    rows = [{**GOOD, "dial": f"d{n}", "energy_kwh": n / 100} for n in range(100)]
    assert [r["_rows"] for r in outcomes(METERS, table(METERS, rows)).collect()] == [100]


def test_each_broken_rule_is_named_with_its_rows(runner: Runner, table: Callable[..., Any]) -> None:
    rows = [
        GOOD,
        GOOD,
        {**GOOD, "dial": "b", "fuel": "coal"},
        {**GOOD, "dial": "c", "energy_kwh": -1.0},
        {**GOOD, "dial": "d", "energy_kwh": float("nan"), "peak_kw": float("nan")},
        {**GOOD, "dial": "e", "peak_kw": 0.5},
        {**GOOD, "dial": "f", "peak_kw": 70.0},
        {**GOOD, "dial": "g", "peak_kw": None},
    ]
    insert(runner.store, METERS, table(METERS, rows))
    *found, held = broken(runner)
    assert {" ".join(text.split()[2:4]) for text in found} == {
        "fuel: 1", "energy_kwh: 2", "key_is_unique: 2", "peak_is_no_less_than_mean: 1",
    }  # fmt: skip
    assert held == "gold.dials: 4 slices are held back"
    # What cannot be held back by itself is looked at again until it holds.
    assert [" ".join(text.split()[2:4]) for text in broken(runner)] == ["key_is_unique: 2"]


def test_a_slice_that_fails_stays_as_it_was_good(runner: Runner, table: Callable[..., Any]) -> None:
    days = [{**GOOD, "dial": dial} for dial in "abc"]
    insert(runner.store, METERS, table(METERS, days))
    check(runner, "gold")
    untrue = [
        {**GOOD, "energy_kwh": -1.0},
        {**GOOD, "dial": "b", "peak_kw": 3.0},
        {**GOOD, "dial": "d", "fuel": "coal"},
    ]
    write(runner.store, METERS, table(METERS, untrue), runner.store.read(METERS))
    assert broken(runner)[-1] == "gold.dials: 2 slices are held back"
    there = {r["dial"]: r["peak_kw"] for r in runner.store.read(METERS).collect()}
    # The other slices are published: one is changed, one is gone.
    assert there == {"a": 2.0, "b": 3.0}
    assert check(runner, "gold").warnings == ()


def test_a_job_goes_on_with_what_was_good_and_its_alert_stays_until_a_check_holds(
    runner: Runner, table: Callable[..., Any]
) -> None:
    reader = Reader(runner.settings, {RESULTS.name: RESULTS})
    insert(runner.store, METERS, table(METERS, [GOOD]))
    check(runner, "gold")
    assert alert(reader) == "no error"
    write(
        runner.store, METERS, table(METERS, [{**GOOD, "energy_kwh": -1.0, "peak_kw": 70.0}]),
        runner.store.read(METERS),
    )  # fmt: skip
    held = check(runner, "gold", go_on=True)
    assert held.errors[-1] == "gold.dials: 1 slices are held back"
    assert [r["energy_kwh"] for r in runner.store.read(METERS).collect()] == [1.0]
    with pytest.raises(QualityFailed, match=r"^gold.dials within_bounds of energy_kwh: 1 rows"):
        alert(reader)
    check(runner, "gold", go_on=True)
    assert alert(reader) == "no error"


def test_a_warning_is_counted_and_what_was_checked_is_not_checked_again(
    runner: Runner, table: Callable[..., Any]
) -> None:
    first = table(METERS, [GOOD, {**GOOD, "dial": "f", "peak_kw": 70.0}])
    insert(runner.store, METERS, first)
    checked = check(runner, "gold")
    assert (checked.tables, checked.rows, len(checked.warnings)) == (1, 2, 1)
    assert "peak_is_plausible: 1 rows" in checked.warnings[0]
    page = checked.docs.read_text()
    assert "gold.dials" in page

    assert check(runner, "gold").tables == 0
    now = table(METERS, [GOOD, {**GOOD, "dial": "f", "peak_kw": 5.0}])
    write(runner.store, METERS, now, runner.store.read(METERS))
    again = check(runner, "gold")
    assert (again.rows, again.warnings) == (1, ())


def results(runner: Runner, **asked: Any) -> list[dict[str, Any]]:
    return list(records(latest(Reader(runner.settings, {RESULTS.name: RESULTS}), **asked)))


def test_each_outcome_is_written_down_with_its_rows(
    runner: Runner, table: Callable[..., Any]
) -> None:
    rows = [GOOD, {**GOOD, "dial": "b", "fuel": "coal"}, {**GOOD, "dial": "f", "peak_kw": 70.0}]
    insert(runner.store, METERS, table(METERS, rows))
    looked_at = runner.store.version(METERS)
    broken(runner)
    said = {
        (r["rule"], r["column_name"]): (r["severity"], r["outcome"], r["rows_failed"])
        for r in results(runner)
    }
    assert said == {
        ("not_null", "dial"): ("error", "passed", 0),
        ("allowed_value", "fuel"): ("error", "failed", 1),
        ("within_bounds", "energy_kwh"): ("error", "passed", 0),
        ("key_is_unique", "-"): ("error", "passed", 0),
        ("peak_is_no_less_than_mean", "-"): ("error", "passed", 0),
        ("peak_is_plausible", "-"): ("warning", "failed", 1),
    }
    first = results(runner)[0]
    assert (first["rule"], first["rows_checked"]) == ("allowed_value", 3)
    assert (first["checked_at"], first["table_version"]) == (runner.clock, looked_at)


def test_the_latest_outcome_of_a_rule_counts_and_the_earlier_ones_are_kept(
    runner: Runner, table: Callable[..., Any]
) -> None:
    insert(runner.store, METERS, table(METERS, [GOOD, {**GOOD, "dial": "f", "peak_kw": 70.0}]))
    check(runner, "gold")
    assert results(runner)[0]["outcome"] == "failed"
    now = table(METERS, [GOOD, {**GOOD, "dial": "f", "peak_kw": 5.0}])
    write(runner.store, METERS, now, runner.store.read(METERS))
    tomorrow = replace(runner, clock=runner.clock + timedelta(days=1))
    check(tomorrow, "gold")
    assert {r["outcome"] for r in results(runner)} == {"passed"}
    since = tomorrow.clock.date()
    assert {r["rows_checked"] for r in results(runner, since=since)} == {1}
    assert results(runner, since=since + timedelta(days=1)) == []
    assert results(runner, table="gold.other") == []
    everything = Reader(runner.settings, {RESULTS.name: RESULTS})
    rule = (
        "SELECT outcome FROM quality.results WHERE rule = 'peak_is_plausible' ORDER BY recorded_at"
    )
    assert [r["outcome"] for r in everything.rows(rule)] == ["failed", "passed"]
    # Nothing changed: nothing is looked at, and nothing is written down.
    assert check(tomorrow, "gold").tables == 0
    assert len(everything.rows(rule)) == 2


def test_quality_shows_what_does_not_hold_first(
    runner: Runner, table: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(runner.store, METERS, table(METERS, [GOOD, {**GOOD, "dial": "f", "peak_kw": 70.0}]))
    check(runner, "gold")
    monkeypatch.setenv("ELIQ_LAKE", runner.settings.root)
    shown = CliRunner().invoke(app, ["quality", "--format", "csv"]).output.splitlines()
    assert shown[0].startswith("table_name,rule,column_name,severity,outcome")
    assert shown[1].startswith("gold.dials,peak_is_plausible,-,warning,failed,1,2,")
    assert len(shown) == 7
    empty = CliRunner().invoke(app, ["quality", "--table", "gold.energy_daily"]).output
    assert "(0 rows)" in empty
    unknown = CliRunner().invoke(app, ["quality", "--table", "gold.dial"])
    assert isinstance(unknown.exception, UnknownTable)


def test_two_gates_at_once_keep_apart(runner: Runner, table: Callable[..., Any]) -> None:
    insert(runner.store, METERS, table(METERS, [GOOD]))
    insert(runner.store, OTHER, table(OTHER, [GOOD, {**GOOD, "dial": "b", "fuel": "coal"}]))
    with ThreadPoolExecutor(2) as both:
        gold, silver = both.submit(check, runner, "gold"), both.submit(broken, runner, "silver")
    assert gold.result().rows == 1
    assert {text.split()[0] for text in silver.result()} == {"silver.dials:"}

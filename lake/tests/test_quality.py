"""A gate names what breaks a contract, lets warnings pass, and looks at what changed alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.catalog import Catalog
from lake.contract import Check, Column, Replace, Table
from lake.quality import QualityFailed, check, outcomes
from lake.running import Runner
from lake.settings import Settings
from lake.writing import insert
from lake.writing import replace as write

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
    found = broken(runner)
    assert {" ".join(text.split()[2:4]) for text in found} == {
        "fuel: 1", "energy_kwh: 2", "key_is_unique: 2", "peak_is_no_less_than_mean: 1",
    }  # fmt: skip
    # The same rows are looked at again until they hold.
    assert broken(runner) == found


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


def test_two_gates_at_once_keep_apart(runner: Runner, table: Callable[..., Any]) -> None:
    insert(runner.store, METERS, table(METERS, [GOOD]))
    insert(runner.store, OTHER, table(OTHER, [GOOD, {**GOOD, "dial": "b", "fuel": "coal"}]))
    with ThreadPoolExecutor(2) as both:
        gold, silver = both.submit(check, runner, "gold"), both.submit(broken, runner, "silver")
    assert gold.result().rows == 1
    assert [text.split()[0] for text in silver.result()] == ["silver.dials:"]

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake

from benchmarks import rebuild_same
from benchmarks.demo import steps_of
from benchmarks.measure import CommandFailed, measured
from benchmarks.rebuild_data import Sent, corrected, send, spoiled
from benchmarks.storage import ONE_FILE, TABLE, stored
from benchmarks.tables import parquet
from lake.catalog import catalog

LINE = json.dumps(
    {
        "meter_id": "m",
        "known_at": "2025-01-02T05:00:00Z",
        "values": [0.1, None, 0.3],
        "quality": "measured",
    }
)


def test_memory_is_that_of_the_whole_tree(tmp_path: Path) -> None:
    child = "x = bytearray(200 * 2**20); import time; time.sleep(0.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    took = measured([sys.executable, "-c", parent], log=tmp_path / "log")
    assert took.seconds > 0.5
    # Once, not twice.
    assert 200 < took.peak_mib < 400


def test_processor_time_is_that_of_the_whole_tree(tmp_path: Path) -> None:
    child = "import time; t = time.process_time()\nwhile time.process_time() < t + 0.5: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    took = measured([sys.executable, "-c", parent], log=tmp_path / "log")
    assert 0.5 <= took.cpu_s < took.seconds + 0.1


def test_a_command_that_fails_says_what_it_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"]
    with pytest.raises(CommandFailed, match="no such thing"):
        measured(command, log=tmp_path / "log")


def test_settings_of_the_machine_do_not_reach_a_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_CORES", "local[1]")
    show = "import os; print([v for k, v in sorted(os.environ.items()) if k.startswith('ELIQ_')])"
    monkeypatch.delenv("ELIQ_TOOLS", raising=False)
    monkeypatch.delenv("ELIQ_SAMPLE_DATA", raising=False)
    monkeypatch.delenv("ELIQ_MAVEN_REPOSITORY", raising=False)
    measured([sys.executable, "-c", show], log=tmp_path / "log", settings={"ELIQ_LAKE": "here"})
    assert (tmp_path / "log").read_text() == "['here']\n"


def test_the_steps_of_a_demo_are_those_of_its_summary() -> None:
    summary = (
        " homes   12\n seconds sample homes   1.5 \n seconds a_task   2.0\n seconds in all  9.0\n"
    )
    assert steps_of(summary) == {"sample homes": 1.5, "a_task": 2.0}


def test_readings_that_are_there_are_counted() -> None:
    sent = Sent(homes=1)
    assert sent.count(LINE) == LINE
    assert (sent.readings, sent.lines) == (2, 1)


def test_a_correction_is_said_later_and_has_other_values() -> None:
    block = json.loads(corrected(LINE.replace("null", "0.2"), np.random.default_rng(1)))
    assert block["known_at"] == "2025-01-11T05:00:00+00:00"
    assert block["values"] == [0.111, 0.221, 0.331]


def test_one_line_in_many_is_spoiled() -> None:
    rng = np.random.default_rng(1)
    lines = [list(spoiled(LINE, rng)) for _ in range(3000)]
    assert {len(said) for said in lines} == {1, 2}
    assert {value for said in lines for line in said for value in json.loads(line)["values"]} > {
        -1.0,
        1000.0,
    }


def test_there_are_at_least_so_many_readings(tmp_path: Path) -> None:
    sent = send(tmp_path, readings=20_000, days=10, seed=1)
    assert 19_800 < sent.readings < 25_000
    assert (tmp_path / "corrections" / "readings-corrections.ndjson").exists()


@pytest.fixture
def rows() -> pl.DataFrame:
    """Two months of the monthly table."""
    table = rebuild_same.TABLES[-1]
    values: dict[str, object] = {c.name: "x" for c in table.columns}
    values |= {c.name: 1.0 for c in table.columns if c.type == "double"}
    return pl.DataFrame([values | {"starts_at": month} for month in ("2025-01", "2025-02")])


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (pl.col("cost") * (1 + 1e-12), ""),
        (pl.col("cost") * (1 + 1e-6), "gold.energy_monthly.cost: 2 rows differ, as "),
        (pl.lit(None, pl.Float64).alias("cost"), "gold.energy_monthly.cost: 2 rows differ, as "),
        (pl.lit("y").alias("currency"), "gold.energy_monthly.currency: 2 rows differ, as "),
        (pl.lit("2025-01").alias("starts_at"), "rows are in one alone"),
    ],
)
def test_a_difference_is_named_with_an_example(
    tmp_path: Path, rows: pl.DataFrame, other: pl.Expr, found: str
) -> None:
    table = rebuild_same.TABLES[-1]
    rows.write_parquet(parquet(tmp_path / "one", table.name))
    rows.with_columns(other).write_parquet(parquet(tmp_path / "other", table.name))
    with rebuild_same.database(tmp_path) as db:
        said = list(rebuild_same.differences(db, table, tmp_path / "one", tmp_path / "other"))
    assert found in "".join(said)
    assert bool(said) == bool(found)


def test_storage_counts_the_files_that_the_table_has_now(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "meter_id": ["m"] * 100,
            "starts_at": range(100),
            "resolution": "PT1H",
            "energy_kwh": [0.25] * 100,
            "quality": "measured",
            "known_at": 0,
        }
    ).to_arrow()
    folder = tmp_path / catalog()[TABLE].path
    for _ in range(2):
        write_deltalake(folder, rows, mode="overwrite")
    now = [Path(file) for file in DeltaTable(folder).file_uris()]
    assert len(list(folder.glob("*.parquet"))) == 2 * len(now)
    found = stored(tmp_path, tmp_path)
    assert {one.readings for one in found.values()} == {100}
    assert found[TABLE].size == sum(file.stat().st_size for file in now)
    assert found[ONE_FILE].size == (tmp_path / "sorted.parquet").stat().st_size > 0

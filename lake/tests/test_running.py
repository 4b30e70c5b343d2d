"""A hop is exactly once: cut short anywhere or run twice, tables are the same."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.hops.ledger import Ledger
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import CannotRun, Runner
from lake.settings import Settings

pytestmark = pytest.mark.spark
TABLES = (
    "bronze.registrations",
    "bronze.meter_readings",
    "silver.locations",
    "silver.meters",
    "silver.meter_readings",
)


def arrive(lake: Settings, clock: datetime, tmp_path: Path, home: dict[str, Any]) -> None:
    block = {
        "meter_id": "m",
        "starts_at": "2025-05-01T00:00:00+02:00",
        "resolution": "PT1H",
        "unit": "kWh",
    }
    lines = [
        json.dumps({**block, "values": [1.0] * 24}),
        "{half a line",
        json.dumps(
            {
                **block,
                "values": ["NaN", "much", -1, 1e9, "-Infinity", "1e400"],
                "starts_at": "2025-05-02T00:00Z",
            }
        ),
        json.dumps({**block, "values": [1], "starts_at": "0001-01-01T00:00:00Z"}),
        json.dumps({**block, "values": [1], "starts_at": "9999-01-01T00:00:00Z"}),
        json.dumps({**block, "values": [1], "starts_at": "2025-05-03T00:00:00"}),
        json.dumps({**block, "values": [1], "resolution": "PT7M"}),
        json.dumps({**block, "values": [1], "unit": "furlong"}),
        json.dumps({**block, "values": [5], "partner_id": "somebody else"}),
        json.dumps({**block, "values": [1.0] * 24}),
    ]
    elsewhere = {**home, "location_id": "nowhere", "time_zone": "Europe/Atlantis", "meters": []}
    (readings := tmp_path / "r.ndjson").write_text("\n".join(lines) + "\n")
    (homes := tmp_path / "h.ndjson").write_text(f"{json.dumps(home)}\n{json.dumps(elsewhere)}\n")
    for file, kind in ((readings, "readings"), (homes, "registrations")):
        land(file, kind=kind, partner="p", settings=lake, clock=clock)


def told(lake: Settings) -> dict[str, Any]:
    """Return what the lake holds, apart from when it was judged."""
    reader = Reader(lake, catalog().tables)
    ask = {
        "rejected": "SELECT reason, source_line FROM bronze.rejected ORDER BY source_line",
        "bronze": "SELECT source_line FROM bronze.meter_readings ORDER BY source_line",
        "silver": "SELECT starts_at, energy_kwh FROM silver.meter_readings ORDER BY starts_at",
        "quarantine": "SELECT source_line, position, reasons FROM silver.quarantine ORDER BY 1, 2",
    }
    return {name: reader.rows(sql) for name, sql in ask.items()}


@pytest.fixture
def arrived(lake: Settings, clock: datetime, tmp_path: Path, home: dict[str, Any]) -> Settings:
    arrive(lake, clock, tmp_path, home)
    return lake


def test_bad_input_is_a_row_with_its_reason_and_nothing_else_is_lost(
    spark: SparkSession, arrived: Settings, clock: datetime
) -> None:
    runner = Runner(spark, arrived, catalog(), clock)
    for table in TABLES:
        runner.run(table)
    found = told(arrived)
    assert [(r["source_line"], r["reason"]) for r in found["rejected"]] == [
        (2, "not a JSON object"),
        (9, "partner_id is not the sender's"),
    ]
    assert [r["energy_kwh"] for r in found["silver"]] == [1.0] * 24
    reasons = {(r["source_line"], r["position"]): set(r["reasons"]) for r in found["quarantine"]}
    assert reasons == {
        (3, 0): {"not_a_number"},
        (3, 1): {"not_a_number"},
        (3, 2): {"negative"},
        (3, 3): {"more_than_the_fuse"},
        (3, 4): {"not_a_number"},
        (3, 5): {"not_a_number"},
        (2, -1): {"unknown_time_zone"},
        (4, -1): {"out_of_range"},
        (5, -1): {"out_of_range"},
        (6, -1): {"starts_at_unreadable"},
        (7, -1): {"unknown_resolution"},
        (8, -1): {"unknown_unit"},
    }

    versions = {t: runner.store.version(catalog()[t]) for t in catalog().tables}
    assert [runner.run(t).note for t in TABLES] == ["nothing new"] * len(TABLES)
    for table in TABLES[2:]:
        assert runner.run(table, again=True).written.rows == 0
    assert {t: runner.store.version(catalog()[t]) for t in catalog().tables} == versions

    # The ledger knows what bronze took, so a lost checkpoint takes nothing twice.
    for checkpoint in (Path(arrived.root) / "_checkpoints").iterdir():
        checkpoint.rename(checkpoint.with_name(f"lost-{checkpoint.name}"))
    runner.run("bronze.meter_readings")
    assert told(arrived) == found

    # A run that was cut short before the ledger is done again, and writes what was there.
    assert Ledger(arrived.root).seen("silver.meter_readings").versions
    forget(arrived, "silver.meter_readings")
    runner.run("silver.meter_readings")
    assert told(arrived) == found


def forget(lake: Settings, table: str) -> None:
    DeltaTable(f"{lake.root}/_ledger/hops").delete(f"table_name = '{table}'")


def test_a_table_without_a_function_says_who_writes_it(
    spark: SparkSession, lake: Settings, clock: datetime
) -> None:
    with pytest.raises(CannotRun, match=r"run silver\.meter_readings"):
        Runner(spark, lake, catalog(), clock).run("silver.meter_reading_revisions")


@pytest.mark.slow
def test_a_killed_run_loses_and_doubles_nothing(
    spark: SparkSession, arrived: Settings, clock: datetime
) -> None:
    """Kill a real process in the middle of its hops, then finish the work."""
    script = (
        "from datetime import datetime; from lake.catalog import catalog; import sys;"
        "from lake.running import Runner; from lake.session import session;"
        "from lake.settings import Settings; s = Settings();"
        "r = Runner(session(s, small=True), s, catalog(), datetime.fromisoformat(sys.argv[1]));"
        f"[print(r.run(t).table, flush=True) for t in {TABLES}]"
    )
    environment = {**os.environ, "ELIQ_LAKE": arrived.root}
    for survived in (0, 1, 3):
        with subprocess.Popen(
            [sys.executable, "-c", script, clock.isoformat()],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(survived):
                process.stdout.readline()
            if not survived:
                # Rows are being written, and no log knows of them.
                until = time.monotonic() + 300
                while not any(Path(arrived.root).rglob("*.parquet")):
                    assert process.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.05)
            os.killpg(process.pid, signal.SIGKILL)
    runner = Runner(spark, arrived, catalog(), clock)
    for table in TABLES:
        runner.run(table)
    found = told(arrived)
    assert [r["source_line"] for r in found["bronze"]] == [1, 3, 4, 5, 6, 7, 8, 10]
    assert [r["source_line"] for r in found["rejected"]] == [2, 9]
    assert [r["energy_kwh"] for r in found["silver"]] == [1.0] * 24
    assert len(found["quarantine"]) == 12

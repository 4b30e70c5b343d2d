"""What bronze took once it can take again: rejected lines that are read now, and what was lost."""

import base64
import io
import json
import shutil
import struct
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest
from pydantic import SecretStr
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from bronze import meter_readings
from bronze.contracts import REJECTED
from lake import running
from lake.catalog import catalog
from lake.hops import writing
from lake.hops.alone import Busy
from lake.ingestion.arriving import refused_of
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.repair.held import Wanted, found
from lake.repair.repairs import Decision, decide
from lake.repair.replaying import CannotReplay, Part, replay
from lake.running import Runner
from lake.settings import Settings
from lake.testing import frame

BRONZE = ("bronze.registrations", "bronze.meter_readings", "bronze.repairs")
TABLES = (*BRONZE, "silver.locations", "silver.meters", "silver.meter_readings")
DAY = date(2025, 6, 1)
READINGS = ("bronze.meter_readings", "silver.meter_readings")
BLOCK = {"meter_id": "m", "starts_at": "2025-05-01T00:00:00+02:00", "resolution": "PT1H"}
LINES = (
    json.dumps({**BLOCK, "values": [1.0, 2.0]}),
    json.dumps({**BLOCK, "starts_at": "2025-05-02T00:00:00+02:00", "values": [3.0, 4.0]}),
    "no JSON",
)


def run(runner: Runner, *tables: str) -> None:
    for table in tables or TABLES:
        runner.run(table)


def ask(runner: Runner, sql: str) -> list[dict[str, Any]]:
    return Reader(runner.settings, catalog().tables).rows(sql)


def rows(runner: Runner) -> list[list[dict[str, Any]]]:
    """Return what the tables hold, but for when a row was judged."""
    sql = (
        "SELECT * FROM bronze.meter_readings ORDER BY source_line",
        "SELECT * FROM bronze.rejected ORDER BY source_line",
        "SELECT * FROM silver.meter_readings ORDER BY starts_at",
    )
    return [ask(runner, one) for one in sql]


def energy(runner: Runner) -> list[float]:
    sql = "SELECT energy_kwh FROM silver.meter_readings ORDER BY starts_at"
    return [row["energy_kwh"] for row in ask(runner, sql)]


def replayed(runner: Runner, name: str = "bronze.meter_readings", **part: Any) -> tuple[int, int]:
    """Replay and return how many lines were taken and rejected again."""
    reports = list(replay(runner, name, Part(**part), by="ada"))
    return sum(r.written.inserted for r in reports), sum(r.rejected for r in reports)


def arrived(runner: Runner, folder: Path, home: dict[str, Any]) -> Runner:
    """Bring a file of two good lines and a bad one, and the home that they are of."""
    folder.mkdir(exist_ok=True)
    for name, kind, text in (
        ("r", "readings", "\n".join(LINES) + "\n"),
        ("h", "registrations", json.dumps(home) + "\n"),
    ):
        (file := folder / f"{name}.ndjson").write_text(text)
        land(file, kind=kind, partner="p", settings=runner.settings, clock=runner.clock)
    return runner


@pytest.fixture(scope="module")
def made(
    spark: SparkSession,
    clock: datetime,
    tmp_path_factory: pytest.TempPathFactory,
    home: dict[str, Any],
) -> Runner:
    """A lake in which what arrived was run."""
    folder = tmp_path_factory.mktemp("replaying")
    runner = Runner(spark, Settings(lake=str(folder / "lake")), catalog(), clock)
    run(arrived(runner, folder, home))
    return runner


@pytest.mark.spark
def test_a_rejected_line_that_can_be_read_now_comes_once_as_it_came(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path, home: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    runner = arrived(Runner(spark, lake, catalog(), clock), tmp_path, home)
    reads = meter_readings.reason

    def cannot_read_may_2() -> Column:
        return F.coalesce(F.when(F.col("starts_at").startswith("2025-05-02"), "too new"), reads())

    monkeypatch.setattr(meter_readings, "reason", cannot_read_may_2)
    run(runner)
    assert energy(runner) == [1.0, 2.0]
    # The same parser reads what it read.
    assert replayed(runner) == (0, 0)

    monkeypatch.setattr(meter_readings, "reason", reads)
    # An event, which stands in no file: its payload is all there is of it, however long.
    long = {**BLOCK, "partner_id": "p", "starts_at": "2025-05-04T00:00:00+02:00", "values": [7.0],
            "more": "x" * 5000}  # fmt: skip
    event = {
        "source": "events", "source_file": "meter-readings/0", "source_line": 4,
        "partner_id": "p", "received_date": clock.date(), "received_at": clock,
        "table_name": "bronze.meter_readings", "reason": "too new", "payload": json.dumps(long),
    }  # fmt: skip
    writing.insert(runner.store, REJECTED, frame(spark, REJECTED, [event]))
    part = Part(partner="p")
    tried = list(replay(runner, "bronze.meter_readings", part, by="ada", dry_run=True))
    assert [r.written.inserted for r in tried] == [1, 1]
    assert replayed(runner, partner="q") == (0, 0)
    assert replayed(runner) == (2, 0)
    run(runner, *READINGS)
    assert energy(runner) == [1.0, 2.0, 3.0, 4.0, 7.0]
    came = ask(
        runner,
        "SELECT source_file, source_line, received_at FROM bronze.meter_readings "
        "WHERE source = 'landing'",
    )
    assert len({(row["source_file"], row["received_at"]) for row in came}) == 1
    assert sorted(row["source_line"] for row in came) == [1, 2]
    # Nothing comes twice, and the line waits no more; the one that cannot be read does.
    assert replayed(runner) == (0, 0)
    run(runner, "bronze.repairs", *READINGS)
    waits = found(Reader(runner.settings, catalog().tables), "rejected", Wanted())
    assert [(held.source_line, held.reasons) for held in waits] == [(3, ["not a JSON object"])]
    with pytest.raises(CannotReplay, match=r"lake run silver\.meters --again"):
        replayed(runner, "silver.meters")


@pytest.mark.spark
def test_an_avro_event_whose_schema_came_later_is_taken_once_and_is_its_partners(
    made: Runner, copy_of: Callable[[Runner], Runner], tmp_path: Path
) -> None:
    runner = copy_of(made)
    names = ("partner_id", "meter_id", "starts_at", "resolution")
    schema = {
        "type": "record", "name": "Block",
        "fields": [*({"name": name, "type": "string"} for name in names),
                   {"name": "values", "type": {"type": "array", "items": "double"}}],
    }  # fmt: skip
    said = {**BLOCK, "partner_id": "p", "starts_at": "2025-05-05T00:00:00+02:00", "values": [9.0]}
    value = io.BytesIO(struct.pack(">bI", 0, 7))
    value.seek(0, io.SEEK_END)
    fastavro.schemaless_writer(value, fastavro.parse_schema(schema), said)
    payload = base64.b64encode(value.getvalue()).decode()
    event = {
        "source": "events", "source_file": "meter-readings/0", "partner_id": "unknown",
        "received_date": runner.clock.date(), "received_at": runner.clock,
        "table_name": "bronze.meter_readings", "reason": "unknown Avro schema 7",
        "payload": json.dumps({"refused": "unknown Avro schema 7", "payload": payload}),
    }  # fmt: skip
    # One of the two was dropped, under the partner that it had.
    events = [{**event, "source_line": line} for line in (4, 5)]
    writing.insert(runner.store, REJECTED, frame(runner.spark, REJECTED, events))
    reader = Reader(runner.settings, catalog().tables)
    [dropped] = [h for h in found(reader, "rejected", Wanted()) if h.source_line == 5]
    decide([dropped], Decision(action="drop", by="ada"),
           settings=runner.settings, clock=runner.clock)  # fmt: skip
    run(runner, "bronze.repairs")
    assert replayed(runner) == (0, 0)

    (tmp_path / "7.avsc").write_text(json.dumps(schema))
    known = runner.settings.model_copy(update={"schemas": SecretStr(str(tmp_path))})
    runner = Runner(runner.spark, known, catalog(), runner.clock)
    assert replayed(runner) == (1, 0)
    taken = ask(runner, "SELECT partner_id, source_line FROM bronze.meter_readings "
                        "WHERE source = 'events'")  # fmt: skip
    assert taken == [{"partner_id": "p", "source_line": 4}]
    assert replayed(runner) == (0, 0)
    run(runner, "bronze.repairs", *READINGS)
    assert energy(runner) == [1.0, 2.0, 3.0, 4.0, 9.0]
    waits = found(Reader(runner.settings, catalog().tables), "rejected", Wanted())
    assert [held.source_line for held in waits] == [3]


@pytest.mark.spark
def test_a_rejected_event_is_kept_whole_and_of_a_line_of_a_file_the_beginning(
    spark: SparkSession,
) -> None:
    lines = spark.createDataFrame(
        [("events", "x" * 5000, "why"), ("landing", "x" * 5000, "why"), ("landing", "x", None)],
        "source STRING, line STRING, _rejected STRING",
    )
    kept = refused_of(lines, catalog()["bronze.meter_readings"], REJECTED).collect()
    assert {row.source: len(row.payload) for row in kept} == {"events": 5000, "landing": 4000}


@pytest.mark.spark
def test_a_replay_and_a_backfill_wait_for_whoever_is_at_the_table(
    made: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_PATIENCE_S", 0.1)
    with made.alone("bronze.meter_readings"), made.alone("silver.meter_readings"):
        with pytest.raises(Busy):
            replayed(made)
        with pytest.raises(Busy):
            list(made.backfill("silver.meter_readings", first=DAY, last=DAY))
        # Which changes nothing.
        tried = replay(made, "bronze.meter_readings", Part(), by="ada", dry_run=True)
        assert [report.rejected for report in tried] == [0, 0]


@pytest.mark.spark
def test_a_bronze_that_was_lost_is_made_again_from_landing(
    made: Runner, copy_of: Callable[[Runner], Runner], tmp_path: Path
) -> None:
    runner = copy_of(made)
    before = rows(runner)
    assert [len(table) for table in before] == [2, 1, 4]
    shutil.rmtree(Path(runner.settings.root) / "raw")
    # Another process: this one has seen the tables.
    runner = Runner(runner.spark, runner.settings, runner.catalog, runner.clock)
    for name in BRONZE:
        replayed(runner, name)
    run(runner)
    assert rows(runner) == before
    assert replayed(runner) == (0, 0)
    # Its versions began anew: what comes later is seen all the same.
    later = json.dumps({**BLOCK, "starts_at": "2025-05-03T00:00:00+02:00", "values": [5.0]})
    (file := tmp_path / "later.ndjson").write_text(later + "\n")
    land(file, kind="readings", partner="p", settings=runner.settings, clock=runner.clock)
    run(runner, *READINGS)
    assert energy(runner) == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.spark
def test_landing_alone_makes_the_same_tables_in_a_new_lake(
    made: Runner, spark: SparkSession, tmp_path: Path
) -> None:
    other = Settings(lake=str(tmp_path / "other"))
    shutil.copytree(Path(made.settings.root) / "landing", tmp_path / "other" / "landing")
    again = Runner(spark, other, catalog(), made.clock)
    run(again)
    assert rows(again) == rows(made)

"""What is typed of a lake answers what was known then, from landed files to the command's lines."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from lake.catalog import catalog
from lake.cli import app
from lake.ingestion.landing import land
from lake.running import Runner
from lake.seen_tables import NoHistory
from lake.settings import Settings

pytestmark = pytest.mark.spark
TABLES = (
    "bronze.registrations",
    "bronze.meter_readings",
    "silver.locations",
    "silver.meters",
    "silver.meter_readings",
    "silver.meter_days",
    "silver.energy_in_context",
    "silver.energy_revisions",
    "gold.energy_hourly",
    "gold.energy_daily",
)


@pytest.fixture
def told(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path, home: dict[str, Any]
) -> Settings:
    """A lake with a day of a home, one hour of which is said otherwise two days later."""
    start = "2025-05-30T00:00:00+02:00"
    first = {"meter_id": "m", "starts_at": start, "resolution": "PT1H", "values": [1.0] * 24,
             "known_at": "2025-05-31T06:00:00Z"}  # fmt: skip
    later = first | {"values": [3.5], "known_at": "2025-06-02T06:00:00Z"}
    said = (("registrations", home, 0), ("readings", first, 0), ("readings", later, 2))
    for n, (kind, document, days) in enumerate(said):
        (file := tmp_path / f"{n}.ndjson").write_text(json.dumps(document) + "\n")
        land(file, kind=kind, partner="p", settings=lake, clock=clock + timedelta(days))
    runner = Runner(spark, lake, catalog(), clock + timedelta(2))
    for table in TABLES:
        runner.run(table)
    return lake


def test_the_command_says_what_was_known_at_an_instant(
    told: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_LAKE", told.root)
    ask = "SELECT energy_kwh FROM gold.energy_daily WHERE direction = 'import'"

    def answer(*options: str, question: str = ask) -> list[str]:
        shown = CliRunner().invoke(app, ["sql", "--format", "csv", *options, question])
        assert shown.exit_code == 0, shown.output
        return shown.output.split()

    assert answer() == ["energy_kwh", "26.5"]
    assert answer("--as-of", "2025-06-02T06:00:00Z") == ["energy_kwh", "26.5"]
    assert answer("--as-of", "2025-06-02T08:00:00+02:00") == ["energy_kwh", "26.5"]
    assert answer("--as-of", "2025-06-02T05:59:59Z") == ["energy_kwh", "24.0"]
    # A day is its end.
    assert answer("--as-of", "2025-05-31") == ["energy_kwh", "24.0"]
    assert answer("--as-of", "2025-05-30") == ["energy_kwh"]
    first_hour = "SELECT energy_kwh FROM silver.meter_readings ORDER BY starts_at LIMIT 1"
    assert answer("--as-of", "2025-06-01", question=first_hour) == ["energy_kwh", "1.0"]
    flags = ["sql", "--as-of", "2025-06-01", "SELECT * FROM silver.reading_flags"]
    assert isinstance(CliRunner().invoke(app, flags).exception, NoHistory)

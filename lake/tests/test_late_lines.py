"""What was said last holds, also where what was said between two equal lines comes last."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

TABLES = (
    "bronze.registrations", "bronze.meter_readings", "bronze.spot_prices", "silver.locations",
    "silver.meters", "silver.meter_readings", "silver.spot_prices",
)  # fmt: skip
START = "2025-05-01T00:00:00+02:00"
READINGS = "SELECT energy_kwh, known_at FROM silver.meter_readings ORDER BY starts_at"
REVISIONS = "SELECT energy_kwh FROM silver.meter_reading_revisions ORDER BY known_at"
PRICES = "SELECT price_per_kwh FROM silver.spot_prices"


@pytest.mark.spark
def test_a_value_that_is_said_again_outlives_one_that_was_said_between_and_comes_late(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path, home: dict[str, Any]
) -> None:
    runner = Runner(spark, lake, catalog(), clock)
    (file := tmp_path / "homes.ndjson").write_text(json.dumps(home) + "\n")
    land(file, kind="registrations", partner="p", settings=lake, clock=clock)

    def come(value: float, day: int) -> None:
        known_at = f"2025-05-0{day}T06:00:00Z"
        block = {"meter_id": "m", "starts_at": START, "resolution": "PT1H", "known_at": known_at}
        (file := tmp_path / f"{day}.ndjson").write_text(
            json.dumps({**block, "values": [value, value]}) + "\n"
        )
        land(file, kind="readings", partner="p", settings=lake, clock=clock)
        head = "price_zone,starts_at,resolution,price,unit,known_at"
        (file := tmp_path / f"{day}.csv").write_text(
            f"{head}\nDK1,{START},PT1H,{value},EUR/kWh,{known_at}\n"
        )
        land(file, kind="prices", partner="p", settings=lake, clock=clock)
        for table in TABLES:
            runner.run(table)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in Reader(lake, catalog().tables).rows(sql)]

    come(1.0, day=2)
    come(1.0, day=4)
    assert [row[0] for row in ask(READINGS)] == [1.0, 1.0]
    assert ask(REVISIONS) == []
    come(7.0, day=3)
    told = ask(READINGS)
    assert [(kwh, known.day) for kwh, known in told] == [(1.0, 4), (1.0, 4)]
    assert sorted(ask(REVISIONS)) == [(1.0,), (1.0,), (7.0,), (7.0,)]
    assert ask(PRICES) == [(1.0,)]
    # What the whole says is no other thing.
    before = [ask(sql) for sql in (READINGS, REVISIONS)]
    runner.run("silver.meter_readings", again=True)
    assert [ask(sql) for sql in (READINGS, REVISIONS)] == before

"""Register reads through their hops: waiting, late, corrected; only what is touched is written."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.timeout(300)]
HOME = """{"location_id": "h", "country_code": "DK", "time_zone": "Europe/Copenhagen", "meters": [\
{"meter_id": "m", "fuel": "elec", "direction": "import"}, \
{"meter_id": "n", "fuel": "elec", "direction": "export"}]}
"""
READS = """meter_id,read_at,register,reading,unit,quality,known_at
m,2025-01-01,,100,kWh,,
m,2025-03-01,,200,kWh,,
m,2025-04-01,,300,kWh,,
n,2025-01-01,2.8.0,7,kWh,,
n,2025-04-01,2.8.0,9,kWh,estimated,
x,2025-01-01,,1,kWh,,
m,,,1,kWh,,
"""
LATE = """{"meter_id": "m", "read_at": "2025-02-01T00:00:00+01:00", "reading": 160}
{"meter_id": "m", "read_at": "2025-04-01", "register": "", "reading": "290", "unit": "kWh"}
{"meter_id": "m", "read_at":
"""
SILVER = ("silver.locations", "silver.meters", "silver.register_reads", "silver.register_energy")


@pytest.fixture
def run(lake: Settings, clock: datetime, spark: SparkSession, tmp_path: Path) -> Any:
    """Return what lands a file and runs tables: ``run(day, kind, name, text, *tables)``."""

    def go(day: int, kind: str, name: str, text: str, *tables: str) -> dict[str, Any]:
        at = clock + timedelta(days=day)
        (file := tmp_path / name).write_text(text)
        land(file, kind=kind, partner="p", settings=lake, clock=at)
        runner = Runner(spark, lake, catalog(), at)
        return {table: runner.run(table) for table in tables}

    return go


def told(lake: Settings) -> dict[str, list[tuple[Any, ...]]]:
    reader = Reader(lake, catalog().tables)

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in reader.rows(sql)]

    return {
        "energy": rows(
            "SELECT meter_id, CAST(local_date AS VARCHAR), energy_kwh, quality "
            "FROM silver.register_energy ORDER BY 1, 2"
        ),
        "waiting": rows("SELECT entity_id FROM silver.quarantine ORDER BY 1"),
        "rejected": rows("SELECT reason FROM bronze.rejected ORDER BY 1"),
    }


def test_reads_wait_for_their_meter_and_a_late_or_corrected_one_moves_its_neighbours(
    lake: Settings, run: Callable[..., Any]
) -> None:
    run(0, "registers", "r.csv", READS, "bronze.registrations", "bronze.register_reads", *SILVER)
    assert told(lake)["energy"] == []
    assert told(lake)["waiting"] == [("m",)] * 3 + [("n",)] * 2 + [("x",)]
    run(1, "registrations", "h.ndjson", HOME, "bronze.registrations", *SILVER)
    assert told(lake)["energy"] == [
        ("m", "2025-01-01", 100.0, "measured"),
        ("m", "2025-03-01", 100.0, "measured"),
        ("n", "2025-01-01", 2.0, "estimated"),
    ]
    again = run(2, "registers", "late.ndjson", LATE, "bronze.register_reads", *SILVER)
    found = told(lake)
    assert found["energy"] == [
        ("m", "2025-01-01", 60.0, "measured"),
        ("m", "2025-02-01", 40.0, "measured"),
        ("m", "2025-03-01", 90.0, "measured"),
        ("n", "2025-01-01", 2.0, "estimated"),
    ]
    # One stretch becomes two, the corrected one differs; the other meter's is left alone.
    assert again["silver.register_energy"].written.rows == 4
    assert found["waiting"] == [("x",)]
    assert found["rejected"] == [("not a JSON object",), ("read_at is missing",)]

"""A meter file through the layers: its values in silver, what it does not say in rejected."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from bronze.intake import take
from lake.catalog import catalog
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.slow]
HALF_HOURS = ",".join(f"{n / 100:.2f}" for n in range(48))
NEM12 = f"""100,NEM12,202506010000,MDP,Retailer
200,6123456789,E1Q1,1,E1,N1,METER1,kWh,30,
300,20250530,{HALF_HOURS},A,,,20250531020304,
300,20250531,1.0,2.0,A,,,20250601020304,
200,6123456789,E1Q1,2,Q1,N1,METER1,kVArh,30,
300,20250530,{HALF_HOURS},A,,,20250531020304,
900
"""
# An exchange, told in two files: what the new meter showed at once, and the old one before.
NEM13 = "100,NEM13,202506010000,MDP,Retailer\n{}\n900\n"
OLD = "250,6123456789,E1,1,11,,OLD,E,012000,20250401000000,A,,,012345,20250415100000,A,,,345,kWh,,,"
NEW = "250,6123456789,E1,7,11,,NEW,E,000000,20250415100000,A,,,000100,20250501000000,A,,,100,kWh,,,"
COUNTERS = """time,Import T1 kWh,Import T2 kWh
2025-05-30 00:00,10.0,1.0
2025-05-30 00:15,10.5,1.0
2025-05-30 00:30,10.5,1.25
"""
HOMES = [
    {
        "location_id": place, "country_code": country, "time_zone": zone, "latitude": 0.0,
        "longitude": 0.0, "profile": {"valid_from": "2024-01-01"},
        "meters": [{"meter_id": meter, "fuel": "elec", "direction": "import",
                    "supply_start": "2024-01-01"}],
    }
    for place, country, zone, meter in (
        ("gum", "AU", "Australia/Brisbane", "6123456789-E1"),
        ("wattle", "AU", "Australia/Brisbane", "6123456789-11"),
        ("tulip", "NL", "Europe/Amsterdam", "p1"),
    )
]  # fmt: skip


def test_a_meter_file_reaches_silver_and_its_refused_lines_are_rejected(
    spark: SparkSession, lake: Settings, tmp_path: Path, clock: datetime
) -> None:
    (registration := tmp_path / "homes.ndjson").write_text(
        "".join(f"{json.dumps(h)}\n" for h in HOMES)
    )
    (file := tmp_path / "usage.csv").write_text(NEM12)
    (counters := tmp_path / "p1.csv").write_text(COUNTERS)
    take(registration, partner="p", settings=lake, clock=clock, kind="registrations")
    (new := tmp_path / "new.csv").write_text(NEM13.format(NEW))
    (old := tmp_path / "old.csv").write_text(NEM13.format(OLD))
    for sent in (file, counters, new, old, file):
        take(sent, partner="p", settings=lake, clock=clock)
    runner = Runner(spark, lake, catalog(), clock)
    for table in (
        "bronze.registrations", "bronze.meter_readings", "bronze.register_reads",
        "silver.locations", "silver.meters", "silver.meter_readings", "silver.register_reads",
        "silver.meter_days", "silver.register_energy",
    ):  # fmt: skip
        runner.run(table)
    ask = Reader(lake, catalog().tables).rows
    assert ask("SELECT count(*) AS n, sum(energy_kwh) AS kwh FROM silver.meter_readings") == [
        {"n": 48, "kwh": pytest.approx(sum(range(48)) / 100)}
    ]
    (rejected,) = ask("SELECT reason, payload FROM bronze.rejected")
    assert "usage.csv:4" in str(rejected["payload"])
    assert "300,20250531,1.0" in str(rejected["payload"])
    # Reactive energy is kept as sent, and waits: no meter of a home is registered for it.
    assert ask("SELECT DISTINCT entity_id FROM silver.quarantine") == [
        {"entity_id": "6123456789-Q1"}
    ]
    energy = ask(
        "SELECT meter_id, energy_kwh AS kwh, is_counted FROM silver.register_energy ORDER BY 1, 2"
    )
    assert [tuple(row.values()) for row in energy] == [
        ("6123456789-11", 100.0, True), ("6123456789-11", 345.0, True),
        ("p1", 0.25, True), ("p1", 0.5, True),
    ]  # fmt: skip

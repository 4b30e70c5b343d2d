"""A home's time zone that is corrected is as if it had been right from the start."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.slow]
HOPS = (
    "bronze.registrations", "bronze.meter_readings", "bronze.register_reads", "silver.locations",
    "silver.meters", "silver.meter_readings", "silver.register_reads", "silver.meter_days",
)  # fmt: skip
WRONG, RIGHT = "Europe/London", "Europe/Helsinki"
# From midnight in Helsinki to that of London, over the end of a month.
HOURS = {"meter_id": "hours", "starts_at": "2025-05-31T00:00:00+03:00", "resolution": "PT1H"}
DAY = {"resolution": "P1D", "values": [24.0, 25.0]}
READINGS = [
    {**HOURS, "values": [float(n) for n in range(50)], "known_at": "2025-06-02T06:00:00Z"},
    {**HOURS, "values": [5.0] * 26, "known_at": "2025-06-03T06:00:00Z"},
    {"meter_id": "days", "starts_at": "2025-05-31T00:00:00+03:00", **DAY},
    {"meter_id": "of London", "starts_at": "2025-05-30T00:00:00+01:00", **DAY},
]
READS = [
    {"meter_id": "hours", "read_at": day, "reading": kwh}
    for day, kwh in (("2025-05-01", 100), ("2025-06-01", 300))
]
LATER = [{**HOURS, "values": [7.0] * 24, "known_at": "2025-06-05T06:00:00Z"}]
SAID = {
    "silver.meter_readings": "meter_id, starts_at, ends_at, local_date, local_month, energy_kwh",
    "silver.meter_reading_revisions": "meter_id, starts_at, local_date, energy_kwh, superseded_at",
    "silver.register_reads": "meter_id, read_at, reading",
    "silver.quarantine": "table_name, entity_id, position, reasons",
    "silver.meter_days": "meter_id, local_date, resolution, starts_at, energy_kwh, intervals",
}


class Told:
    """A lake that is told something, and brought up to date."""

    def __init__(self, spark: SparkSession, root: Path, clock: datetime) -> None:
        """Begin with an empty one."""
        self.settings, self.clock, self.files = Settings(lake=str(root)), clock, root.parent
        self.runner = Runner(spark, self.settings, catalog(), clock)
        self.count = 0

    def tell(self, kind: str, *lines: dict[str, Any]) -> None:
        self.count += 1
        file = self.files / f"{self.count}.ndjson"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        clock = self.clock + timedelta(days=self.count)
        land(file, kind=kind, partner="p", settings=self.settings, clock=clock)

    def bring_up(self) -> None:
        for name in HOPS:
            self.runner.run(name)

    def says(self) -> dict[str, Any]:
        reader = Reader(self.settings, catalog().tables)
        return {
            name: sorted(str(row) for row in reader.rows(f"SELECT {columns} FROM {name}"))
            for name, columns in SAID.items()
        }


def home(zone: str) -> dict[str, Any]:
    meters = [{"meter_id": m, "fuel": "elec", "direction": "import"} for m in
              ("hours", "days", "of London")]  # fmt: skip
    return {"location_id": "h", "country_code": "FI", "time_zone": zone, "meters": meters}


def test_a_corrected_zone_moves_days_months_and_what_was_said_of_them(
    spark: SparkSession, tmp_path: Path, clock: datetime
) -> None:
    told = {}
    for name, zones in {"corrected": (WRONG, RIGHT), "right": (RIGHT, RIGHT)}.items():
        (tmp_path / name).mkdir()
        lake = told[name] = Told(spark, tmp_path / name / "lake", clock)
        for zone in zones:
            lake.tell("registrations", home(zone))
            if lake.count == 1:
                lake.tell("readings", *READINGS)
                lake.tell("registers", *READS)
            lake.bring_up()
    corrected, right = told["corrected"], told["right"]
    assert corrected.says() == right.says()
    waiting = right.says()["silver.quarantine"]
    assert len(waiting) == 1
    assert "of London" in waiting[0]
    # What corrects a reading that has come to another month finds it there.
    for lake in (corrected, right):
        lake.tell("readings", *LATER)
        lake.bring_up()
    assert corrected.says() == right.says()
    before = corrected.says()
    assert corrected.runner.run("silver.meter_readings", again=True).written.rows == 0
    assert corrected.says() == before

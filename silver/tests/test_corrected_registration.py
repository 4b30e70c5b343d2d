"""A registration that is corrected is as if it had been right from the start."""

import json
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
from silver.judgement import KWH_PER_M3

pytestmark = [pytest.mark.spark, pytest.mark.slow]
HOPS = (
    "bronze.registrations", "bronze.meter_readings", "bronze.register_reads", "silver.locations",
    "silver.meters", "silver.meter_readings", "silver.register_reads", "silver.meter_days",
)  # fmt: skip
TO_ENERGY = (*HOPS, "silver.reading_flags", "silver.register_energy", "silver.energy_in_context")
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
ENERGY = {
    "silver.meter_readings": "meter_id, location_id, direction, is_sub_meter, starts_at, "
    "energy_kwh, quality",
    "silver.meter_reading_revisions": "meter_id, location_id, direction, starts_at, energy_kwh",
    "silver.register_reads": "meter_id, location_id, direction, read_at, reading",
    "silver.quarantine": "table_name, entity_id, position, reasons",
    "silver.energy_in_context": "location_id, fuel, direction, starts_at, energy_kwh",
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

    def bring_up(self, hops: tuple[str, ...] = HOPS) -> None:
        for name in hops:
            self.runner.run(name)

    def says(self, of: dict[str, str] = SAID) -> dict[str, Any]:
        reader = Reader(self.settings, catalog().tables)
        return {
            name: sorted(str(row) for row in reader.rows(f"SELECT {columns} FROM {name}"))
            for name, columns in of.items()
        }

    def energy_of(self, home: str) -> dict[str, float]:
        """Return the energy by direction, kWh."""
        reader = Reader(self.settings, catalog().tables)
        asked = "SELECT direction, SUM(energy_kwh) AS kwh FROM silver.energy_in_context "
        asked += f"WHERE location_id = '{home}' GROUP BY direction"
        kwh: dict[str, Any] = {str(row["direction"]): row["kwh"] for row in reader.rows(asked)}
        return {direction: round(found, 9) for direction, found in kwh.items()}


def home(zone: str, name: str = "h", *meters: dict[str, Any]) -> dict[str, Any]:
    return {
        "location_id": name, "country_code": "FI", "time_zone": zone,
        "meters": meters or [meter(m) for m in ("hours", "days", "of London")],
    }  # fmt: skip


def meter(name: str, **said: Any) -> dict[str, Any]:
    return {"meter_id": name, "fuel": "elec", "direction": "import", **said}


def homes(*, right: bool) -> list[dict[str, Any]]:
    """Return homes as they are, or as they were first registered by mistake."""
    pump = meter("pump", is_sub_meter=right)
    moved = meter("moved", fuel="gas")
    said = {
        "part": [pump, meter("grid")] if right else [pump],
        "from": [meter("stays", fuel="district_heating"), *([] if right else [moved])],
        "to": [meter("elec"), *([moved] if right else [])],
        "way": [meter("way", direction="export" if right else "import")],
        "gas": [meter("gas", fuel="gas", **({"kwh_per_m3": 10.0} if right else {}))],
        "more": [meter("more", fuse_ampere=35 if right else 16)],
        "less": [meter("less", fuse_ampere=16 if right else 35)],
    }
    # With the meters the zone of another home.
    zone = RIGHT if right else WRONG
    return [home(RIGHT, name, *meters) for name, meters in said.items()] + [
        home(zone, "zone", meter("zone"))
    ]


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


def test_a_corrected_meter_takes_its_readings_to_its_home_its_kind_factor_and_fuse(
    spark: SparkSession, tmp_path: Path, clock: datetime
) -> None:
    day = {"starts_at": "2025-05-30T00:00:00+03:00", "resolution": "PT1H",
           "known_at": "2025-06-01T06:00:00Z"}  # fmt: skip
    kwh = {"pump": 1.0, "grid": 3.0, "way": 2.0, "more": 15.0, "less": 15.0, "zone": 1.0}
    readings = [{**day, "meter_id": m, "values": [v] * 24} for m, v in kwh.items()]
    readings += [
        {**day, "meter_id": m, "values": [1.0] * 24, "unit": "m3"} for m in ("gas", "moved")
    ]
    again = [
        {
            **day,
            "meter_id": m,
            "values": [0.5, 0.5],
            "unit": unit,
            "known_at": "2025-06-02T06:00:00Z",
        }
        for m, unit in (("pump", "kWh"), ("way", "kWh"), ("gas", "m3"), ("moved", "m3"))
    ]
    reads = [
        {"meter_id": "way", "read_at": day, "reading": kwh}
        for day, kwh in (("2025-04-01", 100), ("2025-05-01", 300))
    ]
    told = {}
    for name, states in {"corrected": (False, True), "right": (True, True)}.items():
        (tmp_path / name).mkdir()
        lake = told[name] = Told(spark, tmp_path / name / "lake", clock)
        for state in states:
            lake.tell("registrations", *homes(right=state))
            if lake.count == 1:
                lake.tell("readings", *readings, *again)
                lake.tell("registers", *reads)
            lake.bring_up(TO_ENERGY)
    corrected, right = told["corrected"], told["right"]
    assert corrected.says(ENERGY) == right.says(ENERGY)
    assert {name: corrected.energy_of(name) for name in ("part", "from", "to", "way", "more")} == {
        "part": {"import": 72.0},
        "from": {},
        "to": {"import": round(23 * KWH_PER_M3, 9)},
        "way": {"export": 245.0},
        "more": {"import": 360.0},
    }
    assert (corrected.energy_of("gas"), corrected.energy_of("less")) == ({"import": 230.0}, {})
    # What is said later of the same hours is held against what they are now.
    for lake in (corrected, right):
        lake.tell("readings", {**again[2], "values": [0.25], "known_at": "2025-06-04T06:00:00Z"})
        lake.bring_up(TO_ENERGY)
    assert corrected.energy_of("gas") == {"import": 227.5}
    assert corrected.says(ENERGY) == right.says(ENERGY)
    assert corrected.runner.run("silver.meter_readings", again=True).written.rows == 0

"""What a day says of the next one, and what is held of it, comes along as the days do."""

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

pytestmark = [pytest.mark.spark, pytest.mark.slow]
HOPS = (
    "bronze.registrations", "bronze.meter_readings", "silver.locations", "silver.meters",
    "silver.meter_readings", "silver.meter_days", "silver.energy_in_context",
)  # fmt: skip
METERS = [{"meter_id": fuel, "fuel": fuel, "direction": "import"} for fuel in ("gas", "elec")]
HOME = {"location_id": "h", "country_code": "DK", "time_zone": "Europe/Copenhagen"}
COUNTED = (
    "SELECT CAST(local_date AS VARCHAR) AS day, resolution, count(*) AS n "
    "FROM silver.energy_in_context WHERE fuel = 'gas' GROUP BY 1, 2"
)
HELD = (
    "SELECT CAST(local_date AS VARCHAR) AS day, intervals, held_intervals, held_kwh, "
    "held_highest_kw FROM silver.meter_days WHERE meter_id = 'elec'"
)


def line(meter: str, day: int, hour: int, *values: float | None, **other: Any) -> dict[str, Any]:
    starts_at = f"2025-05-{day:02}T{hour:02}:00:00+02:00"
    return {"meter_id": meter, "starts_at": starts_at, "values": values,
            "resolution": "PT1H", **other}  # fmt: skip


def gas_day(day: int) -> dict[str, Any]:
    return line("gas", day, 6, 24.0, resolution="PT24H")


def hours(day: int) -> dict[str, Any]:
    return line("gas", day, 0, *[1.0] * 24)


class Lake:
    """A lake that is told lines, and brought up to date with each."""

    def __init__(self, spark: SparkSession, folder: Path, clock: datetime) -> None:
        """Begin with a home of two meters."""
        self.settings, self.folder, self.clock = Settings(lake=str(folder / "lake")), folder, clock
        self.runner = Runner(spark, self.settings, catalog(), clock)
        self.tell({**HOME, "meters": METERS}, kind="registrations")

    def tell(self, *lines: dict[str, Any], kind: str = "readings") -> None:
        self.clock += timedelta(minutes=1)
        file = self.folder / f"{self.clock:%H%M}.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in lines))
        land(file, kind=kind, partner="p", settings=self.settings, clock=self.clock)
        for name in HOPS:
            self.runner.run(name)

    def rows(self, query: str) -> set[tuple[Any, ...]]:
        reader = Reader(self.settings, catalog().tables)
        return {tuple(row.values()) for row in reader.rows(query)}


def test_a_gas_day_counts_once_whatever_comes_first_and_a_held_hour_until_it_is_right(
    spark: SparkSession, tmp_path: Path, clock: datetime
) -> None:
    lake = Lake(spark, tmp_path, clock)
    lake.tell(hours(1), hours(2), line("elec", 1, 0, *[1.0] * 12, None, *[1.0] * 11))
    told = {("2025-05-01", "PT1H", 24), ("2025-05-02", "PT1H", 24)}
    assert lake.rows(COUNTED) == told
    assert lake.rows(HELD) == {("2025-05-01", 23, 0, 0.0, None)}
    # Its total comes later; the next comes before its hours, and so do those of the day after.
    lake.tell(gas_day(1), gas_day(3), hours(4), line("elec", 1, 12, 120.0))
    total = {("2025-05-03", "PT24H", 1), ("2025-05-04", "PT1H", 18)}
    assert lake.rows(COUNTED) == told | total
    assert lake.rows(HELD) == {("2025-05-01", 23, 1, 120.0, 120.0)}
    lake.tell(hours(3), line("elec", 1, 12, 1.2))
    assert lake.rows(HELD) == {("2025-05-01", 24, 0, 0.0, None)}
    told |= {("2025-05-03", "PT1H", 24), ("2025-05-04", "PT1H", 24)}
    assert lake.rows(COUNTED) == told
    for name in ("silver.meter_days", "silver.energy_in_context"):
        assert lake.runner.run(name, again=True).written.rows == 0
    assert lake.rows(COUNTED) == told

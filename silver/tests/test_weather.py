"""What the air was and what was forecast of it, and said again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = pytest.mark.spark
HEADER = "latitude,longitude,observed_at,issued_at,temperature_c"
HOUR = "2025-05-01T{:02}:00:00Z"


def test_a_corrected_observation_replaces_the_one_before_and_no_forecast(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    """An observation has no issue: that part of its key is null."""

    def told(name: str, *lines: str) -> list[tuple[int, bool, float]]:
        file = tmp_path / f"{name}.csv"
        file.write_text("\n".join([HEADER, *(f"55.7,12.6,{line}" for line in lines)]) + "\n")
        land(file, kind="weather", partner="p", settings=lake, clock=clock)
        runner = Runner(spark, lake, catalog(), clock)
        for table in ("bronze.weather", "silver.weather"):
            runner.run(table)
        rows: list[Any] = Reader(lake, catalog().tables).rows("SELECT * FROM silver.weather")
        return sorted(
            (row["observed_at"].astimezone(UTC).hour, row["issued_at"] is None,
             row["temperature_c"]) for row in rows
        )  # fmt: skip

    issued = "2025-04-30T12:00:00Z"
    first = told("first", *(f"{HOUR.format(hour)},,{hour}" for hour in (1, 2)),
                 f"{HOUR.format(1)},{issued},5")  # fmt: skip
    assert first == [(1, False, 5.0), (1, True, 1.0), (2, True, 2.0)]
    again = told("again", f"{HOUR.format(1)},,1.5", f"{HOUR.format(3)},,3")
    assert again == [(1, False, 5.0), (1, True, 1.5), (2, True, 2.0), (3, True, 3.0)]
    assert told("same", f"{HOUR.format(1)},,1.5", f"{HOUR.format(1)},{issued},6") == [
        (1, False, 6.0), (1, True, 1.5), (2, True, 2.0), (3, True, 3.0),
    ]  # fmt: skip

"""What the air was and what was forecast of it, and said again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from bronze.contracts import WEATHER as AS_SENT
from lake.catalog import catalog
from lake.hops.quarantine import REASONS
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings
from silver.contracts import LOCATION_WEATHER, WEATHER
from silver.energy_in_context import hourly, numbered
from silver.weather import weather

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


def test_what_was_said_last_holds_whatever_came_last(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    """5.0 and, of which no version is stored, 5.0 two days later hold against 6.0 between."""

    def current(told: str, come_on: int) -> list[float]:
        file = tmp_path / f"{come_on}.csv"
        file.write_text(f"{HEADER},known_at\n55.7,12.6,{HOUR.format(1)},,{told}Z\n")
        at = clock + timedelta(days=come_on)
        land(file, kind="weather", partner="p", settings=lake, clock=at)
        runner = Runner(spark, lake, catalog(), at)
        for table in ("bronze.weather", "silver.weather"):
            runner.run(table)
        reader = Reader(lake, catalog().tables)
        rows: list[Any] = reader.rows("SELECT temperature_c FROM silver.weather")
        return [row["temperature_c"] for row in rows]

    assert current("5.0,2025-05-02T00:00", 0) == [5.0]
    assert current("5,2025-05-04T00:00", 1) == [5.0]
    assert current("6.0,2025-05-03T00:00", 2) == [5.0]


def test_an_observation_of_one_measure_leaves_what_was_measured_of_the_others(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    """Of one point an archive tells all measures, a station nearby the temperature alone."""
    header = f"{HEADER},wind_speed_m_s,irradiance_w_m2"

    def current(at: int, *lines: str) -> list[tuple[float, float, float]]:
        file = tmp_path / f"{at}.csv"
        file.write_text("\n".join([header, *(f"55.7,12.6,{line}" for line in lines)]) + "\n")
        now = clock + timedelta(days=at)
        land(file, kind="weather", partner="p", settings=lake, clock=now)
        runner = Runner(spark, lake, catalog(), now)
        for table in ("bronze.weather", "silver.weather"):
            runner.run(table)
        rows: list[Any] = Reader(lake, catalog().tables).rows("SELECT * FROM silver.weather")
        return [(r["temperature_c"], r["wind_speed_m_s"], r["irradiance_w_m2"]) for r in rows]

    hour = HOUR.format(1)
    assert current(0, f"{hour},,5,3,100", f"{hour},,6,,") == [(6.0, 3.0, 100.0)]
    assert current(1, f"{hour},,7,,") == [(7.0, 3.0, 100.0)]
    assert current(2, f"{hour},,,4,") == [(7.0, 4.0, 100.0)]
    runner = Runner(spark, lake, catalog(), clock + timedelta(days=3))
    assert runner.run("silver.weather", again=True).written.rows == 0


def test_an_issue_of_the_future_waits(table: Callable[..., Any]) -> None:
    said = [{"issued_at": at} for at in ("2025-05-01T12:59:00Z", "2025-05-01T13:01:00Z", "")]
    lines = table(
        AS_SENT, [{**one, "source_line": n} for n, one in enumerate(said)], latitude="55.7",
        longitude="12.6", observed_at=HOUR.format(1), temperature_c="5",
        received_at="2025-05-01T12:00:00Z",
    )  # fmt: skip
    found = weather(lines).orderBy("source_line").collect()
    assert [row[REASONS] for row in found] == [[], ["of_the_future"], []]


def test_an_observation_of_one_measure_takes_no_forecast_of_another_away(
    table: Callable[..., Any],
) -> None:
    point = {"latitude": 55.7, "longitude": 12.6}
    issues = [
        {"issued_at": "2025-04-30T12:00:00Z", "temperature_c": 3, "irradiance_w_m2": 100},
        {"issued_at": "2025-04-30T18:00:00Z", "temperature_c": 4, "irradiance_w_m2": 120},
        {"issued_at": None, "temperature_c": 5},
    ]
    said = table(WEATHER, issues, **point, observed_at=HOUR.format(1))
    points = numbered(table(LOCATION_WEATHER, [point]), *point, name="_point")
    [hour] = hourly(said, points).collect()
    assert (hour.temperature_c, hour.irradiance_w_m2, hour.wind_speed_m_s) == (5.0, 120.0, None)

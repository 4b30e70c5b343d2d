"""A meter changes the length of its intervals in mid-day: no moment counts twice, none twice keyed.

What silver makes of the readings of that day, and what fills its gaps, are steps of gold.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from gold.energy import in_days, in_steps
from silver.balance import by_direction, ways
from silver.contracts import (
    ENERGY_IN_CONTEXT,
    LOCATIONS,
    METER_DAYS,
    METER_READINGS,
    METERS,
    READING_FLAGS,
    SUBSTITUTED_ENERGY,
)
from silver.said_once import lengths, said_once
from silver.substituted_energy import substituted_energy

pytestmark = pytest.mark.spark
MIDNIGHT = datetime(2025, 5, 1, tzinfo=UTC)
LENGTHS = {15: "PT15M", 30: "PT30M", 60: "PT1H"}
KEY = ("location_id", "fuel", "direction", "starts_at")
# First and last minute of a stretch, and how long its intervals are: 1 kWh an hour in hours, 2 in
# what is shorter, so that it shows which of them counts.
Stretch = tuple[int, int, int]
NOON = 12 * 60
DAY = 24 * 60
STRETCHES: dict[str, list[Stretch]] = {
    "gap of an hour": [(0, NOON, 60), (NOON + 60, DAY, 15)],
    "gap of a half": [(0, NOON, 60), (NOON + 30, DAY, 15)],
    "gap among quarters": [(0, NOON, 60), (NOON, 20 * 60, 15), (20 * 60 + 30, DAY, 15)],
    "back to hours": [(0, NOON - 30, 15), (NOON, DAY, 60)],
    "halves": [(0, NOON, 60), (NOON + 30, DAY, 30)],
    "filled overlap": [(0, NOON + 60, 60), (NOON, DAY, 15)],
    "overlap in part": [(0, NOON + 60, 60), (NOON + 30, DAY, 15)],
    "said twice all day": [(0, DAY, 60), (0, DAY, 15)],
}
# Energy of the day, how many of its shortest intervals were read, energy that fills a gap: that
# on the line from 1 kW in the middle of the hour before to 2 kW in that of the quarter after.
EXPECTED = {
    "gap of an hour": (12 + 22.0, 92, pytest.approx(1 + 60 / 97.5)),
    "gap of a half": (12 + 23.0, 94, None),
    "gap among quarters": (12 + 23.0, 94, None),
    "back to hours": (23 + 12.0, 94, None),
    "halves": (12 + 23.0, 47, None),
    "filled overlap": (12 + 24.0, 96, None),
    "overlap in part": (13 + 22.0, 96, None),
    "said twice all day": (48.0, 96, None),
}


@pytest.fixture
def of_silver(table: Callable[..., Any]) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Return the energy, what fills its gaps, and the locations, of a home a name."""
    same = {"partner_id": "p", "fuel": "elec", "direction": "import"}
    told = [
        {
            "location_id": home, "meter_id": home, "resolution": LENGTHS[minutes],
            "starts_at": MIDNIGHT + timedelta(minutes=at),
            "ends_at": MIDNIGHT + timedelta(minutes=at + minutes),
            "energy_kwh": (1 if minutes == 60 else 2) * minutes / 60,
        }
        for home, stretches in STRETCHES.items()
        for first, last, minutes in stretches
        for at in range(first, last, minutes)
    ]  # fmt: skip
    of_day = {"local_date": MIDNIGHT.date(), "local_month": "2025-05", "quality": "measured"}
    readings = table(METER_READINGS, told, **same, **of_day)
    homes = table(LOCATIONS, [{"location_id": h} for h in STRETCHES], partner_id="p",
                  time_zone="UTC", country_code="GB")  # fmt: skip
    meters = table(METERS, [{"location_id": h, "meter_id": h} for h in STRETCHES], **same)
    counts = [
        {"location_id": home, "meter_id": home, "resolution": LENGTHS[minutes],
         "interval_s": minutes * 60, "intervals": (last - first) // minutes,
         "expected_intervals": DAY // minutes}
        for home, stretches in STRETCHES.items()
        for first, last, minutes in stretches
    ]  # fmt: skip
    days = table(METER_DAYS, counts, **same, local_date=MIDNIGHT.date())
    of_days = lengths(readings)
    said = by_direction(said_once(readings, of_days), ways(meters, homes), of_days)
    made = table(ENERGY_IN_CONTEXT, []).unionByName(said, allowMissingColumns=True)
    energy = made.fillna({"time_zone": "UTC"}).localCheckpoint()
    filled = substituted_energy(
        energy, days, table(READING_FLAGS, []), meters, at_hand=lambda rows: rows.localCheckpoint()
    )
    return energy, filled.select(*SUBSTITUTED_ENERGY.names).localCheckpoint(), homes


def test_no_two_rows_have_one_key_and_each_moment_counts_once(
    of_silver: tuple[DataFrame, DataFrame, DataFrame],
) -> None:
    energy, filled, homes = of_silver
    hours, quarters = (
        in_steps(energy, seconds=step, substituted_energy=filled).localCheckpoint()
        for step in (3600, 900)
    )
    for steps in (hours, quarters):
        assert steps.count() == steps.select(*KEY).distinct().count()
    days = in_days(hours, energy, homes, substituted_energy=filled).where("direction = 'import'")
    found = {
        r["location_id"]: (r["energy_kwh"], r["observed_intervals"], r["substituted_kwh"])
        for r in days.collect()
    }
    assert found == EXPECTED

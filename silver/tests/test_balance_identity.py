"""Consumption is import + production - export wherever all three are there, and nowhere else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from pyspark.sql import functions as F

from silver.balance import by_direction, ways
from silver.contracts import LOCATIONS, METER_READINGS, METERS
from silver.said_once import lengths

pytestmark = pytest.mark.spark
START = datetime(2025, 5, 1, tzinfo=UTC)
WAYS = ("import", "production", "export")
# The energy of an hour in 1/64 kWh, so that sums are exact; None is a gap, one in four.
KNOWN = st.integers(0, 640)
PART = st.one_of(KNOWN, KNOWN, KNOWN, st.none())
HOURS = st.lists(st.tuples(PART, PART, PART), min_size=1, max_size=8)


def test_the_balance_holds_in_any_home(
    table: Callable[..., Any], examples: Callable[..., list[Any]]
) -> None:
    homes = examples(HOURS, 100)
    same = {"partner_id": "p", "fuel": "elec"}
    rows, expected = [], {}
    for number, hours in enumerate(homes):
        for at, parts in enumerate(hours):
            start = START + timedelta(hours=at)
            for way, part in zip(WAYS, parts, strict=True):
                if part is not None:
                    rows.append({
                        "location_id": f"h{number}", "meter_id": f"{number}-{way}",
                        "direction": way, "starts_at": start,
                        "ends_at": start + timedelta(hours=1), "energy_kwh": part / 64,
                    })  # fmt: skip
            if None not in parts:
                balance = (parts[0] + parts[1] - parts[2]) / 64
                # A meter's rounding may leave less than nothing.
                expected[(f"h{number}", start.timestamp())] = max(balance, 0.0)
    meters = [
        {"location_id": f"h{n}", "meter_id": f"{n}-{way}", "direction": way}
        for n in range(len(homes))
        for way in WAYS
    ]
    places = [{"location_id": f"h{n}"} for n in range(len(homes))]
    readings = table(METER_READINGS, rows, **same, resolution="PT1H", local_date="2025-05-01")
    zones = table(LOCATIONS, places, partner_id="p", time_zone="Europe/London")
    made = by_direction(readings, ways(table(METERS, meters, **same), zones), lengths(readings))
    found = made.where("direction = 'consumption'").select(
        "location_id", F.unix_seconds("starts_at"), "energy_kwh", "is_derived"
    )  # fmt: skip
    # Which examples there are depends on the modules that are loaded; that there are some does not.
    assert expected
    assert {tuple(r[:2]): tuple(r[2:]) for r in found.collect()} == {
        key: (kwh, True) for key, kwh in expected.items()
    }

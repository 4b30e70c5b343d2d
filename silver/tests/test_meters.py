"""What a meter is said to be: a date of its supply that cannot be read is told."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from bronze.contracts import REGISTRATIONS
from lake.hops.quarantine import REASONS
from silver.contracts import LOCATIONS
from silver.meters import meters

pytestmark = pytest.mark.spark


def test_a_supply_whose_dates_cannot_be_read_waits(table: Callable[..., Any]) -> None:
    said: list[dict[str, Any]] = [
        {"supply_start": "2024-01-01", "supply_end": "2024-12-31"},
        {"supply_start": None},
        {"supply_end": "31.12.2024"},
        {"supply_start": "soon", "supply_end": ""},
    ]
    meter = {"meter_id": "m", "fuel": "elec", "direction": "import"}
    document = {"location_id": "h", "meters": [meter | dates for dates in said]}
    line = {"document": json.dumps(document), "received_at": "2025-05-01T12:00:00Z"}
    rows = meters(table(REGISTRATIONS, [line]), table(LOCATIONS, [])).orderBy("_position").collect()
    assert [r[REASONS] for r in rows] == [
        [], [], ["supply_end_unreadable"], ["supply_start_unreadable", "supply_end_unreadable"],
    ]  # fmt: skip
    assert [(r.supply_start, r.supply_end) for r in rows[:2]] == [
        (date(2024, 1, 1), date(2024, 12, 31)), (None, None)]  # fmt: skip

"""A day or month begins at local midnight, in whatever offset that instant is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bronze.contracts import METER_READINGS as AS_SENT
from lake.hops.quarantine import REASONS
from silver.contracts import LOCATIONS, METERS
from silver.meter_readings import meter_readings

pytestmark = pytest.mark.spark
HOME = {"partner_id": "p", "location_id": "h"}
EVERY = {"partner_id": "p", "meter_id": "m", "received_at": "2026-01-01T00:00:00Z"}


def told(table: Callable[..., Any], line: dict[str, Any], zone: str) -> list[Any]:
    """Return what becomes of the values of a line."""
    meters = table(METERS, [{"meter_id": "m"}], **HOME, fuel="elec")
    homes = table(LOCATIONS, [{"time_zone": zone}], **HOME)
    sent = table(AS_SENT, [line], **EVERY)
    rows: list[Any] = meter_readings(sent, meters, homes, at_hand=lambda rows: rows).collect()
    return sorted(rows, key=lambda row: row["_position"])


@pytest.mark.parametrize("start", ["2025-10-26T00:00:00+02:00", "2025-10-25T22:00:00Z"])
def test_days_over_a_clock_change_are_the_same_in_utc(
    start: str, table: Callable[..., Any]
) -> None:
    line = {"starts_at": start, "resolution": "P1D", "values": ["1", "2"]}
    found = told(table, line, "Europe/Stockholm")
    assert [(row.starts_at.isoformat(), str(row.local_date), row[REASONS]) for row in found] == [
        ("2025-10-25T22:00:00", "2025-10-26", []),
        ("2025-10-26T23:00:00", "2025-10-27", []),
    ]


def test_a_month_west_of_utc_is_that_of_the_home(table: Callable[..., Any]) -> None:
    line = {"starts_at": "2025-11-01T07:00:00Z", "resolution": "P1M", "values": ["1"]}
    (month,) = told(table, line, "America/Los_Angeles")
    assert (str(month.local_date), month.ends_at.isoformat(), month[REASONS]) == (
        "2025-11-01", "2025-12-01T08:00:00", []
    )  # fmt: skip


def test_another_instant_is_no_beginning_of_a_day(table: Callable[..., Any]) -> None:
    line = {"starts_at": "2025-10-26T00:00:00Z", "resolution": "P1D", "values": ["1"]}
    (held,) = told(table, line, "Europe/Stockholm")
    assert held[REASONS] == ["misaligned"]


def test_what_has_no_length_that_there_is_says_that_alone(table: Callable[..., Any]) -> None:
    line = {"starts_at": "2025-10-26T00:00:00Z", "resolution": "PT7M", "values": ["1"]}
    (held,) = told(table, line, "Pacific/Auckland")
    assert held[REASONS] == ["unknown_resolution"]


def test_a_value_that_is_held_says_its_unit(table: Callable[..., Any]) -> None:
    line = {
        "starts_at": "2025-10-26T00:00:00Z", "resolution": "PT1H", "unit": "Wh", "values": ["-5"]
    }  # fmt: skip
    (held,) = told(table, line, "UTC")
    payload = json.loads(held["_payload"])
    assert (payload["value"], payload["unit"]) == ("-5", "Wh")

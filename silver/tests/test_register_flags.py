"""The readings of a meter are held against its registers, where they fill the time."""

from collections.abc import Callable
from typing import Any

import pytest

from silver.contracts import METER_READINGS, REGISTER_ENERGY
from silver.register_flags import (
    needed_for_meter_readings,
    register_flags,
    touched_by_meter_readings,
)

pytestmark = pytest.mark.spark
OF = {"partner_id": "p", "location_id": "home", "fuel": "elec", "direction": "import"}


def hours(meter: str, kwh: float, count: int = 4, **more: Any) -> list[dict[str, Any]]:
    """Return so many hours of readings from midnight."""
    return [
        {"meter_id": meter, "energy_kwh": kwh, "resolution": "PT1H", **more,
         "starts_at": f"2025-05-01T{h:02}:00Z", "ends_at": f"2025-05-01T{h + 1:02}:00Z"}
        for h in range(count)
    ]  # fmt: skip


def stretch(meter: str, kwh: float | None, **more: Any) -> dict[str, Any]:
    return {"meter_id": meter, "energy_kwh": kwh, "last_digit_kwh": 1.0,
            "starts_at": "2025-05-01T00:00Z", "ends_at": "2025-05-01T04:00Z", **more}  # fmt: skip


def test_sums_that_differ_by_more_than_rounding_are_flagged(table: Callable[..., Any]) -> None:
    cases = {
        "within_a_digit": (4.9, hours("within_a_digit", 1.0)),
        "within_a_percent": (402.0, hours("within_a_percent", 100.0)),
        "lacks": (8.0, hours("lacks", 1.0)),
        "has_more": (1.0, hours("has_more", 1.0)),
        # Three of four hours, or the hours of another direction, say nothing of the whole.
        "with_a_gap": (8.0, hours("with_a_gap", 1.0, 3)),
        "other_way": (8.0, hours("other_way", 1.0, direction="export")),
        # The same told twice is not twice the energy.
        "twice": (4.0, [*hours("twice", 1.0), {**hours("twice", 4.0, 1)[0],
                        "ends_at": "2025-05-01T04:00Z", "resolution": "PT4H"}]),
    }  # fmt: skip
    stretches = [stretch(meter, kwh) for meter, (kwh, _) in cases.items()]
    stretches.append(stretch("reset", None, reason="register_reset"))
    readings = [row for _, rows in cases.values() for row in rows]
    day = {"local_date": "2025-05-01", "local_month": "2025-05"}
    found = register_flags(
        table(REGISTER_ENERGY, stretches, **OF, **day, source="landing"),
        table(METER_READINGS, readings, **OF, **day),
    ).collect()
    assert {r.meter_id: (r.rule, r.severity, r.observed, r.bound) for r in found} == {
        "lacks": ("sum_check", "warning", 4.0, 8.0),
        "has_more": ("sum_check", "warning", 4.0, 1.0),
        "reset": ("register_reset", "warning", None, None),
    }


def test_a_reading_touches_the_stretch_that_holds_it_and_it_needs_all_its_days(
    table: Callable[..., Any],
) -> None:
    month = {"starts_at": "2025-05-01T00:00Z", "ends_at": "2025-06-01T00:00Z"}
    stretches = table(REGISTER_ENERGY, [
        {"meter_id": "m", "local_date": "2025-05-01", **month},
        {"meter_id": "other", "local_date": "2025-05-02", **month},
    ], **OF)  # fmt: skip
    changes = table(METER_READINGS, [
        {"meter_id": "m", "local_date": "2025-05-20"},
        {"meter_id": "other", "local_date": "2025-07-20"},
    ], **OF)  # fmt: skip
    touched = touched_by_meter_readings(changes, stretches)
    assert [r.local_date.isoformat() for r in touched.collect()] == ["2025-05-01"]
    needed = needed_for_meter_readings(touched, stretches).collect()
    assert {r.local_date.day for r in needed if r.local_date.month == 5} == set(range(1, 32))

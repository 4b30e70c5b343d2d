"""A home has the nearest point that tells its weather, and not one that told it once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from silver.contracts import LOCATIONS, WEATHER
from silver.location_weather import location_weather

pytestmark = pytest.mark.spark
FIRST = datetime(2025, 5, 1, tzinfo=UTC)


def test_a_point_with_next_to_nothing_does_not_stand_before_others(
    table: Callable[..., Any],
) -> None:
    days = {55.9: 1, 56.0: 7, 56.1: 400, 57.9: 400, 40.0: 1}
    said = [
        {"latitude": latitude, "observed_at": at, "observed_date": at.date(), "temperature_c": 5.0}
        for latitude, count in days.items()
        for at in (FIRST + timedelta(days=n) for n in range(count))
    ]
    # Wind alone tells no temperature, however often.
    said += [row | {"latitude": 55.91, "temperature_c": None, "wind_speed_m_s": 3.0}
             for row in said if row["latitude"] == 56.1]  # fmt: skip
    homes = {"north": 55.9, "south": 40.1, "nowhere": 0.0}
    found = location_weather(
        table(LOCATIONS, [{"location_id": home, "latitude": at} for home, at in homes.items()],
              partner_id="p", longitude=12.0),
        table(WEATHER, said, longitude=12.0),
    ).collect()  # fmt: skip
    assert {row.location_id: row.latitude for row in found} == {"north": 56.0, "south": 40.0}

"""CO2 is that of the grid, of what is drawn from it, and only where all of it is known."""

from collections.abc import Callable
from typing import Any

import pytest

from gold.energy import in_days, in_steps
from silver.contracts import ENERGY_IN_CONTEXT, LOCATIONS

pytestmark = pytest.mark.spark


def test_only_what_is_drawn_from_the_grid_has_co2_and_only_where_each_part_has(
    table: Callable[..., Any],
) -> None:
    told = [
        *(("whole", hour, "import", "elec", 2.0, 0.25) for hour in range(2)),
        ("lacking", 0, "import", "elec", 2.0, 0.25),
        ("lacking", 1, "import", "elec", 2.0, None),
        *(("whole", 0, way, "elec", 3.0, 0.25) for way in ("export", "production")),
        ("whole", 0, "import", "gas", 3.0, None),
        ("clean", 0, "import", "elec", 3.0, 0.0),
    ]
    rows = [
        {
            "location_id": home, "fuel": fuel, "direction": way, "energy_kwh": kwh,
            "co2_kg_per_kwh": intensity, "is_consumption": way == "import" and fuel == "elec",
            "starts_at": f"2025-05-01T{hour:02}:00:00+00:00",
            "ends_at": f"2025-05-01T{hour + 1:02}:00:00+00:00",
        }
        for home, hour, way, fuel, kwh, intensity in told
    ]  # fmt: skip
    same = {"partner_id": "p", "time_zone": "UTC"}
    energy = table(ENERGY_IN_CONTEXT, rows, **same, resolution="PT1H", local_date="2025-05-01",
                   local_month="2025-05")  # fmt: skip
    homes = [{"location_id": h} for h in ("whole", "lacking", "clean")]
    places = table(LOCATIONS, homes, **same, country_code="GB")
    days = in_days(in_steps(energy, seconds=3600), energy, places)
    found = {(r.location_id, r.fuel, r.direction): r.co2_kg for r in days.collect()}
    assert found == {
        ("whole", "elec", "import"): 1.0,
        ("whole", "elec", "consumption"): 1.0,
        ("whole", "elec", "export"): None,
        ("whole", "elec", "production"): None,
        ("whole", "gas", "import"): None,
        ("lacking", "elec", "import"): None,
        ("lacking", "elec", "consumption"): None,
        ("clean", "elec", "import"): 0.0,
        ("clean", "elec", "consumption"): 0.0,
    }

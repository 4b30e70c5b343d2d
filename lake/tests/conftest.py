"""What tests of the runner share: the registration of a home with one meter."""

from typing import Any

import pytest


@pytest.fixture
def home() -> dict[str, Any]:
    """Return the home ``h`` in Copenhagen, whose meter ``m`` has import."""
    return {
        "location_id": "h",
        "country_code": "DK",
        "time_zone": "Europe/Copenhagen",
        "meters": [{"meter_id": "m", "fuel": "elec", "direction": "import"}],
    }

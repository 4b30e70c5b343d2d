import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from serving.insights.assets import Assets
from serving.tests.tables import KNOWN_AT, put

ASSETS = "/v1/locations/castle/assets"


def assets(api: TestClient, address: str = ASSETS) -> dict[str, Any]:
    response = api.get(address)
    assert response.status_code == 200, response.text
    TypeAdapter(Assets).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def refused(root: Path, *refusals: dict[str, Any], days: int) -> dict[str, Any]:
    """Return why a home of so many days, with these refusals of its parts, has no assets."""
    home = {"partner_id": "northgrid", "location_id": f"of-{days}", "fuel": "elec"}
    put(root, "silver.locations", [home | {"time_zone": "Europe/London"}])
    put(root, "gold.energy_daily", [
        home | {"direction": "consumption", "local_date": date(2025, 10, 20), "local_month":
                "2025-10", "starts_at": KNOWN_AT, "ends_at": KNOWN_AT, "observed_intervals": 24,
                "expected_intervals": 24, "estimated_share": 0.0} for _ in range(days)
    ])  # fmt: skip
    put(root, "models.insight_refusals", [
        home | {"direction": "consumption", "insight": "disaggregation", "description": "Why.",
                "issued_at": at, "issued_date": at.date()} | one
        for one in refusals for at in [KNOWN_AT - timedelta(days=one.pop("days_ago", 0))]
    ])  # fmt: skip
    here = Settings(lake=str(root))
    with TestClient(create_app(here)) as api:
        api.headers["Authorization"] = f"Bearer {token('northgrid', settings=here)}"
        answer = assets(api, f"/v1/locations/of-{days}/assets")
    assert (answer["elements"], answer["issued_at"]) == ([], None)
    found: dict[str, Any] = answer["refusal"]
    return found


def test_the_likeliest_asset_comes_first_with_its_size_and_signs(api: TestClient) -> None:
    car, panels = assets(api)["elements"]
    assert (car["asset"], car["size"], car["unit"]) == ("electric_vehicle", 11.0, "kW")
    assert (car["low"], car["high"], car["probability"]) == (9.25, 12.5, 0.97)
    assert (panels["low"], panels["high"], panels["unit"]) == (None, None, "kWp")
    assert (car["since"], car["evidence"]) == ("2025-10-21", {"events_a_week": 3.5})
    assert (panels["probability"], panels["size"], panels["since"]) == (0.03, None, None)


def test_a_home_without_electricity_and_one_not_looked_at_yet_get_a_refusal(
    tmp_path: Path,
) -> None:
    assert refused(tmp_path, days=0)["code"] == "too_little_history"
    assert refused(tmp_path, days=1)["code"] == "not_issued"


@pytest.mark.parametrize(
    ("code", "details", "told"),
    [
        ("no_weather", {"days_observed": 364, "days_of_weather": 88}, "no_weather"),
        ("too_old", {"last_date": "2013-09-24"}, "too_old"),
        ("no_variation", {"days_observed": 60}, "no_variation"),
        # An asset is told without the kind of house: what else is missing is said.
        ("house_type_unknown", {"days_observed": 12}, "too_little_history"),
        ("house_type_unknown", {"days_observed": 40, "days_of_weather": 0}, "no_weather"),
        (
            "house_type_unknown",
            {"days_observed": 40, "days_of_weather": 40, "is_flat": True},
            "no_variation",
        ),
        # Hours of its days were lost, as a fifth of their quarters was.
        (
            "house_type_unknown",
            {"days_observed": 40, "days_of_weather": 40, "is_flat": False},
            "too_little_history",
        ),
    ],
)
def test_a_refusal_says_what_parts_lack_too(
    tmp_path: Path, code: str, details: dict[str, Any], told: str
) -> None:
    earlier = {"code": "too_little_history", "days_ago": 3}
    answer = refused(tmp_path, {"code": code, "details": json.dumps(details)}, earlier, days=1)
    assert answer["code"] == told
    assert answer["details"] | details == answer["details"]

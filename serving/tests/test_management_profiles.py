"""Profiles: versions by day, typed keys, and how complete they are."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

PATH = "locations/h/profiles"
FIRST: dict[str, Any] = {
    "house_type": "townhouse", "living_area_m2": 120, "persons": 3,
    "heating_type_primary": "district_heating", "electric_cars": 0,
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("with_home")


def test_a_version_holds_until_the_next(registry: TestClient) -> None:
    for day, persons in (("2025-06-01", 4), ("2024-01-01", 3)):
        made = registry.put(f"{PATH}/{day}", json=FIRST | {"persons": persons})
        assert made.status_code == 201, made.text
    found = registry.get(PATH).json()["items"]
    assert [(v["valid_from"], v["valid_to"], v["persons"]) for v in found] == [
        ("2024-01-01", "2025-06-01", 3), ("2025-06-01", None, 4),
    ]  # fmt: skip
    pages = [registry.get(PATH, params={"limit": 1}).json()]
    pages.append(registry.get(PATH, params={"cursor": pages[0]["next_cursor"]}).json())
    assert [p["items"][0]["valid_from"] for p in pages] == ["2024-01-01", "2025-06-01"]
    assert pages[1]["next_cursor"] is None
    whole = registry.put(f"{PATH}/2025-06-01", json={"persons": 4})
    assert (whole.status_code, whole.json()["house_type"]) == (200, None)


def test_a_deleted_version_gives_way_to_the_one_before(
    registry: TestClient, landed: Callable[[], list[dict[str, Any]]]
) -> None:
    for day, persons in (("2024-01-01", 3), ("2025-01-01", 4), ("2026-01-01", 5)):
        registry.put(f"{PATH}/{day}", json={"persons": persons})
    assert registry.delete(f"{PATH}/2025-01-01").status_code == 204
    assert registry.get(f"{PATH}/2025-01-01").status_code == 404
    assert registry.get(f"{PATH}/2024-01-01").json()["valid_to"] == "2026-01-01"
    # What was taken back follows the version that holds there now.
    registry.put(f"{PATH}/2024-01-01", json={"persons": 1})
    registry.app.state.mounted[0].state.publisher.stop()  # type: ignore[attr-defined]
    by_day: dict[str, Any] = {}
    for document in landed():
        if "profile" in document:
            by_day[document["profile"]["valid_from"]] = document["profile"].get("persons")
    assert by_day == {"2024-01-01": 1, "2025-01-01": 1, "2026-01-01": 5}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"house_type": "castle"}, ["house_type"]),
        ({"living_area_m2": 0}, ["living_area_m2"]),
        ({"persons": 2.5}, ["persons"]),
        ({"persons": True}, ["persons"]),
        ({"persons": "2"}, ["persons"]),
        ({"electric_cars": -1}, ["electric_cars"]),
        ({"heating_type_primary": "stove"}, ["heating_type_primary"]),
        ({"profile_type": "farm"}, ["profile_type"]),
        ({"colour": "red"}, ["colour"]),
        ({"electric_car_charging": "home"}, ["electric_car_charging"]),
        ({"heating_type_primary": None, "heating_type_secondary": "radiators"},
         ["heating_type_secondary"]),
        ({"persons": -1, "dryers": 1000, "electric_car_charging": "moon"},
         ["dryers", "electric_car_charging", "persons"]),
    ],
)  # fmt: skip
def test_what_is_no_profile_is_refused(
    registry: TestClient, change: dict[str, Any], fields: list[str]
) -> None:
    response = registry.put(f"{PATH}/2025-01-01", json=FIRST | change)
    assert response.status_code == 422
    assert sorted({e["field"] for e in response.json()["errors"]}) == fields


@pytest.mark.parametrize(
    "day", ["soon", "2025-02-30", "1066-01-01", "20250101", "1", "2025-01-01T00:00:00"]
)
def test_a_version_begins_on_a_day(registry: TestClient, day: str) -> None:
    assert registry.put(f"{PATH}/{day}", json=FIRST).status_code == 422


def test_completion_counts_what_is_asked_in_the_country(registry: TestClient) -> None:
    def completed(**answers: Any) -> int:
        found: int = registry.put(f"{PATH}/2025-01-01", json=answers).json()[
            "completion_percentage"
        ]
        return found

    asked = registry.get("profile-settings", params={"country_code": "SE"}).json()["settings"]
    free = [s["key"] for s in asked if s["asked_after"] is None]
    assert completed() == 0
    assert completed(persons=2) == round(100 / len(free))
    # A car asks where it is charged.
    assert completed(electric_cars=1) == round(100 / (len(free) + 1))
    counts = {s["key"]: 1 for s in asked if s["data_type"] == "integer"}
    all_said = counts | {
        "house_type": "apartment",
        "living_area_m2": 60,
        "electric_cars": 0,
        "heating_type_primary": "other",
        "heating_type_secondary": "other",
    }
    assert completed(**all_said) == 100
    assert completed(profile_type="business", living_area_m2=900) > completed(living_area_m2=900)


def test_what_is_asked_depends_on_the_country(registry: TestClient) -> None:
    def keys(country: str, kind: str = "residential") -> dict[str, Any]:
        params = {"country_code": country, "profile_type": kind}
        found = registry.get("profile-settings", params=params).json()["settings"]
        return {s["key"]: s for s in found}

    sweden, britain = keys("SE"), keys("GB")
    assert "saunas" in sweden.keys() - britain.keys()
    assert "gas_stoves" in britain.keys() - sweden.keys()
    assert "gas_boiler" in britain["heating_type_primary"]["possible_values"]
    assert "gas_boiler" not in sweden["heating_type_primary"]["possible_values"]
    assert sweden["electric_car_charging"]["asked_after"] == "electric_cars"
    assert "persons" not in keys("SE", "business")
    assert registry.get("profile-settings", params={"country_code": "se"}).status_code == 422


def test_a_gas_boiler_is_taken_where_it_is_not_offered(registry: TestClient) -> None:
    made = registry.put(f"{PATH}/2025-01-01", json={"heating_type_primary": "gas_boiler"})
    assert made.status_code == 201

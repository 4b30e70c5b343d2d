"""Locations and their meters: the rules of the contract."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from fastapi.testclient import TestClient

from serving.tests.registered import HOME, METER, TARIFF
from silver.contracts import METER_DAYS


@pytest.fixture(autouse=True)
def _made(with_home: TestClient) -> None:
    assert with_home.put("users/v", json={}).status_code == 201


def refused(registry: TestClient, path: str, body: dict[str, Any]) -> list[str]:
    """Return the fields of a refusal."""
    response = registry.put(path, json=body)
    assert response.status_code == 422, response.text
    return [e["field"] for e in response.json()["errors"]]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"country_code": "UK"}, ["country_code"]),
        ({"country_code": None}, ["country_code"]),
        ({"time_zone": "Stockholm"}, ["time_zone"]),
        ({"time_zone": "Factory"}, ["time_zone"]),
        ({"time_zone": "+01:00"}, ["time_zone"]),
        ({"latitude": 91.0, "longitude": 1.0}, ["latitude"]),
        ({"latitude": 55.0}, ["longitude"]),
        ({"longitude": 13.0}, ["latitude"]),
        ({"city": None}, ["postal_code"]),
        ({"user_id": "nobody"}, ["user_id"]),
        ({"latitude": "55", "longitude": True}, ["latitude", "longitude"]),
        ({"price_zone": "S E"}, ["price_zone"]),
    ],
)
def test_what_is_no_location_is_refused(
    registry: TestClient, change: dict[str, Any], fields: list[str]
) -> None:
    assert refused(registry, "locations/x", HOME | change) == fields
    assert registry.get("locations/x").status_code == 404


def test_a_point_or_a_postal_code_is_enough(registry: TestClient) -> None:
    nowhere = {k: v for k, v in HOME.items() if k != "city"}
    for place in ({"postal_code": "223 50"}, {"latitude": 0, "longitude": 0}):
        assert registry.put("locations/x", json=nowhere | place).status_code in (200, 201)


def test_a_location_never_changes_its_user(registry: TestClient) -> None:
    assert refused(registry, "locations/h", HOME | {"user_id": "v"}) == ["user_id"]
    assert registry.get("locations/h").json()["user_id"] == "u"


def test_locations_are_listed_by_user(registry: TestClient) -> None:
    registry.put("locations/other", json=HOME | {"user_id": "v"})
    for user, expected in (("u", ["h"]), ("v", ["other"]), ("", ["h", "other"]), ("x", [])):
        found = registry.get("locations", params={"user_id": user}).json()["items"]
        assert [item["location_id"] for item in found] == expected


def test_what_hangs_on_a_location_goes_with_it(registry: TestClient) -> None:
    registry.put("meters/m", json=METER)
    registry.put("locations/h/tariffs/t", json=TARIFF)
    registry.put("locations/h/profiles/2025-01-01", json={"persons": 2})
    assert registry.delete("locations/h").status_code == 204
    for path in ("locations/h", "meters/m", "locations/h/tariffs", "locations/h/profiles"):
        assert registry.get(path).status_code == 404
    # The ids are free again, at another user too.
    assert registry.put("locations/h", json=HOME | {"user_id": "v"}).status_code == 201
    assert registry.get("locations/h/profiles").json()["items"] == []
    assert refused(registry, "meters/m", METER | {"fuel": "gas"}) == ["fuel"]
    assert registry.put("meters/m", json=METER).status_code == 201


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"fuel": "gas", "direction": "export"}, ["direction"]),
        ({"fuel": "district_heating", "direction": "export"}, ["direction"]),
        ({"fuel": "district_heating", "direction": "consumption"}, ["direction"]),
        ({"fuel": "oil"}, ["fuel"]),
        ({"direction": "in"}, ["direction"]),
        ({"supply_start": None}, ["supply_start"]),
        ({"supply_start": "01/02/2025"}, ["supply_start"]),
        ({"supply_start": "2025-02-30"}, ["supply_start"]),
        ({"supply_end": "2024-12-31"}, ["supply_end"]),
        ({"location_id": "nowhere"}, ["location_id"]),
        ({"is_sub_meter": "no"}, ["is_sub_meter"]),
        ({"fuse_ampere": 0}, ["fuse_ampere"]),
        ({"kwh_per_m3": 1e9}, ["kwh_per_m3"]),
        ({"register_digits": 5.5}, ["register_digits"]),
        ({"fuel": "gas", "direction": "export", "supply_end": "2024-01-01"},
         ["direction", "supply_end"]),
    ],
)  # fmt: skip
def test_what_is_no_meter_is_refused(
    registry: TestClient, change: dict[str, Any], fields: list[str]
) -> None:
    assert sorted(refused(registry, "meters/x", METER | change)) == sorted(fields)


def test_fuel_direction_and_location_of_a_meter_never_change(registry: TestClient) -> None:
    registry.put("locations/other", json=HOME)
    registry.put("meters/m", json=METER)
    changed = {"fuel": "gas", "direction": "production", "location_id": "other"}
    for name, value in changed.items():
        assert refused(registry, "meters/m", METER | {name: value}) == [name]
    assert sorted(refused(registry, "meters/m", METER | changed)) == sorted(changed)
    later = registry.put("meters/m", json=METER | {"supply_end": "2026-01-01", "name": "Old"})
    assert (later.status_code, later.json()["supply_end"]) == (200, "2026-01-01")


def test_a_location_has_one_main_meter_of_a_fuel_and_direction(registry: TestClient) -> None:
    registry.put("meters/m", json=METER)
    second = registry.put("meters/n", json=METER)
    assert second.status_code == 422
    assert second.json()["errors"][0]["message"].endswith("at that time: m")
    for change in ({"direction": "export"}, {"fuel": "gas"}, {"fuel": "district_heating"}):
        assert registry.put(f"meters/{change}", json=METER | change).status_code == 201
    for n in range(3):
        sub = METER | {"is_sub_meter": True, "name": f"plug {n}"}
        assert registry.put(f"meters/sub{n}", json=sub).status_code == 201
    assert refused(registry, "meters/sub0", METER) == ["is_sub_meter"]
    found = registry.get("meters", params={"location_id": "h", "limit": 500}).json()["items"]
    assert len(found) == 7


def test_a_meter_is_exchanged_on_a_day_of_both(registry: TestClient) -> None:
    registry.put("meters/old", json=METER | {"supply_end": "2025-06-15"})
    assert refused(registry, "meters/new", METER | {"supply_start": "2025-06-14"}) == [
        "is_sub_meter"
    ]
    assert (
        registry.put("meters/new", json=METER | {"supply_start": "2025-06-15"}).status_code == 201
    )
    assert refused(registry, "meters/old", METER) == ["is_sub_meter"]
    before = METER | {"supply_start": "2024-01-01", "supply_end": "2024-12-31"}
    assert registry.put("meters/older", json=before).status_code == 201


def test_a_meter_waits_for_data_until_the_lake_has_some(
    registry: TestClient, tmp_path: Path
) -> None:
    tag = registry.put("meters/m", json=METER).headers["etag"]
    registry.put("meters/n", json=METER | {"fuel": "gas"})
    assert registry.get("meters/m").json()["sync_status"] == "waiting_for_data"
    schema = pa.schema([("partner_id", pa.string()), ("meter_id", pa.string())])
    have = {"partner_id": ["northgrid", "southgrid"], "meter_id": ["m", "n"]}
    write_deltalake(str(tmp_path / "lake" / METER_DAYS.path), pa.table(have, schema))
    found = registry.get("meters/m")
    assert (found.json()["sync_status"], found.headers["etag"]) == ("ok", tag)
    listed = registry.get("meters").json()["items"]
    assert [m["sync_status"] for m in listed] == ["ok", "waiting_for_data"]
    assert registry.put("meters/m", json=METER).json()["sync_status"] == "ok"


def test_a_meter_is_registered_though_the_lake_cannot_be_read(
    registry: TestClient, tmp_path: Path
) -> None:
    log = tmp_path / "lake" / METER_DAYS.path / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{broken")
    made = registry.put("meters/m", json=METER)
    assert (made.status_code, made.json()["sync_status"]) == (201, "waiting_for_data")


def test_a_deleted_meter_comes_again_as_what_it_was(registry: TestClient) -> None:
    """Its readings are still there, and are those of the fuel and direction that it had."""
    registry.put("locations/other", json=HOME)
    registry.put("meters/m", json=METER)
    registry.delete("meters/m?dry_run=true")
    assert registry.delete("meters/m").status_code == 204
    assert registry.get("meters/m").status_code == 404
    assert registry.put("meters/n", json=METER).status_code == 201
    changed = {"fuel": "gas", "direction": "consumption"}
    for name, value in changed.items():
        assert refused(registry, "meters/m", METER | {name: value}) == [name]
    assert sorted(refused(registry, "meters/m", METER | changed)) == sorted(changed)
    assert registry.get("meters/m").status_code == 404
    for _ in range(2):
        again = registry.put("meters/m", json=METER | {"location_id": "other"})
        assert again.status_code == 201
        assert registry.delete("meters/m").status_code == 204
    assert registry.put("meters/o", json=METER | {"fuel": "gas"}).status_code == 201

"""Limits of maximum demand: in order, from a month on, said to the lake with their home."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

LIMIT = {"min": 2, "target": 5.5, "max": 9}
HOME = {"user_id": "u", "country_code": "DK", "city": "Aarhus", "time_zone": "Europe/Copenhagen"}
METER = {"location_id": "h", "fuel": "elec", "direction": "import", "supply_start": "2025-01-01"}
Landed = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _made(registry: TestClient) -> None:
    registry.put("users/u", json={})
    registry.put("locations/h", json=HOME)
    for meter, fuel in (("m", "elec"), ("gas", "gas")):
        assert registry.put(f"meters/{meter}", json=METER | {"fuel": fuel}).status_code == 201


def put(registry: TestClient, month: str = "2025-02-01", meter: str = "m", **change: Any) -> Any:
    return registry.put(f"meters/{meter}/max-demand-limits/{month}", json=LIMIT | change)


def said(documents: list[dict[str, Any]]) -> list[list[tuple[Any, ...]] | None]:
    """Return what each document says of limits."""
    return [
        None if listed is None
        else [(one["meter_id"], one["valid_from"], one["target"], one.get("is_deleted"))
              for one in listed]
        for listed in (document.get("max_demand_limits") for document in documents)
    ]  # fmt: skip


def test_a_limit_is_made_replaced_and_valid_to_the_next(registry: TestClient) -> None:
    made = put(registry)
    assert (made.status_code, made.json()["unit"], made.json()["valid_to"]) == (201, "kW", None)
    assert put(registry, target=6).status_code == 200
    assert put(registry, "2025-06-01", unit="kVA").status_code == 201
    first, second = registry.get("meters/m/max-demand-limits").json()["items"]
    assert (first["target"], first["valid_to"]) == (6.0, "2025-06-01")
    assert (second["unit"], second["valid_to"]) == ("kVA", None)
    assert registry.get("meters/m/max-demand-limits/2025-02-01").json() == first
    page = registry.get("meters/m/max-demand-limits", params={"limit": 1}).json()
    assert page["items"] == [first]
    rest = registry.get("meters/m/max-demand-limits", params={"cursor": page["next_cursor"]}).json()
    assert rest == {"items": [second], "next_cursor": None}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"target": 2}, ["target"]),
        ({"target": 9}, ["max"]),
        ({"target": 1, "max": 1}, ["target", "max"]),
        ({"min": 10}, ["target"]),
        ({"min": -1}, ["min"]),
        ({"min": "2"}, ["min"]),
        ({"max": True}, ["max"]),
        ({"max": 1e9}, ["max"]),
        ({"target": None}, ["target"]),
        ({"unit": "A"}, ["unit"]),
        ({"valid_from": "2025-01-01"}, ["valid_from"]),
    ],
)
def test_a_limit_that_breaks_a_rule_names_the_field(
    registry: TestClient, change: dict[str, Any], fields: list[str]
) -> None:
    response = put(registry, **change)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields
    assert registry.get("meters/m/max-demand-limits").json()["items"] == []


@pytest.mark.parametrize("month", ["2025-02-02", "2025-02", "February", "2025-13-01"])
def test_a_limit_begins_on_the_first_of_a_month(registry: TestClient, month: str) -> None:
    assert put(registry, month).status_code == 422
    assert registry.get(f"meters/m/max-demand-limits/{month}").status_code == 422


def test_apparent_power_is_of_electricity_and_a_limit_of_a_meter_that_is_registered(
    registry: TestClient,
) -> None:
    assert put(registry, meter="gas").status_code == 201
    (error,) = put(registry, meter="gas", unit="kVA").json()["errors"]
    assert error["field"] == "unit"
    assert put(registry, meter="unknown").status_code == 404
    assert registry.get("meters/unknown/max-demand-limits").status_code == 404


def test_a_dry_run_changes_nothing_and_a_key_answers_once(registry: TestClient) -> None:
    path = "meters/m/max-demand-limits/2025-02-01"
    assert registry.put(path, json=LIMIT, params={"dry_run": "true"}).status_code == 201
    assert registry.get(path).status_code == 404
    key = {"Idempotency-Key": "k"}
    first = registry.put(path, json=LIMIT, headers=key)
    assert registry.delete(path).status_code == 204
    again = registry.put(path, json=LIMIT, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert registry.get(path).status_code == 404


def test_limits_are_said_with_their_home_and_taken_back_with_their_meter(
    registry: TestClient, landed: Landed
) -> None:
    put(registry)
    put(registry, "2025-06-01", target=6)
    registry.delete("meters/m/max-demand-limits/2025-02-01")
    registry.delete("meters/m")
    put(registry, meter="gas")
    assert registry.delete("locations/h").status_code == 204
    registry.app.state.mounted[0].state.publisher.stop()  # type: ignore[attr-defined]
    *_, one, two, gone, without, gas, none = said(landed())
    assert one == [("m", "2025-02-01", 5.5, None)]
    assert two == [*one, ("m", "2025-06-01", 6.0, None)]
    assert gone == [("m", "2025-06-01", 6.0, None), ("m", "2025-02-01", 5.5, True)]
    assert without == [("m", "2025-06-01", 6.0, True)]
    assert gas == [("gas", "2025-02-01", 5.5, None)]
    assert none == [("gas", "2025-02-01", 5.5, True)]

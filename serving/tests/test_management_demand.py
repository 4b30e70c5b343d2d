"""The maximum demand of months: said, corrected, taken back, and what cannot be one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

HOME = {"user_id": "u", "country_code": "DK", "city": "Aarhus", "time_zone": "Europe/Copenhagen"}
METER = {"location_id": "h", "fuel": "elec", "direction": "import", "supply_start": "2025-01-15",
         "supply_end": "2025-06-01"}  # fmt: skip
NOW = datetime(2025, 5, 31, 20, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _made(registry: TestClient) -> None:
    registry.app.state.mounted[0].state.clock = lambda: NOW  # type: ignore[attr-defined]
    registry.put("users/u", json={})
    registry.put("locations/h", json=HOME)
    for meter, fuel in (("m", "elec"), ("gas", "gas")):
        assert registry.put(f"meters/{meter}", json=METER | {"fuel": fuel}).status_code == 201


def put(registry: TestClient, at: str = "2025-02-01", /, meter: str = "m", **change: Any) -> Any:
    return registry.put(f"meters/{meter}/max-demand/{at}", json={"demand": 6.5} | change)


def told(registry: TestClient, lake: Path) -> list[dict[str, Any]]:
    """Return what was said to the lake, in order."""
    registry.app.state.mounted[0].state.publisher.stop()  # type: ignore[attr-defined]
    files = sorted((lake / "landing/demand").glob("*/*/*.ndjson"))
    found = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return sorted(found, key=lambda line: str(line["known_at"]))


def test_a_month_is_said_corrected_and_taken_back(registry: TestClient, tmp_path: Path) -> None:
    made = put(registry)
    assert made.status_code == 201
    assert (made.json()["unit"], made.json()["quality"]) == ("kW", "measured")
    assert put(registry).status_code == 200
    assert put(registry, demand=7, quality="estimated").json()["demand"] == 7.0
    assert put(registry, "2025-01-01", unit="kVA").status_code == 201
    months = [one["month"] for one in registry.get("meters/m/max-demand").json()["items"]]
    assert months == ["2025-01-01", "2025-02-01"]
    assert registry.delete("meters/m/max-demand/2025-02-01").status_code == 204
    assert registry.get("meters/m/max-demand/2025-02-01").status_code == 404
    lines = [
        {k: v for k, v in line.items() if k not in ("meter_id", "known_at")}
        for line in told(registry, tmp_path / "lake")
    ]
    of_february = [line for line in lines if line["month"] == "2025-02-01"]
    assert of_february == [
        {"month": "2025-02-01", "demand": 6.5, "unit": "kW", "quality": "measured"},
        # Said again, as a file may have said another since.
        {"month": "2025-02-01", "demand": 6.5, "unit": "kW", "quality": "measured"},
        {"month": "2025-02-01", "demand": 7.0, "unit": "kW", "quality": "estimated"},
        {"month": "2025-02-01", "is_deleted": True},
    ]
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("month", "change", "fields"),
    [
        ("2025-02-02", {}, ["month"]),
        ("February", {}, ["month"]),
        ("2024-12-01", {}, ["month"]),
        ("2025-07-01", {}, ["month"]),
        ("2025-02-01", {"demand": -1}, ["demand"]),
        ("2025-02-01", {"demand": "6"}, ["demand"]),
        ("2025-02-01", {"demand": None}, ["demand"]),
        ("2025-02-01", {"demand": 1e9}, ["demand"]),
        ("2025-02-01", {"unit": "W"}, ["unit"]),
        ("2025-02-01", {"quality": "missing"}, ["quality"]),
        ("2025-02-01", {"month": "2025-02-01"}, ["month"]),
    ],
)
def test_what_cannot_be_a_maximum_names_its_field(
    registry: TestClient, month: str, change: dict[str, Any], fields: list[str]
) -> None:
    response = put(registry, month, **change)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields
    assert registry.get("meters/m/max-demand").json()["items"] == []


def test_months_are_listed_a_page_at_a_time(registry: TestClient) -> None:
    for month in ("2025-02-01", "2025-04-01", "2025-03-01"):
        assert put(registry, month).status_code == 201
    first = registry.get("meters/m/max-demand", params={"limit": 2}).json()
    rest = registry.get("meters/m/max-demand", params={"cursor": first["next_cursor"]}).json()
    assert [one["month"] for one in first["items"]] == ["2025-02-01", "2025-03-01"]
    assert [one["month"] for one in rest["items"]] == ["2025-04-01"]
    assert rest["next_cursor"] is None


def test_a_month_begins_on_the_clock_of_the_home(registry: TestClient) -> None:
    # An hour and a half ahead of June in UTC it is within the hour that clocks may differ.
    assert put(registry, "2025-06-01").status_code == 422
    later = NOW.replace(hour=21, minute=30)
    registry.app.state.mounted[0].state.clock = lambda: later  # type: ignore[attr-defined]
    assert put(registry, "2025-06-01").status_code == 201


def test_apparent_power_is_of_electricity_and_the_meter_is_registered(registry: TestClient) -> None:
    assert put(registry, meter="gas").status_code == 201
    (error,) = put(registry, meter="gas", unit="kVA").json()["errors"]
    assert error["field"] == "unit"
    assert put(registry, meter="unknown").status_code == 404
    assert registry.get("meters/unknown/max-demand").status_code == 404


def test_a_meter_that_is_deleted_takes_its_months_along(
    registry: TestClient, tmp_path: Path
) -> None:
    put(registry)
    assert registry.delete("meters/m").status_code == 204
    registry.put("meters/m", json=METER)
    assert registry.get("meters/m/max-demand").json()["items"] == []
    assert registry.get("meters/m/max-demand/2025-02-01").status_code == 404
    assert [line.get("is_deleted") for line in told(registry, tmp_path / "lake")] == [None, True]


def test_what_is_said_after_it_was_taken_back_is_later_on_any_clock(
    registry: TestClient, tmp_path: Path
) -> None:
    put(registry)
    assert registry.delete("meters/m/max-demand/2025-02-01").status_code == 204
    earlier = NOW - timedelta(milliseconds=50)
    registry.app.state.mounted[0].state.clock = lambda: earlier  # type: ignore[attr-defined]
    made = put(registry, demand=2)
    assert (made.status_code, made.json()["demand"]) == (201, 2.0)
    found = told(registry, tmp_path / "lake")
    assert [(line.get("demand"), line.get("is_deleted")) for line in found] == [
        (6.5, None), (None, True), (2.0, None)]  # fmt: skip
    assert len({line["known_at"] for line in found}) == 3

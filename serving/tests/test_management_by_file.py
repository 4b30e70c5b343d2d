"""Homes that came by file: the rules of the contract hold for them as for those of the API."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from fastapi.testclient import TestClient

from lake.contract import Table
from silver.contracts import LOCATIONS, METERS

HOME: dict[str, Any] = {
    "user_id": "u", "country_code": "DK", "city": "Ry", "time_zone": "Europe/Copenhagen",
}  # fmt: skip
METER: dict[str, Any] = {
    "location_id": "h", "fuel": "elec", "direction": "import", "supply_start": "2025-01-01",
}  # fmt: skip
_TYPES = {
    "string": pa.string(), "double": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"), "bigint": pa.int64(), "int": pa.int32(),
}  # fmt: skip
BY_FILE = "registrations/2025-05-01/northgrid/0123456789abcdef-registration.ndjson"
BY_API = "registrations/2025-05-01/northgrid/0123456789abcdef-management.ndjson"
Landed = Callable[[], list[dict[str, Any]]]


def put(lake: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    same = {"partner_id": "northgrid", "source_file": BY_FILE, "source_line": 1,
            "known_at": datetime(2025, 5, 1, tzinfo=UTC),
            "received_at": datetime(2025, 5, 1, tzinfo=UTC)}  # fmt: skip
    schema = pa.schema([pa.field(c.name, _TYPES[c.type], c.nullable) for c in table.columns])
    found = [{n: {**same, **row}.get(n) for n in table.names} for row in rows]
    write_deltalake(str(lake / table.path), pa.Table.from_pylist(found, schema), mode="append")


@pytest.fixture
def known(registry: TestClient, tmp_path: Path) -> TestClient:
    """Northgrid's client; the homes `h` and `o` with the meter `m` of `h` came by file."""
    lake = tmp_path / "lake"
    place = {"country_code": "DK", "time_zone": "Europe/Copenhagen", "latitude": 56.1,
             "longitude": 9.7, "price_zone": "DK1"}  # fmt: skip
    put(lake, LOCATIONS, [{"location_id": i, **place} for i in ("h", "o")])
    meter = {"location_id": "h", "fuel": "elec", "direction": "import", "is_sub_meter": False,
             "supply_start": date(2024, 1, 1)}  # fmt: skip
    theirs = {"partner_id": "southgrid", "meter_id": "theirs", "fuel": "gas"}
    gone = {"meter_id": "gone", "deleted_at": datetime(2025, 5, 1, tzinfo=UTC)}
    by_api = {"meter_id": "ours", "source_file": BY_API}
    put(lake, METERS, [meter | more for more in ({"meter_id": "m"}, theirs, gone, by_api)])
    assert registry.put("users/u", json={}).status_code == 201
    return registry


def refused(client: TestClient, path: str, body: dict[str, Any]) -> dict[str, str]:
    """Return the fields of a refusal and what is said of each."""
    response = client.put(path, json=body)
    assert response.status_code == 422, response.text
    return {e["field"]: e["message"] for e in response.json()["errors"]}


def test_a_home_keeps_its_point_and_price_zone_where_they_are_not_said(
    known: TestClient, landed: Landed
) -> None:
    place = {"latitude": 56.1, "longitude": 9.7, "price_zone": "DK1"}
    made = known.put("locations/h", json=HOME)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in place} == place
    said = {"latitude": 56.2, "longitude": 9.8, "price_zone": None}
    other = known.put("locations/o", json=HOME | said)
    assert {name: other.json()[name] for name in place} == said
    assert known.put("locations/new", json=HOME).json()["latitude"] is None
    # From then on the database tells: a PUT is the whole again.
    assert known.put("locations/h", json=HOME).json()["price_zone"] is None
    known.app.state.mounted[0].state.publisher.stop()  # type: ignore[attr-defined]
    first = next(one for one in landed() if one["location_id"] == "h")
    assert {name: first[name] for name in place} == place


def test_fuel_direction_and_location_of_a_meter_never_change(known: TestClient) -> None:
    for home in ("h", "o"):
        known.put(f"locations/{home}", json=HOME)
    told = {"fuel": "gas", "direction": "production", "location_id": "o"}
    assert refused(known, "meters/m", METER | told) == {
        "fuel": "never changes: it is elec", "direction": "never changes: it is import",
        "location_id": "never changes: it is h",
    }  # fmt: skip
    assert known.put("meters/m", json=METER | {"name": "Main"}).status_code == 201
    for free in ("theirs", "gone", "ours"):
        answer = known.put(f"meters/{free}", json=METER | {"fuel": "gas", "is_sub_meter": True})
        assert answer.status_code == 201


def test_a_location_has_one_main_meter_of_a_fuel_and_direction(known: TestClient) -> None:
    known.put("locations/h", json=HOME)
    assert refused(known, "meters/n", METER) == {
        "is_sub_meter": "the location has a main meter of elec import at that time: m"
    }
    assert known.put("meters/n", json=METER | {"is_sub_meter": True}).status_code == 201
    # Once it is registered here, what is registered counts: an exchange.
    assert known.put("meters/m", json=METER | {"supply_end": "2025-06-15"}).status_code == 201
    after = METER | {"supply_start": "2025-06-15"}
    assert known.put("meters/new", json=after).status_code == 201

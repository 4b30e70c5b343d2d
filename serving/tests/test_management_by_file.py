"""Homes that come by file: the rules of the contract hold for them as for those of the API."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import write_deltalake
from fastapi.testclient import TestClient

from lake.arrow_rows import arrow_rows
from lake.contract import Table
from lake.ingestion.landing import land
from lake.settings import Settings
from serving.data_management.bulk.intake import take
from serving.tests.registered import HOME, METER
from silver.contracts import LOCATIONS, METERS

BY_FILE = "registrations/2025-05-01/northgrid/0123456789abcdef-registration.ndjson"
BY_API = "registrations/2025-05-01/northgrid/0123456789abcdef-management.ndjson"
Landed = Callable[[], list[dict[str, Any]]]


def put(lake: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    same = {"partner_id": "northgrid", "source_file": BY_FILE, "source_line": 1,
            "known_at": datetime(2025, 5, 1, tzinfo=UTC),
            "received_at": datetime(2025, 5, 1, tzinfo=UTC)}  # fmt: skip
    found = arrow_rows(table, [{**same, **row} for row in rows])
    write_deltalake(str(lake / table.path), found, mode="append")


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


@pytest.mark.parametrize("name", ["management.ndjson", "management", "management.ndjson.gz"])
def test_a_home_that_came_by_a_file_of_any_name_came_by_file(
    registry: TestClient, tmp_path: Path, name: str
) -> None:
    (file := tmp_path / name).write_text('{"location_id": "h"}\n')
    lake = tmp_path / "lake"
    landed = land(
        file, kind="registrations", partner="northgrid", settings=Settings(lake=str(lake)),
        clock=datetime(2025, 5, 1, tzinfo=UTC),
    )  # fmt: skip
    source_file = str(landed.path.relative_to(lake / "landing"))
    meter = {"meter_id": "m", "location_id": "o", "fuel": "elec", "direction": "import",
             "is_sub_meter": False, "source_file": source_file}  # fmt: skip
    put(lake, METERS, [meter])
    assert registry.put("users/u", json={}).status_code == 201
    assert registry.put("locations/h", json=HOME).status_code == 201
    assert refused(registry, "meters/m", METER) == {"location_id": "never changes: it is o"}


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


DOCUMENT: dict[str, Any] = {
    "location_id": "h", "time_zone": "Europe/Copenhagen", "latitude": "55.7", "longitude": 12,
    "profile": {"valid_from": "2025-01-01", "house_type": "apartment", "persons": "2", "pv_kw": 4},
    "meters": [{"meter_id": "m", "fuel": "elec", "direction": "import", "fuse_ampere": "25"}],
    "tariffs": [
        {"tariff_id": "t", "fuel": "elec", "currency": "DKK", "valid_from": "2025-01-01",
         "vat": 0.25, "elements": [{"kind": "spot"}]},
        {"tariff_id": "u", "fuel": "elec", "currency": "DKK", "valid_from": "2025-06-01",
         "valid_to": "2025-06-01", "vat": 0.25, "elements": [{"kind": "spot"}]},
    ],
}  # fmt: skip
_METER, _TARIFF = DOCUMENT["meters"][0], DOCUMENT["tariffs"][0]
RUBBISH: dict[str, Any] = {
    "location_id": "q", "time_zone": "Mars/X", "meters": [{"fuel": "oil"}],
    "tariffs": [{"tariff_id": "x", "elements": [{"kind": "zz"}]}],
}  # fmt: skip


def reasons(client: TestClient, waited_for: Callable[..., Any], *documents: Any) -> list[list[str]]:
    """Return why a job refuses each of its rows; no reason, it is taken."""
    text = "".join(json.dumps(document) + "\n" for document in documents)
    job = client.post("jobs?kind=registrations&dry_run=true", content=text.encode()).json()
    path = f"jobs/{job['job_id']}"
    waited_for(lambda: client.get(path).json()["ended_at"])
    found: list[list[str]] = [[] for _ in documents]
    for one in client.get(f"{path}/errors").json()["items"]:
        found[one["line"] - 1] = [":".join(r.split(":")[:2]) for r in one["reasons"]]
    return found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, []),
        ({"is_deleted": True, "schema_version": "2", "unknown": 1}, []),
        (RUBBISH, [
            "unknown_time_zone: time_zone", "meter_id_missing: meters.0.meter_id",
            "unknown_fuel: meters.0.fuel", "unknown_direction: meters.0.direction",
            "unknown_fuel: tariffs.0.fuel", "unknown_currency: tariffs.0.currency",
            "valid_from_unreadable: tariffs.0.valid_from", "vat_is_no_share: tariffs.0.vat",
            "unknown_element: tariffs.0.elements.0"]),
        ({"latitude": 99, "longitude": "east", "country_code": "XX"},
         ["invalid: country_code", "bad_latitude: latitude", "bad_longitude: longitude"]),
        ({"longitude": None}, ["bad_longitude: longitude"]),
        ({"partner_id": "southgrid"}, ["not_your_partner: partner_id"]),
        ({"profile": {"valid_from": "spring", "house_type": "castle", "persons": -1}},
         ["invalid: profile.valid_from", "invalid: profile.house_type",
          "invalid: profile.persons"]),
        ({"profile": []}, ["retyped: profile"]),
        ({"meters": {}, "tariffs": "none"}, ["retyped: meters", "tariffs_are_no_list: tariffs"]),
        ({"meters": [_METER | {"fuel": "gas", "direction": "export", "fuse_ampere": 0,
                               "supply_start": "2025-02-01", "supply_end": "2025-01-01"}, 7]},
         ["invalid: meters.0.fuse_ampere", "gas_cannot_be_exported: meters.0.direction",
          "supply_ends_before_it_starts: meters.0.supply_end", "meter_id_missing: meters.1"]),
        ({"meters": [_METER, _METER | {"meter_id": "n"}]},
         ["second_main_meter: meters.1.is_sub_meter"]),
        ({"max_demand_limits": [
            {"meter_id": "m", "valid_from": "2025-01-01", "min": "1", "target": 2, "max": 3,
             "unit": "W"}, {"meter_id": "m", "valid_from": "2025-02-01", "is_deleted": True}]}, []),
        ({"max_demand_limits": [{"valid_from": "2025-01-02", "min": -1, "target": 2, "unit": "A"},
                                {"meter_id": "m", "min": 1, "target": 3, "max": 2}]},
         ["meter_id_missing: max_demand_limits.0.meter_id",
          "not_the_first_of_a_month: max_demand_limits.0.valid_from",
          "negative: max_demand_limits.0.min", "not_a_number: max_demand_limits.0.max",
          "unknown_unit: max_demand_limits.0.unit",
          "valid_from_unreadable: max_demand_limits.1.valid_from",
          "not_min_target_max: max_demand_limits.1.max"]),
        ({"max_demand_limits": [
            {"meter_id": "m", "valid_from": day, "min": 1, "target": 2, "max": 3}
            for day in (" 2025-01-01", "20250201")]},
         ["valid_from_unreadable: max_demand_limits.1.valid_from"]),
        ({"meters": [_METER | {"fuel": "gas"}], "max_demand_limits": [
            {"meter_id": "m", "valid_from": "2025-01-01", "min": 1, "target": 2, "max": 3,
             "unit": "kva"}]},
         ["kva_is_for_electricity: max_demand_limits.0.unit"]),
        ({"max_demand_limits": "none"}, ["max_demand_limits_are_no_list: max_demand_limits"]),
        ({"tariffs": [_TARIFF, _TARIFF | {"tariff_id": "u"}]},
         ["overlaps_another: tariffs.1.valid_from"]),
        ({"tariffs": [_TARIFF | {"valid_to": "2024-01-01", "elements": []},
                      _TARIFF | {"fuel": "gas", "direction": "export",
                                 "elements": [{"kind": "fixed"}]}]},
         ["no_elements: tariffs.0.elements", "ends_before_it_starts: tariffs.0.valid_to",
          "element_incomplete: tariffs.1.elements.0.fixed.price_per_kwh",
          "only_electricity_is_exported: tariffs.1.direction"]),
    ],
)  # fmt: skip
def test_documents_of_a_job_are_judged_by_the_rules_of_a_put_in_the_words_of_silver(
    registry: TestClient, waited_for: Callable[..., Any], change: dict[str, Any], why: list[str]
) -> None:
    document = change if change is RUBBISH else DOCUMENT | change
    assert reasons(registry, waited_for, document) == [why]


def test_a_job_changes_no_meter_that_is_known_by_file_by_put_or_by_its_own_rows(
    known: TestClient, waited_for: Callable[..., Any]
) -> None:
    known.put("users/v", json={})
    known.put("locations/p", json=HOME)
    known.put("meters/put", json=METER | {"location_id": "p"})

    def home(location_id: str, *meters: dict[str, Any], **more: Any) -> dict[str, Any]:
        return DOCUMENT | {"location_id": location_id, "meters": list(meters), **more}

    of_file, of_put = _METER, _METER | {"meter_id": "put"}
    new = _METER | {"meter_id": "new"}
    assert reasons(
        known, waited_for,
        home("h", of_file | {"fuel": "gas"}),
        home("o", of_file),
        home("p", of_put | {"direction": "production"}),
        home("o", of_put),
        home("p", of_put, user_id="v"),
        home("p", new), home("h", new),
        home("h", of_file, user_id="u"), home("p", of_put, user_id="u"),
        home("x", new), home("y", new),
        home("x", new | {"is_deleted": True}), home("y", new | {"fuel": "gas"}),
    ) == [
        ["never_changes: meters.0.fuel"], ["never_changes: meters.0.location_id"],
        ["never_changes: meters.0.direction"], ["never_changes: meters.0.location_id"],
        ["never_changes: user_id"],
        ["second_main_meter: meters.0.is_sub_meter"], ["second_main_meter: meters.0.is_sub_meter"],
        [], [],
        [], ["never_changes: meters.0.location_id"],
        [], [],
    ]  # fmt: skip


@pytest.mark.parametrize("is_zip", [False, True])
def test_a_document_that_is_refused_does_not_land(
    known: TestClient, tmp_path: Path, waited_for: Callable[..., Any], is_zip: bool
) -> None:
    changed = DOCUMENT | {"meters": [_METER | {"fuel": "gas"}]}
    said = [json.dumps(one) for one in (changed, DOCUMENT, DOCUMENT | {"location_id": "o"})]
    whole = "\ufeff" + "\n".join(said)
    content = whole.encode()
    if is_zip:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.ndjson", "\n".join(said[:2]))
            archive.writestr("b.ndjson", said[2])
        content = packed.getvalue()
    job = known.post("jobs?kind=registrations&name=homes.ndjson", content=content).json()
    path = f"jobs/{job['job_id']}"
    waited_for(lambda: known.get(path).json()["ended_at"])
    ended = known.get(path).json()
    # The meter `m` is that of `h`, and `o` says it too.
    assert (ended["state"], ended["rows_done"], ended["rows_refused"]) == ("completed", 3, 2)
    lake = tmp_path / "lake"
    (file,) = (lake / "landing/registrations").glob(f"*/northgrid/*-{job['job_id']}-*")
    assert file.read_text("utf-8") == said[1] + "\n"
    # Killed before the job had ended, it finds what it landed, whatever it would refuse now.
    (sent := tmp_path / "sent.ndjson").write_text(whole, "utf-8")
    assert take(sent, kind="registrations", form="canonical", partner="northgrid",
                settings=Settings(lake=str(lake)), clock=datetime(2025, 5, 1, tzinfo=UTC),
                job_id=job["job_id"])  # fmt: skip
    assert len([*(lake / "landing/registrations").glob(f"*/*/*-{job['job_id']}-*")]) == 1

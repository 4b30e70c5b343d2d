"""Every operation of the Data Management API on what another partner said: it is not there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lake.settings import Settings
from serving import openapi
from serving.commands import token
from serving.tests.registered import CONSENT, HOME, METER, TARIFF

DOCUMENT = json.loads(openapi.MANAGEMENT.read_text(encoding="utf-8"))
OPERATIONS = [
    (method, path) for path, methods in DOCUMENT["paths"].items() for method in methods
]  # fmt: skip
# What these name may be a thing of another's own too: they make one, and touch no other.
MAKE_THEIR_OWN = [
    ("put", "/v1/users/{user_id}"),
    ("put", "/v1/locations/{location_id}"),
    ("put", "/v1/meters/{meter_id}"),
]
OF_ONE = [
    (method, path)
    for method, path in OPERATIONS
    if "{" in path and (method, path) not in MAKE_THEIR_OWN
]
LISTS = [path for method, path in OPERATIONS if method == "get" and "{" not in path]
OF_ALL = ["/v1/profile-settings"]
# These are told from tables: test_management_ingestion.py has them of two partners.
OF_THE_LAKE = ["/v1/ingestion/rejected", "/v1/ingestion/quarantine"]
SAID: dict[str, Any] = {
    "users/u": {"name": "Kim"},
    "locations/h": HOME,
    "meters/m": METER,
    "meters/m/max-demand/2025-01-01": {"demand": 6.5},
    "meters/m/max-demand-limits/2025-01-01": {"min": 2, "target": 5, "max": 9},
    "locations/h/profiles/2025-01-01": {"persons": 3},
    "locations/h/tariffs/t": TARIFF,
    "users/u/consents/c": CONSENT,
}  # fmt: skip
DOCUMENTED = {
    (method, path): {int(s) for s in DOCUMENT["paths"][path][method]["responses"] if s < "300"}
    for method, path in OPERATIONS
}
# What must go first, so that the owner can delete it.
IN_THE_WAY = {"users/u": ["locations/h"]}


@pytest.fixture
def ids(registry: TestClient) -> dict[str, str]:
    """Say one of each thing as northgrid, with nothing at work on them; return their ids."""
    state = registry.app.state.mounted[0].state  # type: ignore[attr-defined]
    state.jobs.stop()
    state.webhooks.stop()
    for path, document in SAID.items():
        assert registry.put(path, json=document).status_code == 201
    csv = b"meter_id,starts_at,resolution,value,unit\nm,2025-10-26T00:00:00Z,PT1H,0.1,kWh\n"
    job = registry.post("jobs", params={"kind": "readings"}, content=csv).json()
    hook = registry.post("webhooks", json={"url": "https://receiver.example/"}).json()
    sent = registry.post(f"webhooks/{hook['webhook_id']}/test").json()
    return {"user_id": "u", "location_id": "h", "meter_id": "m", "valid_from": "2025-01-01",
            "month": "2025-01-01", "tariff_id": "t", "consent_id": "c", "job_id": job["job_id"],
            "webhook_id": hook["webhook_id"], "delivery_id": sent["delivery_id"]}  # fmt: skip


@pytest.fixture
def southgrid(registry: TestClient, tmp_path: Path) -> Iterator[TestClient]:
    """Southgrid's client of the same server."""
    given = token("southgrid", "data.read data.write", settings=Settings(lake=f"{tmp_path}/lake"))
    client = TestClient(registry.app, base_url=str(registry.base_url))
    client.headers["Authorization"] = f"Bearer {given}"
    yield client
    client.close()


def at(path: str, ids: dict[str, str]) -> str:
    return path.removeprefix("/v1/").format(**ids)


def sent(method: str, path: str) -> dict[str, Any]:
    """Return what an operation sends."""
    said = {"put": SAID.get(path), "patch": {"is_paused": True}}.get(method)
    return {} if said is None else {"json": said}


def told(client: TestClient, ids: dict[str, str]) -> dict[str, Any]:
    """Return what a partner is told of each of its things."""
    return {
        path: client.get(at(path, ids)).json()
        for method, path in OPERATIONS
        if method == "get" and path not in OF_ALL
    }


@pytest.mark.parametrize(("method", "path"), OF_ONE)
def test_what_a_partner_has_is_404_for_another(
    registry: TestClient, southgrid: TestClient, ids: dict[str, str], method: str, path: str
) -> None:
    before, address = told(registry, ids), at(path, ids)
    refused = southgrid.request(method, address, **sent(method, address))
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/unknown-resource")
    assert told(registry, ids) == before
    for other in IN_THE_WAY.get(address, []) if method == "delete" else []:
        assert registry.delete(other).status_code == 204
    own = registry.request(method, address, **sent(method, address))
    assert own.status_code in DOCUMENTED[method, path], own.text


@pytest.mark.parametrize("path", LISTS)
def test_a_list_has_ones_own_things_alone(
    registry: TestClient, southgrid: TestClient, ids: dict[str, str], path: str
) -> None:
    address = at(path, ids)
    if path in OF_ALL:
        assert southgrid.get(address).json() == registry.get(address).json()
    else:
        assert southgrid.get(address).json()["items"] == []
        assert registry.get(address).json()["items"] or path in OF_THE_LAKE


def test_an_id_of_another_partner_is_still_free(
    registry: TestClient, southgrid: TestClient, ids: dict[str, str]
) -> None:
    before = told(registry, ids)
    # Theirs hang on nothing of ours.
    for address in ("locations/h", "meters/m"):
        assert southgrid.put(address, json=SAID[address]).status_code == 422
    for address in ("users/u", "locations/h", "meters/m"):
        assert southgrid.put(address, json=SAID[address]).status_code == 201
    assert told(registry, ids) == before
    for address in ("locations/h", "users/u"):
        assert southgrid.delete(address).status_code == 204
    assert told(registry, ids) == before

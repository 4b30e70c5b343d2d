"""Every operation of the Insights API: no token, a token of another scope, another partner's."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from lake.settings import Settings
from serving import openapi
from serving.access import EVERYBODY
from serving.app import create_app
from serving.commands import token
from serving.tests.tables import put

DOCUMENT = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))
OPERATIONS = [
    (method, path) for path, methods in DOCUMENT["paths"].items() for method in methods
]  # fmt: skip
OF_HOMES = [(method, path) for method, path in OPERATIONS if "{location_id}" in path]
OF_PARTNERS = [
    (method, path) for method, path in OPERATIONS if path.startswith("/v1/portfolio/")
]  # fmt: skip
OF_ALL = {
    ("get", "/v1/locations"),
    ("get", "/v1/quality/checks"),
    ("get", "/v1/prices/{price_zone}"),
}
DAYS = {"from": "2025-10-26", "to": "2025-10-27"}
MONTHS = {"from": "2025-10", "to": "2025-11"}
TAKES_MONTHS = {"/v1/locations/{location_id}/similar-homes", "/v1/portfolio/trends"}


def asked(path: str, **more: str) -> dict[str, str]:
    """Return what an operation of the document must be asked with."""
    parameters = DOCUMENT["paths"][path]["get"].get("parameters", [])
    span = (MONTHS if path in TAKES_MONTHS else DAYS) | {"since": "2025-10-25"}
    needed = {p["name"] for p in parameters if p["in"] == "query" and p.get("required")}
    return {name: span[name] for name in needed} | more


def at(path: str, location_id: str = "secret") -> str:
    return path.format(location_id=location_id, price_zone="DK2")


@pytest.fixture
def southgrid(settings: Settings) -> dict[str, str]:
    """The headers of the partner whose home `secret` is."""
    return {"Authorization": f"Bearer {token('southgrid', settings=settings)}"}


def test_every_operation_is_of_a_home_of_a_partner_or_of_all() -> None:
    assert {*OF_HOMES, *OF_PARTNERS} | OF_ALL == set(OPERATIONS)
    assert not {*OF_HOMES, *OF_PARTNERS} & OF_ALL


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_anonymous_gets_401(api: TestClient, method: str, path: str) -> None:
    del api.headers["Authorization"]
    for query in (asked(path), {}, asked(path, unknown="1")):
        response = api.request(method, at(path), params=query)
        assert (response.status_code, response.json()["type"]) == (401, "/problems/unauthenticated")
        assert response.headers["www-authenticate"] == 'Bearer realm="insights"'


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_token_of_another_scope_gets_403(
    api: TestClient, settings: Settings, method: str, path: str
) -> None:
    given = token("northgrid", "data.read data.write market.write", settings=settings)
    api.headers["Authorization"] = f"Bearer {given}"
    response = api.request(method, at(path, "castle"), params=asked(path))
    assert (response.status_code, response.json()["type"]) == (403, "/problems/missing-scope")
    assert 'scope="insights.read"' in response.headers["www-authenticate"]


@pytest.mark.parametrize(("method", "path"), OF_HOMES)
def test_a_home_is_404_for_all_but_its_partner(
    api: TestClient, southgrid: dict[str, str], method: str, path: str
) -> None:
    own = api.request(method, at(path), params=asked(path), headers=southgrid)
    assert own.status_code == 200, own.text
    # What was kept for its partner is not for another, whoever that one says to be.
    for query in (asked(path), asked(path, partner_id="southgrid")):
        response = api.request(method, at(path), params=query)
        assert (response.status_code, response.json()["type"]) == (
            404,
            "/problems/unknown-location",
        )
        nobody = api.request(method, at(path, "nobody"), params=query)
        told = [
            {k: v for k, v in answer.json().items() if k not in ("request_id", "instance")}
            for answer in (response, nobody)
        ]
        assert str(told[0]).replace("secret", "nobody") == str(told[1])


@pytest.mark.parametrize(("method", "path"), OF_PARTNERS)
def test_figures_of_a_partner_are_404_for_another(
    api: TestClient, southgrid: dict[str, str], method: str, path: str
) -> None:
    query = asked(path, partner_id="southgrid")
    own = api.request(method, path, params=query, headers=southgrid)
    assert own.status_code == 200, own.text
    response = api.request(method, path, params=query)
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-partner")
    # Who names no partner asks for itself.
    mine = api.request(method, path, params=asked(path, partner_id="northgrid"))
    assert api.request(method, path, params=asked(path)).json() == mine.json() != own.json()


def test_a_token_of_all_partners_must_say_whose_home_it_means_where_two_have_one(
    tmp_path: Path,
) -> None:
    place = {"location_id": "castle", "time_zone": "Europe/Copenhagen"}
    put(tmp_path, "silver.locations", [
        place | {"partner_id": "northgrid", "country_code": "DK"},
        place | {"partner_id": "southgrid", "country_code": "SE"}])  # fmt: skip
    here = Settings(lake=str(tmp_path))
    with TestClient(create_app(here)) as api:
        api.headers["Authorization"] = f"Bearer {token('', EVERYBODY, settings=here)}"
        for path in ("/v1/locations/castle", "/v1/locations/castle/estimate"):
            response = api.get(path)
            assert (response.status_code, response.json()["type"]) == (
                409, "/problems/ambiguous-location")  # fmt: skip
            assert response.json()["cure"] == "add partner_id"
        for partner, country in (("northgrid", "DK"), ("southgrid", "SE")):
            castle = api.get("/v1/locations/castle", params={"partner_id": partner}).json()
            assert castle["country_code"] == country
        # A partner's own token never meets it.
        api.headers["Authorization"] = f"Bearer {token('southgrid', settings=here)}"
        assert api.get("/v1/locations/castle").json()["country_code"] == "SE"

"""Profiles in a Cosmos DB (its nearest stand-in) are those of the state, and follow its changes."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from infra.cosmos import cosmos as server_of_npm
from infra.lacking import lacking
from infra.npm import NoNpm
from serving.data_management import profiles, tariffs
from serving.data_management.database.state import StateUnavailable
from serving.data_management.profile_stores.cosmos import ProfilesInCosmos
from serving.data_management.registrations import meter_rows
from serving.tests.registered import HOME

pytestmark = [
    pytest.mark.servers,
    # The stand-in has a certificate of its own making.
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
PATH = "locations/h/profiles"
_KEY = base64.b64encode(b"any key of the stand-in").decode()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProfilesInCosmos]:
    """A store in the npm package @vercel/cosmosdb-server."""
    try:
        with server_of_npm(tmp_path_factory.mktemp("cosmos")) as server:
            yield ProfilesInCosmos.of(
                server.connection_string(server.plain), enable_endpoint_discovery=False
            )
    except NoNpm as error:
        lacking("npm", error)


@pytest.fixture
def cosmos(registry: TestClient, store: ProfilesInCosmos, tmp_path: Path) -> TestClient:
    """Northgrid's client, where a home of its own has its profiles in Cosmos DB."""
    management = registry.app.state.mounted[0]  # type: ignore[attr-defined]
    management.state.profiles = store
    management.state.parts = (profiles.part(store), meter_rows.PART, tariffs.PART)
    registry.put("users/u", json={})
    # One server for all tests: what an earlier one left goes with its home.
    assert registry.put("locations/h", json=HOME).status_code == 201
    assert registry.delete("locations/h").status_code == 204
    assert registry.put("locations/h", json=HOME).status_code == 201
    return registry


def test_versions_are_kept_in_documents(cosmos: TestClient, store: ProfilesInCosmos) -> None:
    for day, persons in (("2025-06-01", 4), ("2024-01-01", 3)):
        made = cosmos.put(f"{PATH}/{day}", json={"persons": persons})
        assert made.status_code == 201, made.text
    found = cosmos.get(PATH).json()["items"]
    assert [(v["valid_from"], v["valid_to"], v["persons"]) for v in found] == [
        ("2024-01-01", "2025-06-01", 3), ("2025-06-01", None, 4),
    ]  # fmt: skip
    tag = cosmos.get(f"{PATH}/2024-01-01").headers["etag"]
    same = cosmos.put(f"{PATH}/2024-01-01", json={"persons": 3}, headers={"If-Match": tag})
    assert (same.status_code, same.headers["etag"]) == (200, tag)
    assert cosmos.delete(f"{PATH}/2024-01-01").status_code == 204
    assert [v["persons"] for v in cosmos.get(PATH).json()["items"]] == [4]
    (item,) = store.container.query_items(
        "SELECT * FROM c WHERE c.home_id = 'northgrid/h' AND c.id = '2025-06-01'",
        partition_key="northgrid/h",
    )
    assert item["document"] == {"profile_type": "residential", "persons": 4}


def test_a_change_that_is_not_made_leaves_no_document(cosmos: TestClient) -> None:
    dry = {"dry_run": "true"}
    assert cosmos.put(f"{PATH}/2025-01-01", json={"persons": 2}, params=dry).status_code == 201
    broken = cosmos.put(f"{PATH}/2025-01-01", json={"persons": 2}, headers={"If-Match": '"x"'})
    assert broken.status_code == 412
    assert cosmos.get(PATH).json()["items"] == []


def test_an_account_that_is_not_there_is_said_without_its_key() -> None:
    for account in (f"AccountEndpoint=https://127.0.0.1:1;AccountKey={_KEY};", "nonsense"):
        with pytest.raises(StateUnavailable, match="Cosmos DB cannot be reached") as error:
            ProfilesInCosmos.of(account, retry_total=0, connection_timeout=1)
        assert _KEY not in str(error.value)

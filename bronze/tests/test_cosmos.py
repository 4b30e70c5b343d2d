"""Home profiles of a Cosmos DB container: what changed lands once, whose it is, and no more."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey
from pydantic import SecretStr

from bronze.pulls.cosmos import NoProfiles, profiles
from bronze.pulls.cosmos_documents import line_of
from infra.cosmos import Cosmos, cosmos
from infra.lacking import lacking
from infra.npm import NoNpm
from lake.ingestion.pulled import Pulls
from lake.settings import Settings

HOME = {"partner_id": "north", "location_id": "h1", "time_zone": "Europe/Oslo",
        "profile": {"valid_from": "2024-01-01", "persons": 2}}  # fmt: skip


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cosmos]:
    try:
        with cosmos(tmp_path_factory.mktemp("cosmos")) as server:
            yield server
    except NoNpm as error:
        lacking("npm", error)


@pytest.fixture
def server(started: Cosmos) -> Cosmos:
    started.calls.clear()
    started.answers.clear()
    return started


@pytest.fixture
def container(server: Cosmos, request: pytest.FixtureRequest) -> ContainerProxy:
    client = CosmosClient(f"http://{server.plain}", "a2V5", enable_endpoint_discovery=False)
    database = client.create_database_if_not_exists("eliq")
    name = f"c{abs(hash(request.node.name))}"
    return database.create_container(name, PartitionKey(path="/partner_id"))


@pytest.fixture
def here(lake: Settings, server: Cosmos, container: ContainerProxy) -> Settings:
    login = SecretStr(server.connection_string(server.relay))
    return lake.model_copy(update={"cosmos": login, "cosmos_container": f"eliq/{container.id}"})


def landed(settings: Settings, partner: str) -> list[dict[str, Any]]:
    files = Path(settings.root, "landing", "registrations").glob(f"*/{partner}/*")
    text = "".join(f.read_text() for f in sorted(files, key=lambda f: f.stat().st_ino))
    return [json.loads(line) for line in text.splitlines()]


def put(container: ContainerProxy, name: str, **fields: Any) -> None:
    container.upsert_item({"id": name, **HOME, **fields})


@pytest.mark.servers
def test_what_changed_since_the_last_pull_lands(
    container: ContainerProxy, here: Settings, server: Cosmos, clock: datetime
) -> None:
    assert profiles(here, clock).documents == 0
    for n in range(5):
        put(container, str(n), location_id=f"h{n}")
    put(container, "s", partner_id="south")
    said = profiles(here, clock, page_size=2)
    assert (said.documents, said.landed, said.refused) == (6, 6, [])
    assert sorted(one["location_id"] for one in landed(here, "north")) == [
        f"h{n}" for n in range(5)
    ]
    (south,) = landed(here, "south")
    assert south["profile"] == HOME["profile"]
    assert south["known_at"].endswith("+00:00")
    assert not set(south) & {"id", "partner_id", "_etag", "_rid", "_self", "_ts"}

    assert profiles(here, clock).documents == 0
    put(container, "3", location_id="h3", profile={"persons": 4})
    assert profiles(here, clock).landed == 1
    assert landed(here, "north")[-1]["profile"] == {"persons": 4}
    assert server.calls[-1] == '"7"'

    again = profiles(here, clock, again=True)
    assert again.documents == 6
    assert not list(Path(here.root, "_work").rglob("*.ndjson"))


@pytest.mark.servers
def test_a_kill_before_the_position_is_kept_changes_nothing(
    container: ContainerProxy, here: Settings, clock: datetime
) -> None:
    put(container, "1")
    profiles(here, clock)
    files = list(Path(here.root, "landing").rglob("*.ndjson"))
    pulls = Pulls(here.root, f"cosmos {here.cosmos_container}")
    pulls.reached("")
    assert profiles(here, clock).landed == 1
    assert list(Path(here.root, "landing").rglob("*.ndjson")) == files


@pytest.mark.servers
def test_a_cut_in_the_feed_keeps_the_pages_before_it(
    container: ContainerProxy, here: Settings, server: Cosmos, clock: datetime
) -> None:
    for n in range(4):
        put(container, str(n), location_id=f"h{n}")
    profiles(here, clock, page_size=2)
    for n in range(4):
        put(container, str(n), location_id=f"h{n}", price_zone="NO1")
    server.calls.clear()

    class Cut(list[int]):
        def pop(self, _: Any = 0) -> int:
            return super().pop(0)

        def __bool__(self) -> bool:
            return len(self) > 0 and len(server.calls) > 1

    server.answers = Cut([410])
    with pytest.raises(NoProfiles):
        profiles(here, clock, page_size=2)
    assert profiles(here, clock, page_size=2).documents == 2
    assert len(landed(here, "north")) == 8


@pytest.mark.servers
def test_a_soft_deletion_is_a_tombstone_and_unknown_documents_are_refused(
    container: ContainerProxy, here: Settings, clock: datetime
) -> None:
    put(container, "1")
    put(container, "gone", location_id="h2", deleted=True, ttl=3600)
    container.upsert_item({"id": "invoice", "partner_id": "north", "total": 3})
    container.upsert_item({"id": "nobody's", "partner_id": "../x", "location_id": "h"})
    said = profiles(here, clock)
    assert {(r.partner_id, r.document_id) for r in said.refused} == {
        ("north", "invoice"), ("", "nobody's"),
    }  # fmt: skip
    assert said.landed == 2
    (tombstone,) = (one for one in landed(here, "north") if one["location_id"] == "h2")
    assert tombstone["is_deleted"] is True
    mark = {"is_deleted": True}
    assert tombstone["profile"] == {"valid_from": tombstone["known_at"][:10], **mark} or (
        tombstone["profile"]["valid_from"] > tombstone["known_at"][:10]  # midnight in Oslo
    )
    known = Pulls(here.root, f"cosmos {here.cosmos_container}").known()
    assert {k.refused for k in known} == {r.reason for r in said.refused}


@pytest.mark.servers
def test_the_emulators_own_feed_is_read_from_its_beginning(
    container: ContainerProxy, here: Settings, server: Cosmos, clock: datetime
) -> None:
    put(container, "1")
    login = SecretStr(server.connection_string(server.plain))
    own = here.model_copy(update={"cosmos": login})
    assert profiles(own, clock).landed == 1
    assert profiles(own, clock).documents == 0


@pytest.mark.servers
def test_a_container_that_was_made_anew_is_read_from_its_beginning_when_asked_to(
    container: ContainerProxy, here: Settings, server: Cosmos, clock: datetime
) -> None:
    put(container, "1")
    login = SecretStr(server.connection_string(server.plain))
    own = here.model_copy(update={"cosmos": login})
    profiles(own, clock)
    client = CosmosClient(f"http://{server.plain}", "a2V5", enable_endpoint_discovery=False)
    database = client.get_database_client("eliq")
    database.delete_container(container.id)
    put(database.create_container(container.id, PartitionKey(path="/partner_id")), "2")
    with pytest.raises(NoProfiles, match="lake pull profiles --again"):
        profiles(own, clock)
    assert profiles(own, clock, again=True).landed == 1


@pytest.mark.servers
@pytest.mark.parametrize(
    ("code", "said"), [(401, "does not let us in"), (410, "--again"), (400, "--again")]
)
def test_an_error_of_the_service_is_one_line_without_the_key(
    here: Settings, server: Cosmos, clock: datetime, code: int, said: str
) -> None:
    server.answers = [code] * 3
    with pytest.raises(NoProfiles, match=said) as failed:
        profiles(here, clock)
    assert "a2V5" not in str(failed.value)


@pytest.mark.servers
def test_the_command_says_what_came(
    container: ContainerProxy, here: Settings, server: Cosmos
) -> None:
    put(container, "1")
    container.upsert_item({"id": "x", "partner_id": "north"})
    environment = {
        **os.environ,
        "ELIQ_LAKE": here.root,
        "ELIQ_COSMOS": here.cosmos.get_secret_value(),
        "ELIQ_COSMOS_CONTAINER": here.cosmos_container,
    }
    ran = subprocess.run(
        [sys.executable, "-c", "from lake.cli import main; main()", "pull", "profiles"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "north/x: refused, location_id is missing, or is no text",
        "profiles: 2 documents, 1 landed, 1 refused",
    ]


def test_no_account_or_a_plain_address_elsewhere_is_said(lake: Settings, clock: datetime) -> None:
    for text in ("", "AccountEndpoint=http://cosmos.example/;AccountKey=x;", "nonsense"):
        settings = lake.model_copy(update={"cosmos": SecretStr(text)})
        with pytest.raises(NoProfiles, match="ELIQ_COSMOS"):
            profiles(settings, clock)


def test_a_profile_alone_becomes_one_within_a_registration() -> None:
    said = line_of({"id": "1", "partner_id": "p", "location_id": "h", "valid_from": "2024-01-01",
                    "persons": 3, "roof": "flat", "_ts": 1_700_000_000})  # fmt: skip
    assert json.loads(said.line) == {
        "location_id": "h",
        "known_at": "2023-11-14T22:13:20+00:00",
        "profile": {"valid_from": "2024-01-01", "persons": 3, "roof": "flat"},
    }


def test_a_deletion_holds_from_the_homes_own_day() -> None:
    said = line_of({"id": "1", **HOME, "deleted": True, "_ts": 1_700_000_000 + 5400})
    tombstone = json.loads(said.line)
    assert tombstone["profile"] == {"valid_from": "2023-11-15", "is_deleted": True}
    # The place is said once more, so that silver knows which one it was.
    assert (tombstone["is_deleted"], tombstone["time_zone"]) == (True, HOME["time_zone"])


def test_the_deletion_of_a_profile_alone_leaves_its_home_registered() -> None:
    said = line_of({"id": "1", "partner_id": "p", "location_id": "h", "persons": 3,
                    "is_deleted": True, "_ts": 1_700_000_000})  # fmt: skip
    assert json.loads(said.line) == {
        "location_id": "h",
        "known_at": "2023-11-14T22:13:20+00:00",
        "profile": {"valid_from": "2023-11-14", "is_deleted": True},
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"location_id": 7}, {"location_id": " "}, {"profile": "text"}, {"meters": {}},
        {"latitude": "north"}, {"latitude": True}, {"partner_id": None}, {"partner_id": ".x"},
        {"partner_id": "_x"},
        {"profile": None, "time_zone": None},
    ],
)  # fmt: skip
def test_a_document_of_another_shape_is_refused_with_a_reason(fields: dict[str, Any]) -> None:
    said = line_of({"id": "1", **HOME, **fields})
    assert said.reason
    assert not said.line

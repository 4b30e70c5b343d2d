"""What the state's database holds and the lake is told: migrations, crashes, several writers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from lake.ingestion.files import UnreadableFile
from lake.settings import Settings
from serving.app import create_app
from serving.commands import token, upgrade_state
from serving.data_management.app import create_management_app
from serving.data_management.database.migrating import upgrade
from serving.data_management.database.state import Base, State, opened
from serving.data_management.requests import outbox
from serving.tests.registered import HOME, METER

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty lake whose state is in either database."""
    if request.param == "sqlite":
        return Settings(lake=str(tmp_path / "lake"))
    address = request.getfixturevalue("postgres")
    name = f"state_{time.time_ns()}"
    admin = create_engine(address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    state = make_url(address).set(database=name).render_as_string(hide_password=False)
    return Settings(lake=str(tmp_path / "lake"), state=SecretStr(state))


@contextmanager
def serving(settings: Settings, partner: str = "northgrid") -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.base_url = client.base_url.join("/data-management/v1/")
        given = token(partner, "data.read data.write", settings=settings)
        client.headers["Authorization"] = f"Bearer {given}"
        yield client


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with serving(settings) as found:
        yield found


def documents(settings: Settings) -> list[dict[str, Any]]:
    files = Path(settings.root).glob("landing/registrations/*/*/*.ndjson")
    return [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]


def test_the_migrations_make_what_the_models_say(settings: Settings) -> None:
    state = opened(settings)
    # The resources declare their tables when they are imported.
    create_management_app(settings)
    assert upgrade(state) == upgrade(state)
    with state.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    state.engine.dispose()


def test_several_processes_may_start_at_once(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as starting:
        heads = list(starting.map(lambda _: upgrade_state(settings), range(4)))
    assert len(set(heads)) == 1


def test_what_is_registered_survives_the_server(settings: Settings) -> None:
    with serving(settings) as client:
        client.put("users/u", json={"name": "Kim"})
        client.put("locations/h", json=HOME)
    with serving(settings) as client:
        assert client.get("users/u").json()["name"] == "Kim"
    assert [d["location_id"] for d in documents(settings)] == ["h"]


def test_everything_goes_on_either_database(client: TestClient, settings: Settings) -> None:
    client.put("users/u", json={})
    assert client.put("locations/h", json=HOME | {"price_zone": "SE4"}).status_code == 201
    assert client.put("meters/m", json=METER).status_code == 201
    tariff = {"fuel": "elec", "currency": "SEK", "valid_from": "2025-01-01", "vat": 0.25,
              "elements": [{"kind": "spot"}]}  # fmt: skip
    assert client.put("locations/h/tariffs/t", json=tariff).status_code == 201
    for day in ("2025-01-01", "2025-06-01"):
        assert client.put(f"locations/h/profiles/{day}", json={"persons": 2}).status_code == 201
    assert client.delete("locations/h/profiles/2025-06-01").status_code == 204
    consent = {"version_id": "1", "is_given": True, "said_at": "2025-05-01T10:00:00+02:00"}
    for given in (True, False):
        said = consent | {"is_given": given}
        assert client.put("users/u/consents/c", json=said).status_code in (200, 201)
    assert len(client.get("users/u/consents").json()["items"]) == 1
    assert client.get("meters", params={"location_id": "h"}).json()["items"][0]["meter_id"] == "m"
    assert client.delete("locations/h").status_code == 204
    assert client.delete("users/u").status_code == 204


def test_two_writers_of_one_thing_lose_nothing(client: TestClient, settings: Settings) -> None:
    """Many meters at once want to be the main one; one is, and the lake hears of no other."""
    client.put("users/u", json={})
    client.put("locations/h", json=HOME)
    with ThreadPoolExecutor(8) as writers:
        answers = list(
            writers.map(lambda n: client.put(f"meters/m{n}", json=METER).status_code, range(16))
        )
    assert Counter(answers) == {201: 1, 422: 15}
    assert len(client.get("meters").json()["items"]) == 1


def test_one_of_two_with_the_same_version_wins(client: TestClient) -> None:
    tag = client.put("users/u", json={}).headers["etag"]

    def changed(n: int) -> int:
        response = client.put("users/u", json={"name": f"n{n}"}, headers={"If-Match": tag})
        return response.status_code

    with ThreadPoolExecutor(8) as writers:
        assert Counter(writers.map(changed, range(8))) == {200: 1, 412: 7}


def test_one_key_at_once_is_one_change(client: TestClient) -> None:
    client.put("users/u", json={})
    key = {"Idempotency-Key": "k"}
    said = {"version_id": "1", "is_given": True, "said_at": "2025-05-01T10:00:00+02:00"}

    def put(_: int) -> tuple[int, bytes]:
        response = client.put("users/u/consents/c", json=said, headers=key)
        return response.status_code, response.content

    with ThreadPoolExecutor(8) as writers:
        answers = {(s, body) for s, body in writers.map(put, range(12)) if s != 409}
    assert len(answers) == 1
    assert len(client.get("users/u/consents/c/history").json()["items"]) == 1


def test_a_change_that_is_said_later_is_known_later(client: TestClient, settings: Settings) -> None:
    client.put("users/u", json={})
    management = client.app.state.mounted[0]  # type: ignore[attr-defined]
    management.state.clock = lambda: NOW
    for n in range(3):
        client.put("locations/h", json=HOME | {"city": f"Lund {n}"})
    management.state.publisher.stop()
    found = sorted(documents(settings), key=lambda d: d["known_at"])
    assert [d["city"] for d in found] == ["Lund 0", "Lund 1", "Lund 2"]
    assert len({d["known_at"] for d in found}) == 3


def said(state: State, *names: str, partner: str = "p", at: datetime = NOW) -> None:
    def change(session: Session) -> None:
        for name in names:
            outbox.say(session, partner, {"location_id": name}, at=at)

    state.write(change)


def test_a_batch_that_was_cut_off_is_landed_once(settings: Settings) -> None:
    """Killed after the file is there and before the rows are gone, it is the same file again."""
    state = opened(settings)
    upgrade(state)
    said(state, "a", "b")
    said(state, "c", partner="q")
    state.write(lambda s: outbox._batched(NOW, s))  # noqa: SLF001 - a step of publish
    for _, partner, kind, at, lines in state.read(outbox._batches):  # noqa: SLF001
        outbox._landed(settings, partner, kind, at, lines)  # noqa: SLF001
    said(state, "d")
    # The next one is a day later.
    assert outbox.publish(settings, state, NOW + timedelta(days=1)) == 3
    assert outbox.publish(settings, state, NOW + timedelta(days=2)) == 0
    assert sorted(d["location_id"] for d in documents(settings)) == ["a", "b", "c", "d"]
    files = Path(settings.root).glob("landing/registrations/*/*/*.ndjson")
    assert sorted(f.parent.parent.name for f in files) == ["2025-06-01", "2025-06-01", "2025-06-02"]
    state.engine.dispose()


def test_nothing_arrives_before_it_was_said(settings: Settings) -> None:
    """Else the lake would take two changes for as old as their files, and lose their order."""
    state = opened(settings)
    upgrade(state)
    later = NOW + timedelta(seconds=5, microseconds=123_000)
    said(state, "h", partner="p0")
    said(state, "h", partner="p1", at=later)
    # A clock that was read before the last of them, or that runs behind.
    assert outbox.publish(settings, state, NOW) == 2
    arrived = {
        f.parent.name: f.stat().st_mtime
        for f in Path(settings.root).glob("landing/registrations/*/*/*.ndjson")
    }
    assert NOW.timestamp() <= arrived["p0"] < NOW.timestamp() + 1
    assert later.timestamp() <= arrived["p1"] < later.timestamp() + 1
    state.engine.dispose()


def test_one_partner_that_cannot_be_landed_holds_up_nobody(settings: Settings) -> None:
    state = opened(settings)
    upgrade(state)
    said(state, "a", partner="no/plain id")
    said(state, "b")
    for _ in range(2):
        with pytest.raises(UnreadableFile, match="no partner id"):
            outbox.publish(settings, state, NOW)
        assert [d["location_id"] for d in documents(settings)] == ["b"]
    state.engine.dispose()


def test_a_full_disk_keeps_what_is_said(
    settings: Settings, caplog: pytest.LogCaptureFixture, waited_for: Callable[..., Any]
) -> None:
    with serving(settings) as client:
        client.put("users/u", json={})
        landing = Path(settings.root) / "landing"
        landing.write_text("no folder")
        assert client.put("locations/h", json=HOME).status_code == 201
        waited_for(lambda: "registrations wait for the lake" in caplog.text)
        landing.unlink()
    # What failed is tried again at the latest when the server ends.
    assert [d["location_id"] for d in documents(settings)] == ["h"]


@pytest.mark.slow
def test_kill_9_between_commit_and_publish_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A real server is killed amid writes, again and again; each acknowledged one is there once."""
    settings = Settings(lake=str(tmp_path / "lake"))
    bearer = {"Authorization": f"Bearer {token('northgrid', 'data.write', settings=settings)}"}
    acknowledged: set[str] = set()
    for n in range(6):
        with (
            _server(settings) as (server, address),
            httpx.Client(
                base_url=f"{address}/data-management/v1/", headers=bearer, trust_env=False
            ) as client,
        ):
            client.put("users/u", json={})
            killer = threading.Timer(0.15 + 0.1 * n, lambda s=server: s.send_signal(signal.SIGKILL))
            killer.start()
            with suppress(httpx.TransportError):
                for i in range(10_000):
                    name = f"h{n}-{i}"
                    answer = client.put(f"locations/{name}", json=HOME)
                    assert answer.status_code == 201, answer.text
                    acknowledged.add(name)
            killer.join()
            server.wait(20)
    with serving(settings) as client:
        registered = _all_ids(client)
    counted = Counter(d["location_id"] for d in documents(settings))
    assert len(acknowledged) > 20
    assert acknowledged <= registered
    # Unanswered ones may be there, and then the lake has them too, once.
    assert counted.keys() == registered
    assert set(counted.values()) == {1}


@contextmanager
def _server(settings: Settings) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    code = "from serving.commands import serve; serve(port=0)"
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"ELIQ_LAKE": settings.lake},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline().split()[5]
        finally:
            server.kill()


def _all_ids(client: TestClient) -> set[str]:
    found: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("locations", params={"limit": 500, "cursor": cursor}).json()
        found |= {item["location_id"] for item in page["items"]}
        cursor = page["next_cursor"]
    return found

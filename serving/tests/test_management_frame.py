"""What every endpoint of the Data Management API does: tokens, partners, keys, versions, pages."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from lake.settings import Settings
from serving import openapi
from serving.access import signed_token, signing_key
from serving.app import create_app
from serving.commands import token
from serving.data_management.requests import idempotency

DOCUMENT = json.loads(openapi.MANAGEMENT.read_text(encoding="utf-8"))
ENDPOINTS = [
    (method, path) for path, methods in DOCUMENT["paths"].items() for method in methods
]  # fmt: skip
USER = {"name": "Kim Holm", "language_code": "sv-SE"}
Landed = Callable[[], list[dict[str, Any]]]


def at(path: str) -> str:
    """Return a path of the document as the client's, with an id in it."""
    first = path.removeprefix("/v1/").replace("{valid_from}", "2025-01-01")
    return first.replace("{month}", "2025-01-01").replace("{", "").replace("}", "")


def problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code
    return response.status_code, response.json()["type"].removeprefix("/problems/")


@pytest.fixture
def other(registry: TestClient, tmp_path: Path) -> Iterator[TestClient]:
    """Southgrid's client of the same server."""
    given = token("southgrid", "data.read data.write", settings=Settings(lake=f"{tmp_path}/lake"))
    client = TestClient(registry.app, base_url=str(registry.base_url))
    client.headers["Authorization"] = f"Bearer {given}"
    yield client
    client.close()


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_anonymous_gets_401(registry: TestClient, method: str, path: str) -> None:
    del registry.headers["Authorization"]
    for sent in ({}, {"content": b"{broken"}, {"json": {"unknown": 1}}):
        response = registry.request(method, at(path), **sent)
        assert problem(response) == (401, "unauthenticated")
        assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_token_opens_what_its_scope_says(
    registry: TestClient, tmp_path: Path, method: str, path: str
) -> None:
    wrong = "data.write insights.read" if method == "get" else "data.read insights.read"
    given = token("northgrid", wrong, settings=Settings(lake=f"{tmp_path}/lake"))
    response = registry.request(method, at(path), headers={"Authorization": f"Bearer {given}"})
    assert problem(response) == (403, "missing-scope")
    needed = "data.read" if method == "get" else "data.write"
    assert needed in response.headers["www-authenticate"]


@pytest.mark.parametrize("partner", ["../x", "a/b", "a b", ".x", "_x", "x" * 129])
def test_a_partner_that_is_no_plain_word_opens_nothing(
    registry: TestClient, tmp_path: Path, partner: str
) -> None:
    given = signed_token(
        signing_key(Settings(lake=f"{tmp_path}/lake")), partner=partner, subject="s",
        scope="data.read data.write", now=datetime.now(UTC), lasts=timedelta(minutes=1),
    )  # fmt: skip
    registry.headers["Authorization"] = f"Bearer {given}"
    assert problem(registry.put("users/u", json={})) == (403, "missing-scope")


def test_an_unknown_body_names_every_field_at_once(registry: TestClient) -> None:
    sent = {"fuel": "gas", "direction": "export", "supply_start": 20250101, "colour": "red"}
    response = registry.put("meters/m", json=sent)
    assert problem(response) == (422, "invalid")
    assert {e["field"] for e in response.json()["errors"]} == {
        "location_id", "supply_start", "direction", "colour",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"{broken", (400, "unreadable-body")), (b"\xff\xfe{}", (400, "unreadable-body")),
        (b"", (422, "invalid")), (b"[1]", (422, "invalid")), (b"null", (422, "invalid")),
        (b"NaN", (422, "invalid")), (b'"x"', (422, "invalid")),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_one_clear_problem(
    registry: TestClient, sent: bytes, told: tuple[int, str]
) -> None:
    response = registry.put("users/u", content=sent, headers={"Content-Type": "application/json"})
    assert problem(response) == told


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_said_to_be_json_is_told_so(
    registry: TestClient, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = registry.put("users/u", content=b"{}", headers=headers)
    assert problem(response) == (400, "unreadable-body")
    assert response.json()["cure"] == "send Content-Type: application/json"
    assert registry.put("users/u").status_code == 422


@pytest.mark.parametrize("path", ["readings", "jobs?kind=readings", "webhooks"])
def test_a_sender_who_goes_away_is_no_failure_of_ours(
    registry: TestClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    sent: list[dict[str, Any]] = []
    whole, _, query = f"/data-management/v1/{path}".partition("?")
    headers = [(b"authorization", registry.headers["Authorization"].encode())]
    scope = {"type": "http", "method": "POST", "path": whole, "query_string": query.encode(),
             "headers": headers, "root_path": "", "scheme": "http"}  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(registry.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 400
    assert not caplog.records


def test_a_message_says_its_rule_as_it_is(registry: TestClient) -> None:
    errors = registry.put("users/u", json={"country_code": "sverige"}).json()["errors"]
    assert errors[0]["message"] == "String should match pattern '^[A-Z]{2}$'"


def test_a_body_of_more_than_a_mib_is_refused(registry: TestClient) -> None:
    assert problem(registry.put("users/u", content=b" " * 1_200_000)) == (413, "too-large")
    assert registry.get("users").json()["items"] == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a/b", (404, "not-found")), ("%0a", (404, "not-found")),
        ("a%00b", (422, "bad-request")), ("x" * 129, (422, "bad-request")),
        ("a%3Fb", (422, "bad-request")),
    ],
)  # fmt: skip
def test_an_id_that_no_address_holds_is_refused(
    registry: TestClient, name: str, told: tuple[int, str]
) -> None:
    assert problem(registry.put(f"users/{name}", json={})) == told
    assert registry.get("users").json()["items"] == []


def test_ids_may_be_of_any_letters(registry: TestClient) -> None:
    for name in ("Åsa", "用户-1", "it's", "a b", "home:1", "735999@grid"):
        assert registry.put(f"users/{name}", json={}).status_code == 201
        assert registry.get(f"users/{name}").json()["user_id"] == name


def test_a_put_makes_then_replaces_and_says_the_same_without_harm(registry: TestClient) -> None:
    made = registry.put("users/u", json=USER)
    same = registry.put("users/u", json=USER)
    less = registry.put("users/u", json={"name": "Kim"})
    assert (made.status_code, same.status_code, less.status_code) == (201, 200, 200)
    assert made.json() == same.json()
    assert less.json()["language_code"] is None
    assert less.json()["created_at"] == made.json()["created_at"]
    assert less.json()["updated_at"] > made.json()["updated_at"]


def test_if_match_changes_the_version_that_was_seen(registry: TestClient) -> None:
    tag = registry.put("users/u", json=USER).headers["etag"]
    assert registry.get("users/u").headers["etag"] == tag
    assert registry.get("users/u", headers={"If-None-Match": tag}).status_code == 304
    newer = registry.put("users/u", json={}, headers={"If-Match": tag}).headers["etag"]
    assert newer != tag
    late = registry.put("users/u", json=USER, headers={"If-Match": tag})
    assert problem(late) == (412, "changed-meanwhile")
    assert problem(registry.delete("users/u", headers={"If-Match": tag}))[0] == 412
    again = registry.put("users/u", json=USER, headers={"If-None-Match": "*"})
    assert problem(again) == (412, "changed-meanwhile")
    missing = registry.put("users/new", json=USER, headers={"If-Match": "*"})
    assert problem(missing) == (412, "changed-meanwhile")
    assert registry.get("users/u").json()["name"] is None
    assert registry.delete("users/u", headers={"If-Match": f'"x", {newer}'}).status_code == 204


def test_a_dry_run_checks_all_and_changes_nothing(registry: TestClient, landed: Landed) -> None:
    dry = {"dry_run": "true"}
    tried = registry.put("users/u", json=USER, params=dry)
    assert (tried.status_code, tried.headers["dry-run"]) == (201, "true")
    assert registry.get("users").json()["items"] == []
    registry.put("users/u", json=USER)
    home = {"user_id": "u", "country_code": "SE", "city": "Lund", "time_zone": "Europe/Stockholm"}
    assert registry.put("locations/h", json=home, params=dry).json()["city"] == "Lund"
    nobody = registry.put("locations/h", json=home | {"user_id": "x"}, params=dry)
    assert problem(nobody) == (422, "invalid")
    assert registry.delete("users/u", params=dry).status_code == 204
    assert registry.get("users/u").status_code == 200
    key = {"Idempotency-Key": "k"}
    assert registry.put("users/v", json={}, params=dry, headers=key).status_code == 201
    # A key that was tried dry is not used.
    assert registry.put("users/v", json=USER, headers=key).status_code == 201
    # What was said is published before this returns; the user and its home were tried only.
    registry.app.state.mounted[0].state.publisher.stop()  # type: ignore[attr-defined]
    assert landed() == []


def test_a_misspelt_dry_run_writes_nothing(registry: TestClient) -> None:
    refused = registry.put("users/u?dryrun=true", json=USER)
    assert problem(refused) == (422, "bad-request")
    assert refused.json()["errors"][0]["field"] == "dryrun"
    assert refused.json()["cure"] == "did you mean dry_run?"
    assert registry.get("users/u").status_code == 404


def test_a_key_gets_the_same_answer_again(registry: TestClient) -> None:
    key = {"Idempotency-Key": "8e03978e"}
    first = registry.put("users/u", json=USER, headers=key)
    registry.put("users/u", json={})
    again = registry.put("users/u", json=USER, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotent-replayed"] == "true"
    assert registry.get("users/u").json()["name"] is None
    reused = registry.put("users/u", json={"name": "Kim"}, headers=key)
    assert problem(reused) == (422, "idempotency-key-reused")
    # Of another address it is another key.
    assert registry.put("users/v", json=USER, headers=key).status_code == 201
    assert registry.delete("users/v", headers=key).status_code == 204
    assert registry.delete("users/v", headers=key).status_code == 204
    assert registry.delete("users/v").status_code == 404


def test_a_key_is_one_partners_own(registry: TestClient, other: TestClient) -> None:
    key = {"Idempotency-Key": "k"}
    registry.put("users/u", json=USER, headers=key)
    assert other.get("users/u").status_code == 404
    assert "idempotent-replayed" not in other.put("users/u", json={}, headers=key).headers


def test_a_refused_request_keeps_no_key(registry: TestClient) -> None:
    key = {"Idempotency-Key": "k"}
    assert registry.put("users/u", json={"email": "none"}, headers=key).status_code == 422
    assert registry.put("users/u", json={"email": "a@b"}, headers=key).status_code == 201


def test_a_key_is_forgotten_after_a_day(registry: TestClient) -> None:
    management = registry.app.state.mounted[0]  # type: ignore[attr-defined]
    key = {"Idempotency-Key": "k"}
    registry.put("users/u", json=USER, headers=key)
    tomorrow = datetime.now(UTC) + idempotency.KEPT + timedelta(minutes=1)
    management.state.clock = lambda: tomorrow
    again = registry.put("users/u", json={"name": "Kim"}, headers=key)
    assert (again.status_code, again.json()["name"]) == (200, "Kim")
    idempotency.forget(management.state.state, tomorrow + idempotency.KEPT)
    kept = management.state.state.read(
        lambda s: s.query(idempotency.IdempotencyKey).count()
    )  # fmt: skip
    assert kept == 0


def test_a_request_in_flight_is_409(registry: TestClient) -> None:
    """The first request is held in its transaction until the second one has its answer."""
    management = registry.app.state.mounted[0]  # type: ignore[attr-defined]
    began, ends, real = threading.Event(), threading.Event(), management.state.clock

    def slow() -> datetime:
        if threading.current_thread().name != "publisher" and not began.is_set():
            began.set()
            assert ends.wait(20)
        now: datetime = real()
        return now

    management.state.clock = slow
    key, answers = {"Idempotency-Key": "k"}, []
    first = threading.Thread(
        target=lambda: answers.append(registry.put("users/u", json=USER, headers=key))
    )
    first.start()
    assert began.wait(20)
    second = registry.put("users/u", json=USER, headers=key)
    ends.set()
    first.join(20)
    assert problem(second) == (409, "request-in-flight")
    assert second.headers["retry-after"] == "1"
    assert answers[0].status_code == 201
    assert registry.put("users/u", json=USER, headers=key).status_code == 201


def test_pages_show_each_once_in_order(registry: TestClient) -> None:
    names = [f"u{n:02}" for n in range(7)]
    for name in reversed(names):
        registry.put(f"users/{name}", json={})
    found, cursor = [], ""
    while cursor is not None:
        page = registry.get("users", params={"limit": 3, "cursor": cursor}).json()
        found += [item["user_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == names


def test_a_long_page_is_zipped_where_that_is_taken(registry: TestClient) -> None:
    for n in range(20):
        registry.put(f"users/u{n}", json=USER)
    zipped = registry.get("users", headers={"Accept-Encoding": "gzip"})
    plain = registry.get("users", headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    for answer in (zipped, plain):
        assert {"Authorization", "Accept-Encoding"} <= set(answer.headers["vary"].split(", "))
    assert int(zipped.headers["content-length"]) < len(plain.content) / 3
    assert zipped.json() == plain.json()


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzFd", "W10", "WyJhIiwiYiJd", "WyJcdTAwMDAiXQ"])
def test_a_cursor_of_somebody_else_is_refused(registry: TestClient, cursor: str) -> None:
    registry.put("users/u", json={})
    assert problem(registry.get("users", params={"cursor": cursor})) == (422, "bad-cursor")


def test_answers_carry_the_edge_of_serving_once(registry: TestClient) -> None:
    response = registry.get("users", headers={"X-Request-Id": "abc-1"})
    assert response.headers.get_list("x-request-id") == ["abc-1"]
    assert response.headers["x-content-type-options"] == "nosniff"
    counted = registry.get("http://testserver/metrics").text
    assert 'endpoint="/data-management/v1/users",status="200"} 1' in counted
    told = registry.get("users/nobody").json()
    assert told["instance"] == "/data-management/v1/users/nobody"
    assert registry.get(f"http://testserver{told['type']}").status_code == 200


def test_without_a_database_it_is_503_and_insights_answer(tmp_path: Path) -> None:
    for state in ("postgresql+psycopg://u:secret@127.0.0.1:1/none", "nonsense", "mysql+no://x"):
        settings = Settings(lake=str(tmp_path), state=state)  # type: ignore[arg-type]
        with TestClient(create_app(settings), raise_server_exceptions=False) as client:
            given = token("p", "data.read insights.read", settings=settings)
            client.headers["Authorization"] = f"Bearer {given}"
            closed = client.get("/data-management/v1/users")
            assert problem(closed) == (503, "state-unavailable")
            assert "retry-after" in closed.headers
            assert "secret" not in closed.text
            assert client.get("/v1/locations").status_code == 200


def test_the_openapi_document_is_the_golden_one() -> None:
    """``python -m serving.openapi`` renews it."""
    assert openapi.written_management() == openapi.MANAGEMENT.read_text(encoding="utf-8")
    assert DOCUMENT["openapi"].startswith("3.1")
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            assert operation["security"], path
            if "204" not in operation["responses"]:
                good = next(s for s in ("202", "201", "200") if s in operation["responses"])
                content = operation["responses"][good]["content"]["application/json"]
                assert content["example"], path


def test_every_body_of_the_document_has_an_example_that_is_taken(registry: TestClient) -> None:
    schemas = DOCUMENT["components"]["schemas"]
    order = ("users/user-17", "locations/home-17", "meters/m", "locations/home-17/tariffs/t",
             "locations/home-17/profiles/2025-01-01", "users/user-17/consents/c")  # fmt: skip
    bodies = ("User", "Location", "Meter", "Tariff", "Profile", "Consent")
    for path, name in zip(order, bodies, strict=True):
        response = registry.put(path, json=schemas[f"{name}Said"]["examples"][0])
        assert response.status_code == 201, response.text

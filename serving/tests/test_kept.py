import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from deltalake import DeltaTable, write_deltalake
from fastapi.testclient import TestClient
from starlette.responses import Response
from starlette.routing import Route

from lake.settings import Settings
from serving.access import EVERYBODY, READ, signed_token, signing_key
from serving.app import create_app
from serving.commands import token
from serving.kept import Answer, Kept, Question

DAYS = "/v1/locations/castle/import?from=2025-10-20&to=2025-11-02"


@pytest.fixture
def own(tmp_path: Path, lake: Path) -> Settings:
    """A lake of the test's own, which it may change."""
    for table in ("silver/locations", "gold/energy_daily"):
        write_deltalake(str(tmp_path / table), DeltaTable(str(lake / table)).to_pyarrow_table())
    return Settings(lake=str(tmp_path))


@pytest.fixture
def app(own: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own)) as client:
        client.headers["Authorization"] = f"Bearer {token('northgrid', settings=own)}"
        yield client


def answers(app: TestClient) -> int:
    return len(app.app.state.kept.answers)  # type: ignore[attr-defined]


def bearer(settings: Settings, **claims: object) -> dict[str, str]:
    said = {"sub": "x", "partner_id": "northgrid", "scope": READ,
            "exp": datetime.now(UTC) + timedelta(hours=1)}  # fmt: skip
    return {"Authorization": f"Bearer {jwt.encode(said | claims, signing_key(settings), 'HS256')}"}


def test_a_question_asked_again_has_the_same_answer_and_is_counted(app: TestClient) -> None:
    first, again = app.get(DAYS), app.get(DAYS)
    assert again.content == first.content
    of_each = {"x-request-id", "ratelimit-remaining", "x-ratelimit-remaining", "ratelimit-reset"}
    told = [
        {k: v for k, v in answer.headers.items() if k not in of_each} for answer in (first, again)
    ]
    assert told[0] == told[1]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    left = [int(answer.headers["ratelimit-remaining"]) for answer in (first, again)]
    assert left[0] - left[1] == 1 or left[1] == 999
    line = 'eliq_requests_total{endpoint="/v1/locations/{location_id}/import",status="200"} 2'
    assert line in app.get("/metrics").text


def test_an_answer_is_kept_zipped_and_plain(app: TestClient) -> None:
    sent: dict[str, object] = {}
    for encoding in ("gzip", "identity", "gzip", "identity"):
        answer = app.get(DAYS, headers={"Accept-Encoding": encoding})
        assert answer.headers.get("content-encoding", "identity") == encoding
        assert sent.setdefault(encoding, answer.json()) == sent.get("gzip")
    assert answers(app) == 2


@pytest.mark.parametrize(
    ("accepted", "is_zipped"),
    [
        ("GZIP", True), ("br, x-gzip;q=0.5", True), ("*", True), ("gzip;q=0.001, *;q=0", True),
        ("gzip;q=0", False), ("gzip ; q=0.000, br", False), ("gzip;q=0, *", False),
        ("gzipped", False), ("*;q=0", False), ("", False),
    ],
)  # fmt: skip
def test_an_answer_is_zipped_where_gzip_is_taken_and_not_where_it_is_refused(
    app: TestClient, accepted: str, is_zipped: bool
) -> None:
    for _ in ("made", "kept"):
        sent = app.get(DAYS, headers={"Accept-Encoding": accepted}).headers
        assert (sent.get("content-encoding") == "gzip") == is_zipped


def test_a_kept_answer_is_304_for_who_has_it(app: TestClient) -> None:
    first = app.get(DAYS)
    for said in (first.headers["etag"], f'"other", {first.headers["etag"]}', "*"):
        again = app.get(DAYS, headers={"If-None-Match": said})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert "content-type" not in again.headers
    assert app.get(DAYS, headers={"If-None-Match": '"other"'}).content == first.content


def test_a_kept_answer_is_its_partners_own(app: TestClient, own: Settings) -> None:
    mine = {path: app.get(path) for path in (DAYS, "/v1/locations")}
    assert answers(app) == 2
    theirs = {"Authorization": f"Bearer {token('southgrid', settings=own)}"}
    had = theirs | {"If-None-Match": mine[DAYS].headers["etag"]}
    for headers in (theirs, had):
        assert app.get(DAYS, headers=headers).status_code == 404
    other = app.get("/v1/locations", headers=theirs).json()
    assert [item["location_id"] for item in other["items"]] == ["secret"]
    assert app.get("/v1/locations").content == mine["/v1/locations"].content


def test_what_all_partners_token_was_told_is_not_for_one_partner(
    app: TestClient, own: Settings
) -> None:
    wide = signed_token(
        signing_key(own), partner=None, subject="x", scope=EVERYBODY,
        now=datetime.now(UTC), lasts=timedelta(hours=1),
    )  # fmt: skip
    path = DAYS.replace("castle", "secret")
    assert app.get(path, headers={"Authorization": f"Bearer {wide}"}).status_code == 200
    assert app.get(path).status_code == 404


def test_a_kept_answer_needs_a_valid_token_of_its_scope(app: TestClient, own: Settings) -> None:
    assert app.get(DAYS).status_code == 200
    past = datetime.now(UTC) - timedelta(seconds=1)
    forged = jwt.encode({"sub": "x", "partner_id": "northgrid", "scope": READ}, b"k" * 32, "HS256")
    refused = [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Basic eDp5"}, 401),
        ({"Authorization": f"Bearer {forged}"}, 401),
        (bearer(own, exp=past), 401),
        (bearer(own, scope="data.read data.write"), 403),
        (bearer(own, partner_id=""), 403),
    ]
    assert [app.get(DAYS, headers=sent).status_code for sent, _ in refused] == [
        status for _, status in refused
    ]


def test_a_token_that_runs_out_opens_its_kept_answer_no_longer(
    app: TestClient, own: Settings
) -> None:
    ends = int(time.time()) + 2
    sent = bearer(own, exp=ends)
    assert [app.get(DAYS, headers=sent).status_code for _ in range(2)] == [200, 200]
    time.sleep(max(0.0, ends - time.time()) + 0.01)
    assert app.get(DAYS, headers=sent).status_code == 401


def test_a_new_version_of_a_table_is_a_new_answer(app: TestClient, own: Settings) -> None:
    before = [app.get(DAYS) for _ in range(2)][1]
    DeltaTable(f"{own.root}/gold/energy_daily").delete("local_date = '2025-10-20'")
    after = app.get(DAYS)
    assert after.json()["elements"][0]["energy_kwh"] is None
    assert after.headers["etag"] != before.headers["etag"]
    assert answers(app) == 1
    assert app.get(DAYS).content == after.content


def test_a_home_that_is_deleted_takes_its_kept_answers_with_it(
    app: TestClient, own: Settings
) -> None:
    sent = {"If-None-Match": app.get(DAYS).headers["etag"]}
    assert app.get(DAYS, headers=sent).status_code == 304
    locations = DeltaTable(f"{own.root}/silver/locations")
    locations.update({"deleted_at": "known_at"}, predicate="location_id = 'castle'")
    assert app.get(DAYS).status_code == 404
    assert app.get(DAYS, headers=sent).status_code == 404


def test_another_homes_registration_leaves_an_answer_as_it_is(
    app: TestClient, own: Settings
) -> None:
    before = app.get(DAYS)
    locations = DeltaTable(f"{own.root}/silver/locations")
    locations.update({"deleted_at": "known_at"}, predicate="location_id = 'secret'")
    after = app.get(DAYS)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


def test_only_get_and_head_are_answered_from_what_is_kept(app: TestClient) -> None:
    got = app.get(DAYS)
    assert app.head(DAYS).headers["etag"] == got.headers["etag"]
    assert answers(app) == 1
    for method in ("PUT", "POST", "DELETE"):
        assert app.request(method, DAYS).status_code == 405


def test_refusals_are_not_kept(app: TestClient) -> None:
    for path, status in (
        (DAYS.replace("castle", "never-was"), 404), ("/v1/nothing", 404),
        ("/v1/locations/castle/import", 422), (DAYS.replace("2025-11", "x"), 422),
    ):  # fmt: skip
        assert app.get(path).status_code == status
    assert answers(app) == 0


def test_the_oldest_answers_go_where_there_are_too_many() -> None:
    kept = Kept()
    route = Route("/", lambda request: Response())
    questions = [Question("northgrid", f"/v1/{n}", b"", is_zipped=False) for n in range(30)]
    for question in questions:
        kept.put(question, Answer("tag", Response(bytes(2**20)), route, {}))
        assert kept.get(questions[0]) is not None
    assert kept.get(questions[1]) is None
    assert kept.get(questions[-1]) is not None
    assert 22 * 2**20 < kept.size <= 24 * 2**20
    for question in list(kept.answers):
        kept.put(question, Answer("tag", Response(b""), route, {}))
    assert kept.size < 2**20

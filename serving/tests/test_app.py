import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from deltalake import DeltaTable, write_deltalake
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from lake.settings import NoSecret, Settings
from serving import openapi
from serving.access import READ, WeakSecret, signed_token, signing_key
from serving.app import create_app
from serving.commands import CannotListen, NoPartnerId, serve, token
from serving.cursors import closed

DAYS = "/v1/locations/castle/import?from=2025-10-20&to=2025-11-02"
HERE = {"host": "127.0.0.1:8000"}


@pytest.fixture
def page(settings: Settings) -> Iterator[TestClient]:
    """A browser on this machine, at a developer's server."""
    app = create_app(settings, is_developer=True)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000)) as client:
        yield client


@pytest.mark.parametrize("kind", ["expired", "forged", "unsigned", "endless", "junk", "basic"])
def test_a_token_that_is_not_valid_gets_401(api: TestClient, settings: Settings, kind: str) -> None:
    now, key = datetime.now(UTC), signing_key(settings)
    claims = {"sub": "x", "partner_id": "northgrid", "scope": READ, "exp": now + timedelta(hours=1)}
    tokens = {
        "expired": jwt.encode(claims | {"exp": now - timedelta(hours=1)}, key, "HS256"),
        "forged": jwt.encode(claims, b"k" * 32, "HS256"),
        "unsigned": jwt.encode(claims, "", "none"),
        "endless": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, key, "HS256"),
        "junk": "junk",
        "basic": "",
    }
    sent = f"Bearer {tokens[kind]}" if kind != "basic" else "Basic eDp5"
    response = api.get(DAYS, headers={"Authorization": sent})
    assert (response.status_code, response.json()["type"]) == (401, "/problems/unauthenticated")
    is_renewed = "invalid_token" in response.headers["www-authenticate"]
    assert is_renewed is (kind != "basic")


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path))
    assert signing_key(settings) == signing_key(settings)
    (file,) = (tmp_path / "_keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert signing_key(Settings(lake=str(tmp_path), token_secret=SecretStr("s" * 32))) == b"s" * 32


@pytest.mark.parametrize("lake", ["lake", "abfss://c@account.dfs.core.windows.net/lake"])
def test_a_key_that_can_be_guessed_signs_nothing(tmp_path: Path, lake: str) -> None:
    root = lake if "://" in lake else str(tmp_path / lake)
    with pytest.raises(WeakSecret, match="shorter than 32 bytes"):
        signing_key(Settings(lake=root, token_secret=SecretStr("s" * 31)))


def test_a_lake_in_the_cloud_needs_a_key_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    away = "abfss://c@account.dfs.core.windows.net/lake"
    with pytest.raises(NoSecret, match="set ELIQ_TOKEN_SECRET"):
        signing_key(Settings(lake=away))
    assert signing_key(Settings(lake=away, token_secret=SecretStr("s" * 32))) == b"s" * 32
    assert not list(tmp_path.iterdir())


def test_nobody_gets_a_token_of_a_partner_whose_files_would_be_lost(settings: Settings) -> None:
    for partner in ("_acme", ".x", "a/b", ""):
        with pytest.raises(NoPartnerId, match="is no partner id"):
            token(partner, settings=settings)


def test_a_parameter_that_there_is_not_is_refused_not_ignored(api: TestClient) -> None:
    refused = api.get(f"{DAYS}&as-of=2025-10-21&x=1")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/bad-request")
    assert [e["field"] for e in refused.json()["errors"]] == ["as-of", "x"]
    assert refused.json()["cure"] == "did you mean as_of?"
    assert "x-request-id" in refused.headers
    assert api.get(f"{DAYS}&x=1", headers={"Authorization": ""}).status_code == 401


def test_an_unchanged_answer_is_304_and_a_changed_table_is_not(tmp_path: Path, lake: Path) -> None:
    for table in ("silver/locations", "gold/energy_daily"):
        write_deltalake(str(tmp_path / table), DeltaTable(str(lake / table)).to_pyarrow_table())
    settings = Settings(lake=str(tmp_path))
    with TestClient(create_app(settings)) as api:
        api.headers["Authorization"] = f"Bearer {token('northgrid', settings=settings)}"
        first = api.get(DAYS)
        again = api.get(DAYS, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        other = api.get(DAYS + "&include=cost", headers={"If-None-Match": first.headers["etag"]})
        assert other.status_code == 200
        DeltaTable(str(tmp_path / "gold/energy_daily")).delete("local_date = '2025-10-20'")
        changed = api.get(DAYS, headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200
        assert changed.json()["elements"][0]["energy_kwh"] is None


def test_partners_never_share_an_answer(api: TestClient, settings: Settings) -> None:
    mine = api.get("/v1/locations")
    theirs = f"Bearer {token('southgrid', settings=settings)}"
    response = api.get(
        "/v1/locations", headers={"Authorization": theirs, "If-None-Match": mine.headers["etag"]}
    )
    assert [i["location_id"] for i in response.json()["items"]] == ["secret"]


def test_answers_are_zipped_for_who_can_read_it(api: TestClient) -> None:
    plain = api.get(DAYS, headers={"Accept-Encoding": "identity"})
    zipped = api.get(DAYS, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in zipped.headers["vary"]
    assert int(zipped.headers["content-length"]) < len(plain.content) / 3
    assert zipped.json() == plain.json()


def test_every_answer_has_a_request_id(api: TestClient) -> None:
    assert api.get(DAYS, headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    made = api.get(DAYS, headers={"X-Request-Id": "no spaces"}).headers["x-request-id"]
    assert len(made) == 16


def test_what_is_not_there_is_a_problem_too(api: TestClient) -> None:
    for method, path, status in (("GET", "/nope", 404), ("POST", "/v1/locations", 405)):
        response = api.request(method, path)
        assert response.status_code == response.json()["status"] == status
        assert response.headers["content-type"] == "application/problem+json"


def test_head_is_get_without_its_body(api: TestClient) -> None:
    got, asked = api.get(DAYS), api.head(DAYS)
    assert (asked.status_code, asked.content) == (200, b"")
    for header in ("etag", "content-length", "content-type"):
        assert asked.headers[header] == got.headers[header]
    assert api.head("/healthz").status_code == 200
    assert api.head("/v1/locations/nobody").status_code == 404


def test_an_address_with_a_slash_more_is_another_one(api: TestClient) -> None:
    """It is not sent elsewhere: a client would follow to plain http behind a proxy."""
    assert api.get("/v1/locations/", follow_redirects=False).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/locations?search=a%00",
        "/v1/locations/a%00b/import?from=2025-10-26&to=2025-10-27",
        "/v1/prices/%00?from=2025-10-26&to=2025-10-27",
        f"/v1/locations?cursor={closed(['northgrid', chr(0)])}",
        f"/v1/locations?cursor={closed(['northgrid', chr(0xD800)])}",
        f"/v1/locations?cursor={closed(['northgrid', 1])}",
        f"/v1/locations?cursor={closed({'northgrid': 1, 'castle': 2})}",  # type: ignore[arg-type]
    ],
)
def test_what_no_table_holds_is_a_bad_request(api: TestClient, path: str) -> None:
    response = api.get(path)
    assert (response.status_code, response.headers["content-type"]) == (
        422, "application/problem+json")  # fmt: skip


@pytest.mark.parametrize("file", [openapi.DOCUMENT, openapi.MANAGEMENT])
def test_a_document_shows_what_is_sent(file: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    components = {"components": document["components"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                for kind, content in response.get("content", {}).items():
                    is_problem = status == "default" or status >= "400"
                    assert (kind == "application/problem+json") is is_problem, (method, path)
                    if "example" in content:
                        schema = Draft202012Validator(content["schema"] | components)
                        assert not list(schema.iter_errors(content["example"])), (method, path)


def test_every_problem_type_has_its_page(api: TestClient) -> None:
    problem = api.get("/nope").json()
    assert "There is nothing at this address." in api.get(problem["type"]).text
    assert api.get("/problems/nope").status_code == 404


def test_a_broken_table_is_500_without_its_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(lake=str(tmp_path))
    (tmp_path / "silver/locations/_delta_log").mkdir(parents=True)
    (tmp_path / "silver/locations/_delta_log/00000000000000000000.json").write_text("{broken")
    with TestClient(create_app(settings), raise_server_exceptions=False) as api:
        api.headers["Authorization"] = f"Bearer {token('p', settings=settings)}"
        response = api.get(DAYS)
    assert (response.status_code, response.json()["type"]) == (500, "/problems/internal")
    assert response.json()["request_id"] in caplog.text
    assert "broken" not in response.text
    assert str(tmp_path) not in response.text


def test_the_lake_may_be_empty(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path / "not there yet"))
    with TestClient(create_app(settings)) as api:
        api.headers["Authorization"] = f"Bearer {token('p', settings=settings)}"
        assert api.get("/v1/locations").json() == {
            "data_until": None,
            "items": [],
            "next_cursor": None,
        }
        assert api.get("/healthz").json() == {"status": "ok"}


def test_metrics_count_by_endpoint_never_by_address(api: TestClient) -> None:
    api.get(DAYS)
    api.get("/nope")
    text = api.get("/metrics").text
    assert (
        'eliq_requests_total{endpoint="/v1/locations/{location_id}/import",status="200"} 1' in text
    )
    assert "castle" not in text
    assert 'endpoint="unknown",status="404"' in text


def test_the_openapi_document_is_the_golden_one() -> None:
    """``python -m serving.openapi`` renews it."""
    assert openapi.written() == openapi.DOCUMENT.read_text(encoding="utf-8")
    document = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["responses"]["200"]["content"]["application/json"]["example"], path
            assert operation["security"], path


def test_the_page_gets_a_token_on_the_developers_machine_only(
    page: TestClient, api: TestClient, settings: Settings
) -> None:
    given = page.get("/session").json()["token"]
    bearer = {"Authorization": f"Bearer {given}"}
    assert len(page.get("/v1/locations", headers=bearer).json()["items"]) == 4
    assert api.get("/session").json() == {"token": None}
    for headers in (
        {"host": "attacker.example"},
        {"host": "127.0.0.1.attacker.example:8000"},
        {"host": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"x-forwarded-for": "203.0.113.7"},
    ):
        assert page.get("/session", headers=headers).json() == {"token": None}
    app = create_app(settings, is_developer=True)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("203.0.113.7", 5)) as remote:
        assert remote.get("/session").json() == {"token": None}


def test_a_token_of_all_partners_says_whose_location_it_means(
    page: TestClient, settings: Settings
) -> None:
    bearer = {"Authorization": f"Bearer {page.get('/session').json()['token']}"}
    span = {"from": "2025-10-26", "to": "2025-10-27"}
    address = "/v1/locations/secret/import"
    assert page.get(address, params=span, headers=bearer).status_code == 200
    own = {"partner_id": "southgrid"}
    assert page.get(address, params=span | own, headers=bearer).status_code == 200
    other = {"partner_id": "northgrid"}
    assert page.get(address, params=span | other, headers=bearer).status_code == 404


def test_a_partners_token_cannot_be_widened(api: TestClient, settings: Settings) -> None:
    wide = signed_token(
        signing_key(settings), partner="northgrid", subject="x", scope="insights.read.all",
        now=datetime.now(UTC), lasts=timedelta(hours=1),
    )  # fmt: skip
    response = api.get("/v1/locations", headers={"Authorization": f"Bearer {wide}"})
    assert response.status_code == 403


def test_the_page_may_load_nothing_from_elsewhere(api: TestClient) -> None:
    for path in ("/", "/web/page.js", "/web/page.css", "/web/chart.js", "/web/icon.svg"):
        response = api.get(path)
        assert response.status_code == 200
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "https://" not in response.text
        assert api.get(path, headers={"If-None-Match": response.headers["etag"]}).status_code == 304
    assert api.get("/web/..%2fapp.py").status_code == 404


def test_a_port_in_use_is_one_clear_line(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CannotListen, match="cannot listen on 127") as error:
            serve(port=taken.getsockname()[1], settings=settings)
    assert "--port" in error.value.cure


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_server_starts_light_answers_and_ends_cleanly(lake: Path, stop: signal.Signals) -> None:
    code = (
        "import sys; from serving.commands import serve; serve(port=0); "
        "sys.exit(len({'pyspark', 'pandas', 'pyarrow'} & sys.modules.keys()))"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"ELIQ_LAKE": str(lake)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[5]
            with direct.open(f"{address}/session", timeout=10) as answer:
                bearer = {"Authorization": f"Bearer {json.load(answer)['token']}"}
            path = DAYS + "&partner_id=northgrid"
            with direct.open(urllib.request.Request(address + path, headers=bearer)) as answer:
                assert len(json.load(answer)["elements"]) == 13
            server.send_signal(stop)
            _, complaints = server.communicate(timeout=20)
        finally:
            server.kill()
    assert (server.returncode, complaints) == (0, "")

"""Webhooks against a real receiver: signed, at least once, never to inner addresses."""

import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from serving.data_management.deliveries import addresses
from serving.data_management.deliveries import sender as webhook_sender
from serving.data_management.deliveries.addresses import BadAddress, plain, receiver
from serving.data_management.deliveries.signing import is_signed, signature
from serving.data_management.outlets.port import Sent
from serving.data_management.outlets.segments import written

Wait = Callable[..., Any]
Serve = Callable[[Path, int], AbstractContextManager[Popen[bytes]]]
CSV = b"meter_id,starts_at,resolution,value,unit\nm,2025-10-26T00:00:00Z,PT1H,0.1,kWh\n"


def block(**fields: Any) -> dict[str, Any]:
    return {"meter_id": "m", "starts_at": "2025-10-26T00:00:00Z", "resolution": "PT1H",
            "values": [1], **fields}  # fmt: skip


@dataclass
class Receiver:
    """A server that keeps what it got, and answers with the statuses that it is given."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiving() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append((dict(self.headers), body))
            self.send_response(found.statuses.pop(0) if found.statuses else 204)
            self.send_header("Location", f"{found.url}elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[TestClient]:
    """Northgrid's client of a developer's server, which tries again after a tenth of a second."""
    with running(tmp_path) as client:
        yield client


@contextmanager
def running(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(lake=f"{tmp_path}/lake")
    app = create_app(settings, is_developer=True)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.base_url = client.base_url.join("/data-management/v1/")
        given = token("northgrid", "data.read data.write", settings=settings)
        client.headers["Authorization"] = f"Bearer {given}"
        app.state.mounted[0].state.webhooks.first_s = 0.1
        yield client


def subscribed(client: TestClient, url: str, *event_types: str) -> dict[str, Any]:
    answer = client.post("webhooks", json={"url": url, "event_types": list(event_types)})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def deliveries(client: TestClient, hook: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"webhooks/{hook['webhook_id']}/deliveries").json()[
        "items"
    ]
    return found


def test_only_the_version_that_was_seen_is_changed(partner: TestClient) -> None:
    hook = subscribed(partner, "https://receiver.example/hooks")
    path = f"webhooks/{hook['webhook_id']}"
    seen = partner.get(path)
    old = {"If-Match": seen.headers["etag"]}
    assert partner.get(path, headers={"If-None-Match": old["If-Match"]}).status_code == 304
    changed = partner.patch(path, json={"is_paused": True}, headers=old)
    assert changed.json() == seen.json() | {"is_paused": True}
    assert changed.headers["etag"] == partner.get(path).headers["etag"] != old["If-Match"]
    for late in (
        partner.patch(path, json={"is_paused": False}, headers=old),
        partner.post(f"{path}/rotate", headers=old),
        partner.delete(path, headers=old),
    ):
        assert (late.status_code, late.json()["type"]) == (412, "/problems/changed-meanwhile")
    assert partner.get(path).json() == changed.json()


def test_a_job_is_told_signed_and_again_until_it_is_taken(
    partner: TestClient, receiving: Receiver, waited_for: Wait
) -> None:
    receiving.statuses = [500, 302, 410]
    hook = subscribed(partner, receiving.url, "job.completed")
    partner.post("jobs?kind=readings", content=CSV)
    waited_for(lambda: len(receiving.got) >= 4)
    for headers, body in receiving.got:
        signed = headers["Webhook-Signature"]
        assert is_signed(body, signed, secret=hook["secret"], now_s=time.time())
        assert not is_signed(body + b" ", signed, secret=hook["secret"], now_s=time.time())
        assert not is_signed(body, signed, secret="whsec_other", now_s=time.time())
        assert not is_signed(body, signed, secret=hook["secret"], now_s=time.time() + 600)
    assert len({body for _, body in receiving.got}) == 1
    event = json.loads(receiving.got[0][1])
    assert event["type"] == "job.completed"
    assert event["data"]["rows_done"] == 1
    (sent,) = waited_for(
        lambda: [d for d in deliveries(partner, hook) if d["state"] == "delivered"]
    )
    assert (sent["attempts"], sent["answer_status"], sent["event_id"]) == (
        4, 204, event["event_id"])  # fmt: skip


def test_only_what_is_subscribed_is_sent_and_nothing_while_paused(
    tmp_path: Path, receiving: Receiver, waited_for: Wait
) -> None:
    with running(tmp_path) as partner:
        subscribed(partner, receiving.url, "job.failed")
        everything = subscribed(partner, receiving.url)
        path = f"webhooks/{everything['webhook_id']}"
        assert partner.patch(path, json={"is_paused": True}).json()["is_paused"] is True
        meanwhile = subscribed(partner, receiving.url, "job.completed")
        partner.post("jobs?kind=readings", content=CSV)
        waited_for(lambda: deliveries(partner, everything))
        waited_for(lambda: receiving.got)
        assert partner.delete(f"webhooks/{meanwhile['webhook_id']}").status_code == 204
    # The sender has ended, so nothing is under way: of the three only one was sent to.
    (got,) = receiving.got
    receiving.got.clear()
    with running(tmp_path) as partner:
        partner.patch(path, json={"is_paused": False})
        waited_for(lambda: receiving.got)
        bad = CSV + b"m,2025-10-26T01:00:00Z,PT1H,-1,kWh\n"
        partner.post("jobs?kind=readings&all_or_nothing=true", content=bad)
        waited_for(lambda: len(receiving.got) >= 4)
    assert receiving.got[0][1] == got[1]
    kinds = sorted(json.loads(body)["type"] for _, body in receiving.got)
    assert kinds == ["job.completed", "job.failed", "job.failed", "readings.rejected"]


def test_a_dry_run_of_a_job_announces_no_rejected_readings(
    partner: TestClient, receiving: Receiver, waited_for: Wait
) -> None:
    hook = subscribed(partner, receiving.url)
    bad = CSV + b"m,2025-10-26T01:00:00Z,PT1H,-1,kWh\n"
    partner.post("jobs?kind=readings&dry_run=true", content=bad)
    (sent,) = waited_for(lambda: deliveries(partner, hook))
    assert sent["event_type"] == "job.completed"


def test_what_a_request_refuses_is_told_once_with_counts_and_reasons(
    partner: TestClient, tmp_path: Path, receiving: Receiver, waited_for: Wait
) -> None:
    settings = Settings(lake=f"{tmp_path}/lake")
    theirs = token("southgrid", "data.read data.write", settings=settings)
    headers = {"Authorization": f"Bearer {theirs}"}
    body = {"url": receiving.url}
    their_hook = partner.post("webhooks", json=body, headers=headers).json()
    hook = subscribed(partner, receiving.url, "readings.rejected")
    bad = [block(values=[-1]), block(values=[-1], unit="BTU"), block(unit="BTU")]
    for path in ("readings?dry_run=true", "readings?dry_run=true&all_or_nothing=true", "readings"):
        partner.post(path, json=[block()])
    for path, sent in (("readings", bad), ("readings", [block(), *bad])):
        partner.post(f"{path}?dry_run=true", json=sent)
    assert deliveries(partner, hook) == []

    for _ in range(2):
        key = {"Idempotency-Key": "k"}
        assert partner.post("readings", json=[block(), *bad], headers=key).status_code == 202
    assert partner.post("readings", json=bad[:1]).status_code == 422
    waited_for(lambda: len(receiving.got) >= 2, 20)
    at_once, landed = (json.loads(body)["data"] for _, body in receiving.got)
    assert at_once.pop("received_at") > landed.pop("received_at")
    assert at_once == {"blocks_taken": 0, "blocks_refused": 1, "reasons": {"negative": 1}}
    reasons = {"negative": 2, "unknown_unit": 2}
    assert landed == {"blocks_taken": 1, "blocks_refused": 3, "reasons": reasons}
    assert len(deliveries(partner, hook)) == 2
    path = f"webhooks/{their_hook['webhook_id']}/deliveries"
    assert partner.get(path, headers=headers).json()["items"] == []


def test_what_was_refused_is_told_once_though_the_server_died(tmp_path: Path) -> None:
    refused = {"blocks_taken": 1, "blocks_refused": 1, "reasons": {"negative": 1}}
    at = datetime(2025, 10, 26, tzinfo=UTC)
    sent = Sent("northgrid", at, [b"{}"], ["m"], [1], [17], rejected=refused)
    with running(tmp_path) as client:
        hook = subscribed(client, "https://receiver.example/hooks")
        client.patch(f"webhooks/{hook['webhook_id']}", json={"is_paused": True})
    for _ in range(2):
        left = tmp_path / "lake/_spool/readings/0-left.segment"
        left.write_bytes(written(sent))
        with running(tmp_path) as client:
            (told,) = deliveries(client, hook)
            assert told["event_type"] == "readings.rejected"
        assert not left.exists()


def test_two_tests_of_one_second_are_two_events(partner: TestClient, receiving: Receiver) -> None:
    """A receiver that keeps the ids which it has seen gets both."""
    partner.app.state.mounted[0].state.clock = lambda: datetime(2026, 11, 29, tzinfo=UTC)  # type: ignore[attr-defined]
    hook = subscribed(partner, receiving.url)
    ids = {partner.post(f"webhooks/{hook['webhook_id']}/test").json()["event_id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_rotated_secret_signs_beside_the_old_one(
    partner: TestClient, receiving: Receiver, waited_for: Wait
) -> None:
    old = subscribed(partner, receiving.url)
    path = f"webhooks/{old['webhook_id']}"
    new = partner.post(f"{path}/rotate").json()
    assert new["old_secret_until"]
    assert new["secret"] != old["secret"]
    assert partner.get(path).json()["secret"] is None
    assert partner.post(f"{path}/test").status_code == 202
    ((headers, body),) = waited_for(lambda: receiving.got)
    for secret in (old["secret"], new["secret"]):
        assert is_signed(body, headers["Webhook-Signature"], secret=secret, now_s=time.time())
    again = deliveries(partner, old)[0]["delivery_id"]
    assert partner.post(f"{path}/deliveries/{again}/redeliver").status_code == 202
    waited_for(lambda: len(receiving.got) == 2)
    assert partner.delete(path).status_code == 204
    assert partner.get(path).status_code == 404


def test_a_receiver_that_is_not_there_is_told_of_in_the_log(
    partner: TestClient, waited_for: Wait, free_port: int
) -> None:
    hook = subscribed(partner, f"http://127.0.0.1:{free_port}/")
    partner.post(f"webhooks/{hook['webhook_id']}/test")
    (sent,) = waited_for(lambda: [d for d in deliveries(partner, hook) if d["attempts"] >= 2])
    assert (sent["state"], sent["answer_status"]) == ("pending", None)
    assert sent["problem"] == "no answer: ConnectionRefusedError"


def test_a_receiver_that_does_not_answer_is_slow_alone(
    partner: TestClient, receiving: Receiver, waited_for: Wait
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = subscribed(partner, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        for _ in range(30):
            assert partner.post(f"webhooks/{slow['webhook_id']}/test").status_code == 202
        hook = subscribed(partner, receiving.url)
        partner.post(f"webhooks/{hook['webhook_id']}/test")
        waited_for(lambda: receiving.got, 5)


def test_a_partner_whose_receivers_do_not_answer_is_slow_alone(
    partner: TestClient, receiving: Receiver, tmp_path: Path, waited_for: Wait
) -> None:
    settings = Settings(lake=f"{tmp_path}/lake")
    theirs = token("southgrid", "data.read data.write", settings=settings)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        for n in range(16):
            slow = subscribed(partner, f"http://127.0.0.1:{silent.getsockname()[1]}/{n}")
            assert partner.post(f"webhooks/{slow['webhook_id']}/test").status_code == 202
        partner.headers["Authorization"] = f"Bearer {theirs}"
        hook = subscribed(partner, receiving.url)
        partner.post(f"webhooks/{hook['webhook_id']}/test")
        waited_for(lambda: receiving.got, 5)


def test_a_receiver_that_lets_the_handshake_wait_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook_sender, "_DEADLINE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = addresses.Receiver("https", "localhost", "127.0.0.1", silent.getsockname()[1], "/")
        call = webhook_sender._Call("d", "w", "northgrid", "test", b"{}", "", ["s"])  # noqa: SLF001
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - an error of the network, as it comes
            webhook_sender._answered(at, call, 0)  # noqa: SLF001
        assert time.monotonic() - began < webhook_sender._TIMEOUT_S  # noqa: SLF001


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.0.1/",
        "https://169.254.169.254/latest", "https://[::1]/", "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://100.64.0.1/",
        "https://0.0.0.0/", "https://224.0.0.1/", "https://me:secret@example.com/",
        "https:///path", "https://example.com:99999/", "ftp://example.com/", "https://exa mple/",
        "https://example.com/#part", "file:///etc/passwd", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(registry: TestClient, url: str) -> None:
    answer = registry.post("webhooks", json={"url": url})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/bad-address"


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        (["93.184.215.14"], None), (["93.184.215.14", "2606:4700::1111"], None),
        (["93.184.215.14", "10.0.0.1"], "not public"), (["fd00::1", "93.184.215.14"], "not public"),
        (["127.0.0.1"], "not public"), (["fe80::1%eth0"], "not public"), ([], "has no address"),
    ],
)  # fmt: skip
def test_a_name_is_judged_by_every_address_that_it_has(
    monkeypatch: pytest.MonkeyPatch, found: list[str], refused: str | None
) -> None:
    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        assert (host, port) == ("receiver.example", 8443)
        if not found:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = "https://receiver.example:8443/x?y=1"
    assert plain(url, is_developer=False) == url
    if refused:
        with pytest.raises(BadAddress, match=refused):
            receiver(url, is_developer=False)
    else:
        assert receiver(url, is_developer=False) == addresses.Receiver(
            "https", "receiver.example", found[0], 8443, "/x?y=1")  # fmt: skip


def test_a_developer_may_send_to_this_machine_and_nobody_else_may() -> None:
    assert plain("https://localhost/x", is_developer=False)
    with pytest.raises(BadAddress, match="not public"):
        receiver("https://localhost/x", is_developer=False)
    assert receiver("http://localhost:1/x?y=1", is_developer=True).target == "/x?y=1"


def test_a_signature_is_the_documented_one() -> None:
    """HMAC-SHA256 of `<t>.<body>`, as any library makes it."""
    found = signature(b"{}", at_s=1_761_550_000, secrets=["whsec_a"])
    by_hand = hmac.new(b"whsec_a", b"1761550000.{}", "sha256").hexdigest()
    assert found == f"t=1761550000,v1={by_hand}"
    assert is_signed(b"{}", found, secret="whsec_a", now_s=1_761_550_010)
    assert not is_signed(b"{}", "v1=", secret="whsec_a", now_s=0)
    assert not is_signed(b"{}", "t=1,v1=é", secret="whsec_a", now_s=1)


@pytest.mark.slow
def test_a_delivery_goes_on_after_a_kill(
    tmp_path: Path, receiving: Receiver, waited_for: Wait, served: Serve, free_port: int
) -> None:
    lake = tmp_path / "lake"
    given = token("northgrid", "data.read data.write", settings=Settings(lake=str(lake)))
    at = f"http://127.0.0.1:{free_port}/data-management/v1"
    receiving.statuses = [503]
    with httpx.Client(headers={"Authorization": f"Bearer {given}"}, timeout=30) as client:
        with served(lake, free_port) as process:
            hook = client.post(f"{at}/webhooks", json={"url": receiving.url}).json()
            client.post(f"{at}/webhooks/{hook['webhook_id']}/test")
            waited_for(lambda: receiving.got)
            process.kill()
            process.wait()
        with served(lake, free_port):
            waited_for(lambda: len(receiving.got) >= 2, 90)
    first, *rest = receiving.got
    assert first[0]["Webhook-Id"] == rest[0][0]["Webhook-Id"]
    assert first[1] == rest[0][1]

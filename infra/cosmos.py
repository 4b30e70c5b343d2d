"""A Cosmos DB server from npm, behind a relay that gives it a change feed that goes on: for tests.

The server's own feed can only be read from its beginning: it answers 304 to every call that comes
with a position. The relay numbers changes, as the service numbers them, answers with those behind
the position that is asked for, a page at a time, and passes on everything else.
"""

import contextlib
import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.kafka import free_ports
from infra.npm import package
from lake.errors import LakeError

VERSION = "1.0.1"
START_S = 30


class CosmosFailed(LakeError):
    """The server did not start."""

    code = "cosmos-failed"


@dataclass
class Cosmos:
    """``plain`` is the server's own address, ``relay`` the one with a feed that goes on.

    ``calls`` are the positions that the feed was asked for; where ``answers`` is not empty, its
    next status code is given to the next call of the feed instead.
    """

    plain: str
    relay: str
    calls: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    # By container and document: its version and the number of its last change.
    seen: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)

    def connection_string(self, address: str) -> str:
        """Return how a client logs in; the server takes any key."""
        return f"AccountEndpoint=http://{address}/;AccountKey=a2V5;"


@contextlib.contextmanager
def cosmos(folder: Path) -> Iterator[Cosmos]:
    """Run the server, with its log in a folder; raises NoNpm, CosmosFailed."""
    command = package("@vercel/cosmosdb-server", VERSION) / "lib" / "cli.js"
    plain, relay = free_ports(2)
    folder.mkdir(parents=True, exist_ok=True)
    host, port = plain.split(":")
    with (folder / "cosmos.log").open("wb") as log:
        process = subprocess.Popen(
            ["node", str(command), "--no-ssl", "--host", host, "-p", port],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    server = Cosmos(plain, relay)
    handler = type("Handler", (_Relay,), {"cosmos": server})
    relaying = ThreadingHTTPServer((host, int(relay.split(":")[1])), handler)
    thread = threading.Thread(target=relaying.serve_forever, daemon=True)
    try:
        _ready(plain, process, folder / "cosmos.log")
        thread.start()
        yield server
        relaying.shutdown()
        thread.join()
    finally:
        relaying.server_close()
        process.terminate()
        process.wait()


def _ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection(address, timeout=1)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        time.sleep(0.1)
    raise CosmosFailed(f"the Cosmos DB server did not start: {log.read_text()[-1000:]}")


class _Relay(BaseHTTPRequestHandler):
    cosmos: Cosmos
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {n.lower(): v for n, v in self.headers.items()}
        is_feed = "a-im" in headers and self.path.rstrip("/").endswith("/docs")
        position = headers.pop("if-none-match", "") if is_feed else ""
        most = int(headers.pop("x-ms-max-item-count", 100)) if is_feed else 0
        connection = http.client.HTTPConnection(self.cosmos.plain, timeout=30)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
            told = {n.lower(): v for n, v in answer.getheaders()}
        if is_feed and status == 200:
            status, content, told = self._feed(position, most, json.loads(content), told)
        self._answer(status, content, told)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _pass_on  # noqa: N815

    def _feed(
        self, position: str, most: int, whole: dict[str, Any], told: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        cosmos = self.cosmos
        cosmos.calls.append(position)
        if cosmos.answers:
            return cosmos.answers.pop(0), b'{"code": "Test", "message": "as asked"}', told
        seen = cosmos.seen.setdefault(self.path, {})
        for document in whole["Documents"]:
            if seen.get(document["_rid"], ("", 0))[0] != document["_etag"]:
                number = max((n for _, n in seen.values()), default=0) + 1
                seen[document["_rid"]] = (document["_etag"], number)
        after = int(position.strip('"') or 0)
        numbers = [seen[d["_rid"]][1] for d in whole["Documents"]]
        changed = sorted((number, n) for n, number in enumerate(numbers) if number > after)[:most]
        documents = [whole["Documents"][n] for _, n in changed]
        told = {n: v for n, v in told.items() if n != "x-ms-continuation"}
        told["etag"] = f'"{changed[-1][0] if changed else after}"'
        told["x-ms-item-count"] = str(len(documents))
        page = {**whole, "Documents": documents, "_count": len(documents)}
        return (200 if changed else 304), json.dumps(page).encode() if changed else b"", told

    def _answer(self, status: int, content: bytes, told: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in told.items():
            if name not in ("content-length", "connection", "date", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Say nothing."""

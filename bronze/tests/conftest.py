"""What tests of pulls share: a source of our own, which answers what a test tells it to."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from lake.settings import Settings


@dataclass
class Reply:
    """An answer; ``silent`` is how long it keeps us waiting, ``cut`` how much of it comes."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: float = 0
    cut: int | None = None
    is_length_told: bool = True


@dataclass
class Question:
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Server:
    """Answers in turn, by the beginning of the path; the last answer is given for ever."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self._replies: dict[str, list[Reply]] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                headers = {name.lower(): text for name, text in self.headers.items()}
                query = dict(parse_qsl(parts.query))
                server.questions.append(Question(parts.path, query, headers))
                reply = server.reply(parts.path)
                time.sleep(reply.silent)
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response_only(reply.status)
                    for name, text in reply.headers.items():
                        self.send_header(name, text)
                    if reply.is_length_told and reply.status not in (204, 304):
                        self.send_header("Content-Length", str(len(reply.body)))
                    self.end_headers()
                    self.wfile.write(reply.body[: reply.cut])

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def answers(self, *replies: Reply | bytes, to: str = "/") -> None:
        self._replies[to] = [r if isinstance(r, Reply) else Reply(r) for r in replies]

    def reply(self, path: str) -> Reply:
        known = [start for start in self._replies if path.startswith(start)]
        if not known:
            return Reply(b"no such page", 404)
        replies = self._replies[max(known, key=len)]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """Return a maker of answers."""
    return Reply


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a source on this machine."""
    started = Server()
    yield started
    started.stop()


@pytest.fixture
def sources(server: Server, tmp_path: Path) -> Settings:
    """Return settings in which every source is the one on this machine."""
    addresses: dict[str, Any] = {
        name: server.url for name in Settings.model_fields if name.endswith("_url")
    }
    return Settings(
        lake=str(tmp_path / "lake"),
        contact="ops@example.org",
        pull_attempts=3,
        pull_timeout_seconds=5,
        pull_pause_seconds=0.01,
        **addresses,
    )


@pytest.fixture
def pulled(sources: Settings) -> Callable[..., list[str]]:
    """Return a puller that does not wait: ``pulled(name, wanted)`` gives the lines it says."""
    from bronze.pulls import source
    from bronze.pulls.asking import Asker
    from bronze.pulls.pulling import pull

    def run(name: str, wanted: Any, settings: Settings = sources, **told: Any) -> list[str]:
        waits = told.pop("waits", [])
        with Asker(settings, wanted.clock, per_second=1e6, sleep=waits.append) as asker:
            return [str(one) for one in pull(source(name), wanted, settings, asker=asker, **told)]

    return run


@pytest.fixture
def landed(sources: Settings) -> Callable[..., list[str]]:
    """Return a reader of what landed: the lines of all files of a kind, headers left out."""

    def read(kind: str) -> list[str]:
        files = sorted((Path(sources.root) / "landing" / kind).glob("*/*/*.csv"))
        return [line for file in files for line in file.read_text().splitlines()[1:]]

    return read

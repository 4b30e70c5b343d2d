"""The Insights API with kept answers against a bare FastAPI route that sends the same bytes.

Both are servers with the settings of `lake serve`, one process each; 50 clients in a third process
ask one question over and over. The servers take turns, three each; the best turn counts.
"""

import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measure import CommandFailed, running, tree_mib
from lake.reading import Reader
from lake.settings import Settings
from serving.access import READ, REQUESTS_A_MINUTE, signed_token
from silver.contracts import LOCATIONS

API, BARE = "insights api", "bare route"
CLIENTS, TURNS = 50, 3
# The API's limit, a minute and token; each client has a token of its own for each turn.
MOST = CLIENTS * REQUESTS_A_MINUTE
_WEEK = "from=2025-12-08&to=2025-12-15&resolution=PT1H&include=cost&include=temperature"
_START_S = 60.0


@dataclass(frozen=True)
class Served:
    """A server under its best load: answers a second, ms until half and 99 % came, memory."""

    requests_a_second: float
    p50_ms: float
    p99_ms: float
    resident_mib: float


def served(folder: Path, lake: Path, *, requests: int) -> dict[str, Served]:
    """Measure both servers, by so many requests a turn, on a lake that the benchmark made."""
    reader = Reader(Settings(lake=str(lake)), {LOCATIONS.name: LOCATIONS})
    home = reader.rows(f"SELECT min(location_id) AS id FROM {LOCATIONS.name}")[0]["id"]
    path = f"/v1/locations/{home}/import?{_WEEK}"
    secret, body = secrets.token_hex(32), folder / "serving-body.json.gz"
    turns = [[_token(secret, f"{turn}-{n}") for n in range(CLIENTS)] for turn in range(TURNS)]
    api = [str(Path(sys.executable).with_name("lake")), "serve"]
    bare = [sys.executable, "-m", "benchmarks.serving_bare", str(body)]
    settings = {"ELIQ_LAKE": str(lake), "ELIQ_TOKEN_SECRET": secret}
    best: dict[str, Served] = {}
    with run_server(api, log=folder / "serving-api.log", settings=settings) as (api_pid, api_port):
        body.write_bytes(_answer(f"http://127.0.0.1:{api_port}{path}", turns[0][0]))
        with run_server(bare, log=folder / "serving-bare.log", settings={}) as (
            bare_pid,
            bare_port,
        ):
            for tokens in turns:
                for name, pid, port in ((API, api_pid, api_port), (BARE, bare_pid, bare_port)):
                    load = loaded("benchmarks.serving_load", (port, path, requests), tokens)
                    found = Served(**load, resident_mib=tree_mib(pid))
                    if name not in best or found.requests_a_second > best[name].requests_a_second:
                        best[name] = found
    return best


def _token(secret: str, subject: str) -> str:
    return signed_token(
        secret.encode(), partner="simulated", subject=subject, scope=READ,
        now=datetime.now(UTC), lasts=timedelta(hours=1),
    )  # fmt: skip


def _answer(url: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        body: bytes = answer.read()
    return body


@contextmanager
def run_server(
    command: Sequence[str], *, log: Path, settings: dict[str, str]
) -> Iterator[tuple[int, int]]:
    """Start a server on a free port; yield its process id and port when it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with running([*command, "--port", str(port)], log=log, settings=settings) as process:
        deadline = time.monotonic() + _START_S
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"{' '.join(command)} did not start", where=str(log))
            time.sleep(0.1)
        yield process.pid, port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:  # none listens, or none answers yet
        return False


def loaded(module: str, arguments: Sequence[object], tokens: Sequence[str]) -> dict[str, float]:
    """Let the clients of a load ask, in a process of their own; CommandFailed."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, input="\n".join(tokens), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise CommandFailed(f"{module} failed on {arguments[1]}: {done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found

"""The Insights API with kept answers against a bare FastAPI route that sends the same bytes.

Both are servers with the settings of `lake serve`, one process each; 50 clients in a third process
ask one question over and over: a year of days, then a month of hours. The servers take turns, three
each; the best turn counts. Before that one client asks the same of each home once, which nothing
has kept.
"""

import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measure import CommandFailed, running, tree_cpu_s, tree_mib
from gold.contracts import ENERGY_DAILY
from lake.reading import Reader
from lake.settings import Settings
from lake.sql_values import Row
from serving.access import READ, REQUESTS_A_MINUTE, signed_token

API, BARE = "insights api", "bare route"
FIRST = "first answers, one client"
CLIENTS, TURNS = 50, 3
# The API's limit, a minute and token; each client has a token of its own for each turn.
MOST = CLIENTS * REQUESTS_A_MINUTE
# What is asked, and of how many days before the newest.
QUESTIONS = {
    "a year of days": (365, "resolution=P1D"),
    "a month of hours": (31, "resolution=PT1H"),
}
_MOST_HOMES = 200
_START_S = 60.0


@dataclass(frozen=True)
class Served:
    """A server under its best load: answers a second, ms until half and 99 % came, memory.

    ``core_us`` are microseconds of one core a request, which other work on the machine hardly
    changes.
    """

    requests_a_second: float
    p50_ms: float
    p99_ms: float
    resident_mib: float
    core_us: float


@dataclass(frozen=True)
class _Server:
    """A server that listens, and the key of its tokens."""

    pid: int
    port: int
    key: str

    def token(self, partner: str, subject: str) -> str:
        return signed_token(
            self.key.encode(), partner=partner, subject=subject, scope=READ,
            now=datetime.now(UTC), lasts=timedelta(hours=1),
        )  # fmt: skip

    def answer(self, path: str, token: str) -> bytes:
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(asked) as answer:
            body: bytes = answer.read()
        return body


def served(folder: Path, lake: Path, *, requests: int) -> dict[str, dict[str, Served]]:
    """Measure first answers by question, and each question's servers, by so many requests a turn.

    The lake is only read.
    """
    homes, key = _homes(lake), secrets.token_hex(32)
    command = [str(Path(sys.executable).with_name("lake")), "serve"]
    settings = {"ELIQ_LAKE": str(lake), "ELIQ_TOKEN_SECRET": key}
    with run_server(command, log=folder / "serving-api.log", settings=settings) as (pid, port):
        api = _Server(pid, port, key)
        return {FIRST: {what: _first(api, homes, what) for what in QUESTIONS}} | {
            what: _side_by_side(folder, api, homes[0], what, requests=requests)
            for what in QUESTIONS
        }


def _homes(lake: Path) -> list[Row]:
    reader = Reader(Settings(lake=str(lake)), {ENERGY_DAILY.name: ENERGY_DAILY})
    return reader.rows(
        f"SELECT partner_id, location_id, max(local_date) AS day FROM {ENERGY_DAILY.name} "
        "WHERE direction = 'import' AND fuel = 'elec' GROUP BY partner_id, location_id "
        f"HAVING count(*) >= 365 ORDER BY partner_id, location_id LIMIT {_MOST_HOMES}"
    )


def _path(home: Row, what: str) -> str:
    days, resolution = QUESTIONS[what]
    end = home["day"] + timedelta(days=1)  # type: ignore[operator]
    span = f"from={end - timedelta(days=days)}&to={end}"
    return f"/v1/locations/{home['location_id']}/import?{span}&{resolution}"


def _first(api: _Server, homes: Sequence[Row], what: str) -> Served:
    """Ask one question of each home, one after the other, none asked before."""
    tokens = {str(home["partner_id"]): "" for home in homes}
    tokens = {partner: api.token(partner, f"first {what}") for partner in tokens}
    seconds, used = [], tree_cpu_s(api.pid)
    for home in homes:
        began = time.perf_counter()
        api.answer(_path(home, what), tokens[str(home["partner_id"])])
        seconds.append(time.perf_counter() - began)
    p50, p99 = np.percentile(seconds, (50, 99)) * 1000
    core_us = (tree_cpu_s(api.pid) - used) / len(seconds) * 1e6
    return Served(len(seconds) / sum(seconds), p50, p99, tree_mib(api.pid), core_us)


def _side_by_side(
    folder: Path, api: _Server, home: Row, what: str, *, requests: int
) -> dict[str, Served]:
    """Load both servers with one question in turns, and keep the best turn of each."""
    path, partner, body = _path(home, what), str(home["partner_id"]), folder / "serving-body.gz"
    turns = [
        [api.token(partner, f"{what} {turn}-{n}") for n in range(CLIENTS)] for turn in range(TURNS)
    ]
    body.write_bytes(api.answer(path, turns[0][0]))
    command = [sys.executable, "-m", "benchmarks.serving_bare", str(body)]
    best: dict[str, Served] = {}
    with run_server(command, log=folder / "serving-bare.log", settings={}) as (pid, port):
        for tokens in turns:
            for name, at in ((API, api), (BARE, _Server(pid, port, ""))):
                load = partial(loaded, "benchmarks.serving_load", (at.port, path, requests), tokens)
                side = under_load(at.pid, load, requests=requests)
                if name not in best or side.requests_a_second > best[name].requests_a_second:
                    best[name] = side
    return best


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


def under_load(pid: int, load: Callable[[], dict[str, float]], *, requests: int) -> Served:
    """Return what clients saw of a server while a load of so many requests ran, and its cost."""
    used = tree_cpu_s(pid)
    seen = load()
    core_us = (tree_cpu_s(pid) - used) / requests * 1e6
    return Served(**seen, resident_mib=tree_mib(pid), core_us=core_us)


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

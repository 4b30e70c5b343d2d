"""Readings sent to the Data Management API against a bare route that only parses the same bodies.

Both are servers with the settings of `lake serve`, one process each; clients in a third process
send. Every block is held against its registered meter, and every request has an Idempotency-Key and
is on the disk before it is acknowledged. The servers take turns, three each; the best turn counts.
Then readings come at the rate that is aimed at, whatever the answers take.
"""

import json
import secrets
import shutil
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.ingestion_load import BLOCKS, VALUES
from benchmarks.serving import Served, loaded, run_server, under_load
from serving.access import DATA_READ, DATA_WRITE, REQUESTS_A_MINUTE, signed_token

API, BARE, PACED = "data management api", "bare route", "api at the aimed rate"
CLIENTS, TURNS = 16, 3
MOST = CLIENTS * REQUESTS_A_MINUTE
READINGS = BLOCKS * VALUES
# What is aimed at: 50,000 readings a second, each acknowledged within 200 ms.
AIM = 50_000
_METERS = 400
_AT = "/data-management/v1"


def ingested(folder: Path, *, requests: int) -> dict[str, Served]:
    """Measure both servers, by so many requests a turn, on a lake of their own; CommandFailed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    secret = secrets.token_hex(32)
    turns = [[_token(secret, f"{turn}-{n}") for n in range(CLIENTS)] for turn in range(TURNS)]
    api = [str(Path(sys.executable).with_name("lake")), "serve"]
    bare = [sys.executable, "-m", "benchmarks.ingestion_bare"]
    settings = {"ELIQ_LAKE": str(folder / "lake"), "ELIQ_TOKEN_SECRET": secret}
    best: dict[str, Served] = {}
    with (
        run_server(api, log=folder / "api.log", settings=settings) as (api_pid, api_port),
        run_server(bare, log=folder / "bare.log", settings={}) as (bare_pid, bare_port),
    ):
        _register(api_port, _token(secret, "registration"))
        sides = ((API, api_pid, api_port, f"{_AT}/readings"),
                 (BARE, bare_pid, bare_port, "/v1/readings"))  # fmt: skip
        for tokens in turns:
            for name, pid, port, path in sides:
                load = partial(_load, port, path, requests, tokens)
                found = under_load(pid, load, requests=requests)
                if name not in best or found.requests_a_second > best[name].requests_a_second:
                    best[name] = found
        tokens = [_token(secret, f"paced-{n}") for n in range(CLIENTS)]
        few, rate = requests // 4, AIM / READINGS
        load = partial(_load, api_port, f"{_AT}/readings", few, tokens, rate=rate)
        best[PACED] = under_load(api_pid, load, requests=few)
    return best


def _token(secret: str, subject: str) -> str:
    return signed_token(
        secret.encode(), partner="simulated", subject=subject, scope=f"{DATA_READ} {DATA_WRITE}",
        now=datetime.now(UTC), lasts=timedelta(hours=1),
    )  # fmt: skip


def _register(port: int, token: str) -> None:
    """Register one home with all the meters."""
    home = {"user_id": "u", "country_code": "SE", "city": "Lund", "time_zone": "Europe/Stockholm"}
    meter = {"location_id": "h", "fuel": "elec", "direction": "import", "is_sub_meter": True,
             "supply_start": "2025-01-01"}  # fmt: skip
    said = [("users/u", {"name": "Kim"}), ("locations/h", home)]
    for path, body in [*said, *((f"meters/m{n}", meter) for n in range(_METERS))]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{_AT}/{path}", json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, method="PUT",
        )  # fmt: skip
        with urllib.request.urlopen(request):
            pass


def _load(
    port: int, path: str, requests: int, tokens: list[str], rate: float = 0
) -> dict[str, float]:
    arguments = (port, path, requests, _METERS, "--rate", rate)
    return loaded("benchmarks.ingestion_load", arguments, tokens)

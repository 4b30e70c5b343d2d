"""What tests of serving share: the lake of castle, its API's client, and a registry to write to.

`api` asks of the lake of castle.py. `registry` is a client of the Data Management API over an empty
lake; `with_user`, `with_home` and `with_meter` are the same client where user `u`, home `h` and
meter `m` (registered.py) are registered already.
"""

import json
import os
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.lacking import lacking
from infra.postgres import NoPostgres
from infra.postgres import postgres as postgres_server
from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from serving.tests.castle import put_all
from serving.tests.registered import HOME, METER

with warnings.catch_warnings():
    # Starlette's client prefers a package that the lock does not have yet, and takes httpx as well.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

Wait = Callable[..., Any]
Serve = Callable[[Path, int], AbstractContextManager[subprocess.Popen[bytes]]]


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tables of castle.py are, for all tests to read; none may change them."""
    root: Path = tmp_path_factory.mktemp("lake")
    put_all(root)
    return root


@pytest.fixture(scope="session")
def settings(lake: Path) -> Settings:
    return Settings(lake=str(lake))


@pytest.fixture
def api(settings: Settings) -> Iterator[TestClient]:
    """Northgrid's client."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {token('northgrid', settings=settings)}"
        yield client


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[TestClient]:
    """Northgrid's client of the Data Management API, over an empty lake."""
    here = Settings(lake=str(tmp_path / "lake"))
    with managing(here) as client:
        yield client


@contextmanager
def managing(settings: Settings, partner: str = "northgrid") -> Iterator[TestClient]:
    """Run the Data Management API; its addresses begin after the version."""
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.base_url = client.base_url.join("/data-management/v1/")
        given = token(partner, "data.read data.write market.write", settings=settings)
        client.headers["Authorization"] = f"Bearer {given}"
        yield client


@pytest.fixture
def with_user(registry: TestClient) -> TestClient:
    """Northgrid's client, where the user `u` is registered."""
    return _put(registry, "users/u", {})


@pytest.fixture
def with_home(with_user: TestClient) -> TestClient:
    """Northgrid's client, where the home `h` is registered."""
    return _put(with_user, "locations/h", HOME)


@pytest.fixture
def with_meter(with_home: TestClient) -> TestClient:
    """Northgrid's client, where the meter `m` is registered."""
    return _put(with_home, "meters/m", METER)


def _put(registry: TestClient, path: str, body: dict[str, Any]) -> TestClient:
    made = registry.put(path, json=body)
    assert made.status_code == 201, made.text
    return registry


@pytest.fixture
def landed(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Return a reader of the documents in landing, in the order in which they were said."""

    def read() -> list[dict[str, Any]]:
        files = (tmp_path / "lake/landing/registrations").glob("*/*/*.ndjson")
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        return sorted(map(json.loads, lines), key=lambda d: (d["known_at"], d["location_id"]))

    return read


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the address of a real PostgreSQL that lives as long as the tests."""
    try:
        with postgres_server() as address:
            yield address
    except NoPostgres as error:
        lacking("postgres", error)


@pytest.fixture(scope="session")
def waited_for() -> Wait:
    """Return what asks again and again until the answer is true, and returns it.

    It raises TimeoutError with the last answer where none was true in time.
    """

    def wait(found: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := found()):
            if time.monotonic() >= deadline:
                raise TimeoutError(f"still {value!r} after {seconds} s")
            time.sleep(0.05)
        return value

    return wait


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def served(waited_for: Wait) -> Serve:
    """Return what runs `lake serve` on a lake in a process of its own, to be killed."""

    @contextmanager
    def run(lake: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
        here = str(Path(__file__).parents[2])
        env = {**os.environ, "ELIQ_LAKE": str(lake), "PYTHONPATH": here}
        command = f"from serving.commands import serve; serve(port={port})"
        process = subprocess.Popen(
            [sys.executable, "-c", command], env=env, stdout=subprocess.DEVNULL, cwd=lake.parent
        )

        def answers() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
            return False

        try:
            waited_for(answers)
            yield process
        finally:
            process.kill()
            process.wait()

    return run

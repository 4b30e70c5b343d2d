"""A real PostgreSQL with its data in a folder of its own, for tests."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from infra.kafka import free_ports
from lake.errors import LakeError

START_S = 20
STOP_S = 20


class NoPostgres(LakeError):
    """There is no PostgreSQL here."""

    code = "no-postgres"


class PostgresFailed(LakeError):
    """PostgreSQL did not start."""

    code = "postgres-failed"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run a server and yield the address of its database; raises NoPostgres, PostgresFailed."""
    if not shutil.which("initdb") or not shutil.which("postgres"):
        raise NoPostgres("initdb and postgres are not on the PATH", cure="install PostgreSQL")
    # It does not run as root, and its socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = "nobody" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    port = free_ports(1)[0].split(":")[1]
    made = ["initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync"]  # fmt: skip
    subprocess.run(made, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
    running = ["postgres", "-D", f"{folder}/data", "-p", port, "-h", "127.0.0.1",
               "-k", str(folder), "-c", "fsync=off"]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(running, user=user, cwd=folder, stdout=log, stderr=log)
    try:
        address = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        _until_it_answers(address)
        yield address
    finally:
        server.terminate()
        server.wait(STOP_S)
        shutil.rmtree(folder, ignore_errors=True)


def _until_it_answers(address: str) -> None:
    engine = create_engine(address, poolclass=NullPool)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OperationalError), engine.connect():
            return
        time.sleep(0.1)
    raise PostgresFailed("PostgreSQL did not start")

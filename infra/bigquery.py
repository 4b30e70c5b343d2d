"""A local emulator of BigQuery's REST API, from PyPI in an environment of its own, for tests.

It weighs 400 MB, so tests do not fetch it: ``python -m infra.bigquery`` does, once.
"""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from infra.kafka import free_ports
from lake.errors import LakeError
from lake.spark.toolchain import cache_folder

# The emulator wants an extension of DuckDB, which PyPI has for an older version than its newest.
PACKAGES = (
    "bqemulator==1.4.0", "duckdb==1.5.5", "duckdb-extensions==1.5.5",
    "duckdb-extension-spatial==1.5.5", "numpy<3",
)  # fmt: skip
_EXTENSION = "from duckdb_extensions import import_extension; import_extension('spatial')"
START_S = 60


class NoBigQuery(LakeError):
    """There is no emulator here."""

    code = "no-bigquery"


class BigQueryFailed(LakeError):
    """The emulator did not start."""

    code = "bigquery-failed"


@contextlib.contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Run the emulator and yield its address; raises NoBigQuery, BigQueryFailed."""
    command = home() / "bin" / "bqemulator"
    if not command.is_file():
        raise NoBigQuery("there is no BigQuery emulator", cure="run `python -m infra.bigquery`")
    rest, grpc = (address.split(":")[1] for address in free_ports(2))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "bigquery.log").open("wb") as log:
        process = subprocess.Popen(
            [str(command), "start", "--rest-port", rest, "--grpc-port", grpc, "--ephemeral"],
            stdout=log, stderr=log, start_new_session=True, env=environment(),
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{rest}"
        deadline = time.monotonic() + START_S
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BigQueryFailed("the BigQuery emulator did not start", where=str(folder))
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


def home() -> Path:
    """Return the folder of its environment in the cache."""
    return cache_folder() / "pypi" / PACKAGES[0].replace("==", "-")


def environment() -> dict[str, str]:
    """Return the environment variables of its processes: DuckDB keeps extensions in HOME."""
    return {**os.environ, "HOME": str(home() / "home")}


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/bigquery/v2/projects", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


if __name__ == "__main__":
    python = str(home() / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(home())], check=True)
    (home() / "home").mkdir(exist_ok=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    subprocess.run([python, "-c", _EXTENSION], check=True, env=environment())
    print(f"{PACKAGES[0]} in {home()}")

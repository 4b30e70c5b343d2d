"""Azure's own emulator of its storage (npm azurite), in memory, with one container: for tests."""

import base64
import contextlib
import hashlib
import hmac
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from infra.kafka import free_ports
from infra.npm import package
from lake.errors import LakeError

VERSION = "3.35.0"
START_S = 60
# The account and key that the emulator is documented to have.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_API = "2021-08-06"


class AzuriteFailed(LakeError):
    """The emulator did not start."""

    code = "azurite-failed"


@dataclass(frozen=True)
class Storage:
    """A container: its ``url`` as ADLS has it, and what opens it by delta-rs's names."""

    url: str
    options: dict[str, str]


@contextlib.contextmanager
def azurite(folder: Path, container: str = "lake") -> Iterator[Storage]:
    """Run the emulator, with its log in a folder; raises NoNpm, AzuriteFailed."""
    command = package("azurite", VERSION) / "dist" / "src" / "blob" / "main.js"
    (address,) = free_ports(1)
    host, port = address.split(":")
    folder.mkdir(parents=True, exist_ok=True)
    told = ["--blobHost", host, "--blobPort", port, "--inMemoryPersistence", "--disableTelemetry"]
    # A client may be newer than what the emulator knows of.
    told += ["--skipApiVersionCheck"]
    with (folder / "azurite.log").open("wb") as log:
        process = subprocess.Popen(
            ["node", str(command), *told], stdout=log, stderr=log, cwd=folder
        )  # fmt: skip
    try:
        _made(f"http://{address}", container, process, folder / "azurite.log")
        yield Storage(
            f"abfss://{container}@{_ACCOUNT}.dfs.core.windows.net",
            {
                "azure_storage_account_key": _KEY,
                "azure_endpoint": f"http://{address}/{_ACCOUNT}",
                "azure_allow_http": "true",
            },
        )
    finally:
        process.terminate()
        process.wait()


def _made(
    address: str, container: str, process: "subprocess.Popen[bytes]", log: Path
) -> None:  # fmt: skip
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(_put(address, container)):
            return
        time.sleep(0.2)
    raise AzuriteFailed(f"the emulator did not start: {log.read_text()[-1000:]}")


def _put(address: str, container: str) -> urllib.request.Request:
    """Return the request that makes a container, signed by the key (Authorize with Shared Key)."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _API}
    signed = [*("PUT", *[""] * 11), *(f"{name}:{said}" for name, said in headers.items())]
    signed += [f"/{_ACCOUNT}/{_ACCOUNT}/{container}", "restype:container"]
    digest = hmac.digest(base64.b64decode(_KEY), "\n".join(signed).encode(), hashlib.sha256)
    headers["Authorization"] = f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"{address}/{_ACCOUNT}/{container}?restype=container"
    return urllib.request.Request(url, method="PUT", headers=headers | {"Content-Length": "0"})

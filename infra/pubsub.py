"""Google's own Pub/Sub emulator, where the Google Cloud CLI has brought it, for tests."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from infra.kafka import free_ports
from lake.errors import LakeError
from lake.spark import toolchain

START_S = 60
_CURE = "install it: gcloud components install pubsub-emulator"


class NoPubsub(LakeError):
    """There is no emulator here."""

    code = "no-pubsub"


class PubsubFailed(LakeError):
    """The emulator did not start."""

    code = "pubsub-failed"


@contextlib.contextmanager
def pubsub(folder: Path) -> Iterator[str]:
    """Run the emulator and yield its PUBSUB_EMULATOR_HOST; raises NoPubsub, PubsubFailed."""
    jar, (address,) = _jar(), free_ports(1)
    folder.mkdir(parents=True, exist_ok=True)
    host, port = address.split(":")
    with (folder / "pubsub.log").open("wb") as log:
        process = subprocess.Popen(
            [str(toolchain.java_home() / "bin" / "java"), "-Xmx256m", "-XX:+UseSerialGC",
             "-XX:TieredStopAtLevel=1", "-jar", str(jar), f"--host={host}", f"--port={port}"],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((host, int(port)), 0.3).close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise PubsubFailed("the Pub/Sub emulator did not start", where=str(folder))
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def _jar() -> Path:
    command = shutil.which("gcloud")
    if command is None:
        raise NoPubsub("there is no Google Cloud CLI", cure=_CURE)
    root = Path(command).resolve().parents[1]
    jars = sorted(
        (root / "platform" / "pubsub-emulator" / "lib").glob("cloud-pubsub-emulator-*.jar")
    )
    if not jars:
        raise NoPubsub("the Google Cloud CLI has no Pub/Sub emulator", where=str(root), cure=_CURE)
    return jars[-1]

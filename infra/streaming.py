"""`lake stream` as a process of its own, for tests and benchmarks: started, watched, ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lake.errors import LakeError

_EVERY_S = 0.1


class StreamFailed(LakeError):
    """The stream did not come to where it was waited for."""

    code = "stream-failed"


@dataclass
class Streaming:
    """A stream of one lake; ``settings`` are its ELIQ_* ones, its lines go to ``log``."""

    settings: Mapping[str, str]
    log: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start, or start again."""
        command = [str(Path(sys.executable).with_name("lake")), "stream", *self.arguments]
        around = {k: v for k, v in os.environ.items() if not k.startswith("ELIQ_")}
        kept = {k: os.environ[k] for k in ("ELIQ_TOOLS",) if k in os.environ}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**around, **kept, **self.settings}, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        """Return all that it has said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def until(self, is_there: Callable[[], bool], *, seconds: float) -> None:
        """Wait until something is there; StreamFailed where the stream ends, or time is up."""
        deadline = time.monotonic() + seconds
        while not is_there():
            ended = self.process is None or self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                tail = "\n".join(self.said().splitlines()[-30:])
                raise StreamFailed(f"{'it ended' if ended else 'time is up'}:\n{tail}")
            time.sleep(_EVERY_S)

    def kill(self) -> None:
        """End it as a power cut would: its Python; Java beside it sees that and ends itself."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self, *, seconds: float) -> int:
        """Ask it to stop and return how it ended; what does not end in time is killed."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

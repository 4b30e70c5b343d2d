"""A command -> its wall seconds, and the peak memory and processor time of its process tree.

Memory is resident memory, added up over the command and all that it starts, looked at 20 times a
second (/proc/PID/statm; a page that two processes share counts twice). Without /proc it is the
high-water mark that the kernel keeps of the command (wait4). Processor time is what the tree had
used when it was last looked at (/proc/PID/stat, 0 without it): on a machine that others use too it
tells more than the clock.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lake.errors import LakeError

_EVERY_S, _END_S = 0.05, 30.0
_MIB = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Settings of the machine that are no part of the question: where tools and sample homes are.
_KEPT = ("ELIQ_TOOLS", "ELIQ_MAVEN_REPOSITORY", "ELIQ_SAMPLE_DATA")


class CommandFailed(LakeError):
    """A side of a benchmark did not end well."""

    code = "command-failed"


@dataclass(frozen=True)
class Measured:
    """What a command took; MiB are 2**20 bytes, ``cpu_s`` seconds of one core."""

    seconds: float
    peak_mib: float
    cpu_s: float = 0.0


def measured(
    command: Sequence[str], *, log: Path, settings: Mapping[str, str] | None = None
) -> Measured:
    """Run a command to its end, its output in ``log``; CommandFailed."""
    os.sync()
    with running(command, log=log, settings=settings) as process:
        began, peak, ticks = time.monotonic(), 0.0, 0
        while True:
            now = _tree(process.pid, 0)
            peak, ticks = max(peak, now.pages * _PAGE / _MIB), max(ticks, now.ticks)
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            time.sleep(_EVERY_S)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}\n{tail}")
    # The kernel's mark starts with what the child was forked from, so it is only the second best.
    return Measured(seconds, peak or used.ru_maxrss * 1024 / _MIB, ticks / _TICKS_A_SECOND)


@contextmanager
def running(
    command: Sequence[str], *, log: Path, settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in a process group of its own, of which nothing is left at the end.

    Of the ELIQ_* settings around it sees the place of tools and samples alone, and ``settings``.
    """
    around = {k: v for k, v in os.environ.items() if k in _KEPT or not k.startswith("ELIQ_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**around, **(settings or {})},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Let a group end by itself where its first process has ended (Java does), else stop it."""
    if process.returncode is None:
        process.terminate()
        process.wait()
    deadline = time.monotonic() + _END_S
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(_EVERY_S)
        os.killpg(process.pid, signal.SIGKILL)


def tree_mib(pid: int) -> float:
    """Return the resident memory of a process and its descendants, 0 for what has ended."""
    return _tree(pid, 0).pages * _PAGE / _MIB


def tree_cpu_s(pid: int) -> float:
    """Return the seconds of one core that a process and its descendants have used so far."""
    return _tree(pid, 0).ticks / _TICKS_A_SECOND


class _Used(NamedTuple):
    """Resident pages now, and ticks of the processor so far."""

    pages: int
    ticks: int


def _tree(pid: int, size_of_parent: int) -> _Used:
    """Add up a process and its descendants, those that have ended by their ticks.

    A child as large as its parent is about to start and has no pages yet.
    """
    process = Path(f"/proc/{pid}")
    try:
        size, resident = map(int, (process / "statm").read_text().split()[:2])
        # After the name, which may hold anything: user, system, and the same of ended children.
        ticks = (process / "stat").read_text().rpartition(")")[2].split()[11:15]
        children = " ".join(file.read_text() for file in process.glob("task/*/children"))
    except OSError:
        return _Used(0, 0)
    below = [_tree(int(child), size) for child in children.split()]
    own = 0 if size == size_of_parent else resident
    return _Used(
        own + sum(b.pages for b in below), sum(map(int, ticks)) + sum(b.ticks for b in below)
    )

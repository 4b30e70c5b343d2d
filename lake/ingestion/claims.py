"""A lock file -> one worker at a time on one thing; what a dead worker held is taken over.

The file is made exclusively (O_EXCL), says who made it, and its modification time is the heartbeat.
Ages are told by the clock of the volume it lies on, so that hosts may disagree about the time.
"""

import contextlib
import hashlib
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EXPIRY_S = 120.0
_BEATS = 4  # heartbeats in the time after which a lock expires


@dataclass(frozen=True)
class Claim:
    """What a worker holds as long as its token stands in the lock file."""

    lock: Path
    token: bytes

    def is_held(self) -> bool:
        """Tell whether it is still this worker's: one that slept too long has lost it."""
        return _token(self.lock) == self.token


@contextlib.contextmanager
def claimed(lock: Path, *, expiry_s: float = EXPIRY_S) -> Iterator[Claim | None]:
    """Hold a lock while the block runs, with a heartbeat; None where another worker holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    claim = Claim(lock, f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}\n".encode())
    seen = _token(lock)
    if seen is not None and _age_s(lock) >= expiry_s:
        _remove(lock, seen, expiry_s, is_dead=True)
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        yield None
        return
    try:
        os.write(handle, claim.token)
        ended = threading.Event()
        beat = threading.Thread(target=_beat, args=(handle, ended, expiry_s / _BEATS), daemon=True)
        beat.start()
        try:
            yield claim
        finally:
            ended.set()
            beat.join()
    finally:
        os.close(handle)
        _remove(lock, claim.token, expiry_s)


def _beat(handle: int, ended: threading.Event, every_s: float) -> None:
    # By the open file, not by its name: a lock that was taken over is somebody else's.
    while not ended.wait(every_s):
        with contextlib.suppress(OSError):
            os.utime(handle)


def _remove(lock: Path, token: bytes, expiry_s: float, *, is_dead: bool = False) -> None:
    """Remove a lock if it is still the one of this token; of several that want to, one does.

    Between its look and its removal nobody else can put another lock in its place: each that would
    needs the same guard.
    """
    guard = lock.with_name(f".{hashlib.sha256(token).hexdigest()[:16]}.end")
    try:
        os.close(os.open(guard, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        if _age_s(guard) > expiry_s:
            guard.unlink(missing_ok=True)  # who made it died at it; the next one tries again
        return
    try:
        if _token(lock) == token and (not is_dead or _age_s(lock) >= expiry_s):
            lock.unlink(missing_ok=True)
    finally:
        guard.unlink(missing_ok=True)


def _age_s(lock: Path) -> float:
    clock = lock.with_name(f".{uuid.uuid4().hex}.clock")
    clock.touch()
    try:
        return clock.stat().st_mtime - lock.stat().st_mtime
    except FileNotFoundError:
        return 0.0
    finally:
        clock.unlink(missing_ok=True)


def _token(lock: Path) -> bytes | None:
    try:
        return lock.read_bytes()
    except FileNotFoundError:
        return None

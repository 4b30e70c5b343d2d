"""What one process may do at a time on a lake, held by a lock of the operating system.

The driver's Java holds it, which is what writes tables: killed, it lets go by itself, and not
before its last write. A lake that is no folder has none: there, jobs have one run at a time.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from lake.errors import LakeError
from lake.settings import Settings
from lake.spark.java import java

_EVERY_S = 0.2
# Java's locks are the process's: of its threads only one may open the file.
_THREADS: dict[str, threading.Lock] = {}


class Busy(LakeError):
    """Another process is at it."""

    code = "busy"
    may_pass = True


@contextlib.contextmanager
def alone(
    spark: SparkSession, settings: Settings, what: str, *, patience_s: float
) -> Iterator[None]:
    """Do something that no other process does meanwhile; Busy where one does for too long."""
    if "://" in settings.root:
        yield
        return
    path = Path(settings.root) / "_locks" / what
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + patience_s
    thread = _THREADS.setdefault(str(path), threading.Lock())
    if not thread.acquire(timeout=patience_s):
        raise _busy(what)
    try:
        file = java(spark).java.io.RandomAccessFile(str(path), "rw")
        try:
            while not _is_ours(file.getChannel()):
                if time.monotonic() >= until:
                    raise _busy(what)
                time.sleep(_EVERY_S)
            yield
        finally:
            file.close()  # with it goes the lock
    finally:
        thread.release()


def _is_ours(channel: Any) -> bool:
    try:
        return channel.tryLock() is not None
    except Py4JJavaError:
        # The volume knows no locks: nobody can hold one.
        return True


def _busy(what: str) -> Busy:
    return Busy(f"another process is at {what}", cure="wait until it is done, or stop it")

"""A Delta table as it was last looked at, or as it stood at an instant."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from lake.contract import KEPT_DAYS
from lake.errors import LakeError

_REMOTE_SECONDS = 1.0


class NoHistory(LakeError):
    """A table that cannot tell what it knew at an earlier time."""

    code = "no-history"


@dataclass(frozen=True)
class Seen:
    """A table as it was last looked at; version -1 and no ``delta``: not there yet."""

    stamp: object
    delta: DeltaTable | None = None
    version: int = -1
    identity: str = ""

    @property
    def key(self) -> str:
        """What differs between versions, and between tables that have the same path."""
        return f"{self.version}{self.identity}"


def stamp_of(path: str) -> object:
    """Return what differs after a commit: of a folder its log's change, else the passing second."""
    if "://" in path:
        return int(time.monotonic() / _REMOTE_SECONDS)
    try:
        # Of each table at each request: without a Path, which takes longer than to look.
        log = os.stat(f"{path}/_delta_log")  # noqa: PTH116
    except OSError:
        return None
    return (log.st_ino, log.st_mtime_ns)


def newest(path: str, stamp: object, storage_options: dict[str, str]) -> Seen:
    """Return a table as it is now."""
    if stamp is None:
        return Seen(stamp)
    try:
        delta = DeltaTable(path, storage_options=storage_options)
    except TableNotFoundError:
        return Seen(stamp)
    return Seen(stamp, delta, delta.version(), f"-{delta.metadata().id}")


def as_published(name: str, seen: Seen, at: datetime) -> Seen:
    """Return a table at the version that stood at an instant; none where it was not made yet.

    NoHistory where that version's files or log may be gone.
    """
    if seen.delta is None:
        return seen
    commits = seen.delta.history()
    at_ms = at.timestamp() * 1000
    before = [commit for commit in commits if commit["timestamp"] <= at_ms]
    if before and before[0]["version"] == seen.version:
        return seen
    is_kept = at > datetime.now(UTC) - timedelta(days=KEPT_DAYS)
    if not before and commits[-1]["version"] == 0:
        return Seen(seen.stamp)
    if not before or not is_kept:
        raise NoHistory(
            f"{name} as it was on {at:%Y-%m-%d} is not kept", cure=f"ask for {KEPT_DAYS} days back"
        )
    version = before[0]["version"]
    seen.delta.load_as_version(version)
    return Seen(seen.stamp, seen.delta, version, seen.identity)

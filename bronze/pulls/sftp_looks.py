"""Looks at a folder -> the files that nobody writes to any more: the same for long enough.

When each version of a file was first seen is kept from run to run; where that is lost, files wait
once more.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from bronze.pulls.sftp_files import Remote
from bronze.pulls.sftp_sources import Source
from lake.spark.toolchain import write_whole


class Looks:
    """The looks at one source's folder."""

    def __init__(self, file: Path, source: Source) -> None:
        self._file, self._source = file, source
        self._seen: dict[str, list[object]] = {}
        with suppress(OSError, ValueError, TypeError):
            self._seen = {str(path): list(seen) for path, seen in json.loads(file.read_text())}

    def add(self, found: Sequence[Remote], now: datetime) -> None:
        """Remember a look: all files that are there, and the time of it."""
        seen: dict[str, list[object]] = {}
        for remote in found:
            before = self._seen.get(remote.path, [])
            is_same = before[:2] == list(remote.version)
            seen[remote.path] = before if is_same else [*remote.version, now.isoformat()]
        if seen != self._seen:
            self._seen = seen
            write_whole(self._file, json.dumps(list(seen.items())).encode())

    def is_quiet(self, remote: Remote, now: datetime) -> bool:
        """Tell whether size and modification time were the same for ``quiet_s``."""
        return self._same_for(remote, now) >= timedelta(seconds=self._source.quiet_s)

    def is_settled(self, remote: Remote, now: datetime) -> bool:
        """Tell whether they were the same for ``settles_s``, so that nobody writes on."""
        return self._same_for(remote, now) >= timedelta(seconds=self._source.settles_s)

    def is_old(self, remote: Remote, now: datetime) -> bool:
        """Tell whether it was last written to ``older_than_s`` ago, as the server says."""
        return now.timestamp() - remote.modified_s >= self._source.older_than_s

    def _same_for(self, remote: Remote, now: datetime) -> timedelta:
        return now - datetime.fromisoformat(str(self._seen[remote.path][2]))

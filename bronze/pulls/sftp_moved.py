"""Files that were moved lately -> back where they were, if somebody went on writing to them.

Who holds a file open writes to it wherever it is moved: an upload that stalled goes on there. For a
day each pull looks whether one has grown; it comes back, and is taken as any file that has.
"""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import asyncssh

from bronze.pulls.sftp_files import Remote, current
from bronze.pulls.sftp_server import Server
from lake.spark.toolchain import write_whole

_WATCHED = timedelta(days=1)


class Moved:
    """What one source's files were moved to, kept from run to run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # Where it lies now -> folder and name that it had, its size, and when it was moved.
        self._moved: dict[str, tuple[str, str, int, str]] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            self._moved = {p: (f, n, s, at) for p, (f, n, s, at) in json.loads(file.read_text())}

    def add(self, remote: Remote, path: str, now: datetime) -> None:
        """Remember that a file was moved to ``path``."""
        self._moved[path] = (remote.folder, remote.name, remote.size, now.isoformat())
        self._keep()

    async def come_back(self, server: Server, now: datetime) -> None:
        """Move back what has grown since, but not onto another file; forget what is a day old."""
        young = {
            path: one for path, one in self._moved.items()
            if now - datetime.fromisoformat(one[3]) <= _WATCHED
        }  # fmt: skip

        async def look(client: asyncssh.SFTPClient) -> None:
            for path, (folder, name, size, _) in list(young.items()):
                there = await current(client, Remote("", path, size, 0))
                was = Remote(folder, name, size, 0)
                if there is None:
                    del young[path]
                elif there[0] > size and await current(client, was) is None:
                    await client.rename(path, was.path)
                    del young[path]

        if young:
            await server.do(look)
        if young != self._moved:
            self._moved = young
            self._keep()

    def _keep(self) -> None:
        write_whole(self._file, json.dumps(list(self._moved.items())).encode())

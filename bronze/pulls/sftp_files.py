"""A file on a server -> the same bytes here, with their checksum; a broken download goes on.

SFTP tells a file's size and modification time (whole seconds, draft-ietf-secsh-filexfer-02, 5):
a file that has another size or time than before is another file, and is read from its beginning.
"""

import asyncio
import hashlib
import posixpath
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import asyncssh

from bronze.pulls.sftp_server import ANSWER_S, Server, said
from bronze.pulls.sftp_sources import Source
from lake.errors import LakeError
from lake.ingestion.landing import CannotWrite
from lake.shown import printable

_CHUNK = 1024 * 1024
_LONGEST_NAME = 120  # bytes; what is put before it in landing must fit too


class Changed(LakeError):
    """A file is not there any more, or not as it was, by the time that it was read."""

    code = "sftp-file-changed"


class NotWhole(LakeError):
    """A file does not give as many bytes as the server says it has."""

    code = "sftp-file-not-whole"


class NoFolder(LakeError):
    """The folder of a source cannot be listed."""

    code = "sftp-no-folder"


@dataclass(frozen=True)
class Remote:
    """A file on the server as a look at its folder found it."""

    folder: str
    name: str
    size: int
    modified_s: int

    @property
    def path(self) -> str:
        """Where it is on the server."""
        return self.name if self.folder == "." else posixpath.join(self.folder, self.name)

    @property
    def version(self) -> tuple[int, int]:
        """Size and modification time."""
        return self.size, self.modified_s

    @property
    def key(self) -> str:
        """A name for it that is safe anywhere."""
        return hashlib.sha256(self.path.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    @property
    def shown(self) -> str:
        """Its path for people; what could steer a terminal is written out."""
        return printable(self.path)

    @property
    def local_name(self) -> str:
        """Its name here: no path, nothing that a file system refuses."""
        plain = "".join(c if c.isprintable() and c not in "/\\:'" else "_" for c in self.name)
        stem, dot, suffix = plain.rpartition(".")
        while len(plain.encode()) > _LONGEST_NAME:
            stem, suffix = (stem[:-1], suffix) if stem else ("", suffix[:-1])
            plain = f"{stem}{dot}{suffix}"
        return plain.lstrip(".") or "_"


async def look(server: Server) -> list[Remote]:
    """Return the files of the source's folder that it wants, the oldest first."""
    source = server.source

    async def listed(client: asyncssh.SFTPClient) -> list[Remote]:
        return [r async for r in _files(client, source)]

    try:
        found = await server.do(listed)
    except asyncssh.SFTPError as error:
        raise NoFolder(
            f"cannot list the folder: {said(error)}", where=f"{server.place}: {source.folder}",
            cure="check `folder`, as the server shows it to this user",
        ) from error  # fmt: skip
    return sorted(found, key=lambda r: (r.modified_s, r.name))


async def current(client: asyncssh.SFTPClient, remote: Remote) -> tuple[int, int] | None:
    """Return size and modification time as they are now; None where the file is gone."""
    try:
        found = await asyncio.wait_for(client.stat(remote.path), ANSWER_S)
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        return None
    return found.size or 0, int(found.mtime or 0)


async def fetch(server: Server, remote: Remote, file: Path) -> str:
    """Bring a file here, going on at the byte where an earlier try broke; return its SHA-256.

    Changed where it is gone or not the same any more; Unreachable, CannotWrite.
    """
    part = _Part(file)

    async def read(client: asyncssh.SFTPClient) -> None:
        await _unchanged(client, remote)
        try:
            async with client.open(remote.path, "rb") as opened:
                while chunk := await asyncio.wait_for(opened.read(_CHUNK, part.size), ANSWER_S):
                    part.add(cast(bytes, chunk))
                    if part.size > remote.size:
                        break
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            pass  # said below
        await _unchanged(client, remote)

    try:
        await server.do(read, progress=lambda: part.size)
        if part.size != remote.size:
            raise NotWhole(f"gave {part.size:,} bytes of {remote.size:,}", where=remote.shown)
    except (Changed, NotWhole):
        part.close()
        file.unlink(missing_ok=True)
        raise
    finally:
        part.close()
    return part.digest.hexdigest()


class _Part:
    """What is here of a file, and the checksum of it; a file that is there is gone on with."""

    def __init__(self, file: Path) -> None:
        self.digest, self.size, self._file = hashlib.sha256(), 0, file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._opened = file.open("a+b")
            self._opened.seek(0)
            while chunk := self._opened.read(_CHUNK):
                self._count(chunk)
        except OSError as error:
            raise self._cannot(error) from error

    def add(self, chunk: bytes) -> None:
        try:
            self._opened.write(chunk)
            self._opened.flush()
        except OSError as error:
            raise self._cannot(error) from error
        self._count(chunk)

    def close(self) -> None:
        self._opened.close()

    def _count(self, chunk: bytes) -> None:
        self.digest.update(chunk)
        self.size += len(chunk)

    def _cannot(self, error: OSError) -> CannotWrite:
        return CannotWrite(
            f"cannot write to the lake: {error.strerror}",
            where=str(self._file.parent),
            cure="free space or give write permission; the next pull goes on from here",
        )


async def _unchanged(client: asyncssh.SFTPClient, remote: Remote) -> None:
    now = await current(client, remote)
    if now is None:
        raise Changed("renamed or removed while it was read", where=remote.shown)
    if now != remote.version:
        raise Changed("written to while it was read", where=remote.shown)


async def _files(client: asyncssh.SFTPClient, source: Source) -> AsyncIterator[Remote]:
    async for entry in client.scandir(source.folder):
        name, told = str(entry.filename), entry.attrs
        if "/" in name or not source.wants(name):
            continue
        if told.permissions is None or told.size is None or told.mtime is None:
            # A server may leave them out of a listing.
            told = await client.stat(posixpath.join(source.folder, name))
        if told.permissions is not None and not stat.S_ISREG(told.permissions):
            continue
        yield Remote(source.folder, name, told.size or 0, int(told.mtime or 0))

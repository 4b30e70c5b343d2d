"""A folder on an SFTP server -> each file handed over once, whole, and then left, moved or deleted.

SFTP does not tell that an upload has ended (draft-ietf-secsh-filexfer-02 has no such message): one
that stalls looks whole. It is taken, and again when it has grown, also where it was moved to; it is
deleted only once it has stayed as it was taken for ``settles_s``, as a rule at a later pull.
What becomes of one file does not touch the others. Killed at any moment and started again, it goes
on: what was handed over but not yet remembered is handed over again, and taking is idempotent.
"""

import asyncio
import hashlib
import json
import posixpath
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, Protocol

import asyncssh

from bronze.formats.records import Told
from bronze.pulls.sftp_files import Changed, Remote, current, fetch, look
from bronze.pulls.sftp_looks import Looks
from bronze.pulls.sftp_moved import Moved
from bronze.pulls.sftp_server import PAUSES_S, NotLetIn, Server, said
from bronze.pulls.sftp_sources import Move, Source
from lake.errors import LakeError
from lake.ingestion.claims import EXPIRY_S, Claim, claimed
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import CannotWrite
from lake.ingestion.pulled import Pulled, Pulls
from lake.settings import Settings

# A sleep may end a little early by another clock.
_TICK_S = 0.05


class Take(Protocol):
    """What a file is handed over to; UnreadableFile where the file cannot be taken as it is."""

    def __call__(
        self,
        file: Path,
        *,
        partner: str,
        form: str,
        told: Told,
        settings: Settings,
        clock: datetime,
    ) -> object:
        """Take a file in; the same bytes again are no change."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    file: str
    state: Literal["taken", "known", "waits", "skipped", "refused", "failed"]
    said: str

    @property
    def is_failure(self) -> bool:
        """Tell whether somebody has to look at it."""
        return self.state in ("refused", "failed")


@dataclass(frozen=True)
class Puller:
    """Reads one source; ``clock`` is when files arrive, ``watch`` tells the time of looks."""

    source: Source
    settings: Settings
    take: Take
    clock: datetime
    watch: Callable[[], datetime]
    again: bool = False
    pauses_s: Sequence[float] = PAUSES_S
    expiry_s: float = EXPIRY_S

    async def pull(self) -> AsyncGenerator[Outcome, None]:
        """Yield what becomes of each file that is there; LakeError where none can be read."""
        server = Server(self.source, self.settings, pauses_s=self.pauses_s)
        try:
            async for found in self._found(server):
                yield found if isinstance(found, Outcome) else await self._one(server, found)
        finally:
            await server.close()

    @property
    def _work(self) -> Path:
        return self.settings.beside_tables("_work") / "sftp" / self.source.name

    @property
    def _pulls(self) -> Pulls:
        return Pulls(
            self.settings.root, f"sftp {self.source.name}", self.settings.storage_options
        )  # fmt: skip

    @cached_property
    def _told(self) -> str:
        """What a file was taken for: declared otherwise, one that was refused is tried again."""
        one = self.source
        mapping = one.mapping.read_text(errors="replace") if one.mapping else ""
        declared = [one.partner, one.format, one.zone, one.meter_id, mapping, one.largest_mb]
        return hashlib.sha256(json.dumps(declared).encode()).hexdigest()[:16]

    @cached_property
    def _looks(self) -> Looks:
        return Looks(self._work / "looks.json", self.source)

    @cached_property
    def _moved(self) -> Moved:
        return Moved(self._work / "moved.json")

    def _may_go(self, remote: Remote) -> bool:
        if self.source.then == "delete":
            return self._looks.is_settled(remote, self.watch())
        return self.source.then != "leave"

    async def _found(self, server: Server) -> AsyncGenerator[Remote | Outcome, None]:
        """Yield the files to read, or to put away, and what becomes of the others."""
        known = {} if self.again else {k.name: k for k in self._pulls.known()}
        looks = self._looks
        await self._moved.come_back(server, self.watch())
        looks.add(found := await look(server), now := self.watch())
        self._tidy(found)
        new = [r for r in found if not self._is_known(r, known.get(r.shown))]
        if not all(looks.is_quiet(r, now) for r in new):
            await asyncio.sleep(self.source.quiet_s + _TICK_S)
            looks.add(found := await look(server), now := self.watch())
        for remote in found:
            before = known.get(remote.shown)
            if before is not None and self._is_known(remote, before):
                is_left_over = not before.refused and self._may_go(remote)
                yield remote if is_left_over else _known(remote, before)
            elif looks.is_quiet(remote, now) and looks.is_old(remote, now):
                yield remote
            else:
                yield Outcome(remote.shown, "waits", "may still be written to")

    def _is_known(self, remote: Remote, before: Pulled | None) -> bool:
        return (
            before is not None
            and (before.bytes, before.modified_s) == remote.version
            and not (before.refused and before.told != self._told)
        )

    async def _one(self, server: Server, remote: Remote) -> Outcome:
        with claimed(self._work / f"{remote.key}.lock", expiry_s=self.expiry_s) as claim:
            if claim is None:
                return Outcome(remote.shown, "skipped", "another worker reads it")
            try:
                return await self._taken_and_put_away(server, remote, claim)
            except Changed as error:
                return Outcome(remote.shown, "skipped", error.what)
            except asyncssh.SFTPError as error:
                return Outcome(remote.shown, "failed", f"the server says: {said(error)}")
            except (CannotWrite, NotLetIn):
                raise  # the same for every file
            except LakeError as error:
                if server.lost > 1:
                    raise  # once it may be the file
                return Outcome(remote.shown, "failed", str(error))

    async def _taken_and_put_away(self, server: Server, remote: Remote, claim: Claim) -> Outcome:
        # Between the look and the lock another worker may have been there.
        before = None if self.again else next(reversed(self._pulls.known(remote.shown)), None)
        if before is not None and self._is_known(remote, before):
            outcome = _known(remote, before)
        else:
            before = await self._read(server, remote)
            self._pulls.add(before)
            outcome = Outcome(remote.shown, "taken", f"{remote.size:,} bytes")
            if before.refused:
                outcome = Outcome(remote.shown, "refused", before.refused)
        if not before.refused and self._may_go(remote) and claim.is_held():
            await self._put_away(server, remote)
        return outcome

    async def _read(self, server: Server, remote: Remote) -> Pulled:
        """Read a file and hand it over; what is remembered of it."""
        said_of_it = partial(Pulled, remote.shown, *remote.version, told=self._told)
        if remote.size > self.source.largest_mb * 1e6:
            return said_of_it(sha256="", refused=f"larger than {self.source.largest_mb:,} MB")
        folder = self._work / f"{remote.key}-{remote.size}-{remote.modified_s}"
        file = folder / remote.local_name
        checksum, refused = await fetch(server, remote, file), ""
        try:
            await asyncio.to_thread(
                self.take, file, partner=self.source.partner, form=self.source.form,
                told=self.source.told, settings=self.settings, clock=self.clock,
            )  # fmt: skip
        except UnreadableFile as error:
            refused = error.what
        shutil.rmtree(folder, ignore_errors=True)
        return said_of_it(sha256=checksum, refused=refused)

    async def _put_away(self, server: Server, remote: Remote) -> None:
        """Do what is to be done with a file that was taken; one that came after it stays."""
        then = self.source.then

        async def put(client: asyncssh.SFTPClient) -> None:
            if await current(client, remote) != remote.version:
                return
            if isinstance(then, Move):
                folder = posixpath.join(remote.folder, then.move)
                self._moved.add(remote, await _move(client, remote, folder), self.watch())
            else:
                with suppress(asyncssh.SFTPNoSuchFile):
                    await client.remove(remote.path)

        await server.do(put)

    def _tidy(self, found: list[Remote]) -> None:
        """Remove the beginnings of files that are not on the server any more."""
        wanted = {f"{r.key}-{r.size}-{r.modified_s}" for r in found}
        for folder in self._work.glob("*-*-*"):
            if folder.name not in wanted:
                lock = self._work / f"{folder.name.split('-')[0]}.lock"
                with claimed(lock, expiry_s=self.expiry_s) as claim:
                    if claim is not None:
                        shutil.rmtree(folder, ignore_errors=True)


def _known(remote: Remote, before: Pulled) -> Outcome:
    why = f"refused before: {before.refused}" if before.refused else "taken before"
    return Outcome(remote.shown, "known", why)


async def _move(client: asyncssh.SFTPClient, remote: Remote, folder: str) -> str:
    """Move a file, and return where to; Changed where it grew on its way, and it is back."""
    await client.makedirs(folder, exist_ok=True)
    moved = replace(remote, folder=folder)
    if await current(client, moved) is not None:
        # The same name every day: the older file stays as it is.
        moved = replace(moved, name=f"{remote.modified_s}-{remote.name}")
    await client.rename(remote.path, moved.path)
    # The size alone: servers on top of a store of objects copy, and give a time of their own.
    if (now := await current(client, moved)) is not None and now[0] != remote.size:
        await client.rename(moved.path, remote.path)
        raise Changed("written to while it was moved", where=remote.shown)
    return moved.path

"""Readings sent as JSON -> landing/readings/<date>/<partner>/, durable before acknowledged.

Requests are appended to a segment below `_spool/` in groups: all that wait share one fsync, however
many partners they are of, and a request's Idempotency-Key is durable with its readings, in the same
record. A segment that is some seconds old or some MB large is landed, a file a partner; then it is
removed. After a crash what is left is landed first: nothing acknowledged is lost, and a retry under
the same key finds its answer.
"""

import asyncio
import fcntl
import logging
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from lake.errors import LakeError
from serving.data_management.outlets.port import Kept, OutletUnavailable, Receipt, Sent
from serving.data_management.outlets.receipts import receipts_of
from serving.data_management.outlets.segments import (
    SUFFIX,
    Record,
    land,
    make_folder,
    records,
    sync_folder,
    written,
)

_log = logging.getLogger(__name__)
_MOST_WAITING = 64 * 1024 * 1024
_AGAIN_S = 5.0
# Takes the name and the records of a segment into the state, once however often it is called.
Keep = Callable[[str, Sequence[Record]], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    sent: Sent
    record: bytes
    future: "asyncio.Future[None]"
    loop: asyncio.AbstractEventLoop


@dataclass(eq=False)
class _Segment:
    """An open segment: ours alone (flock), known to be good up to ``size``."""

    path: Path
    file: IO[bytes]
    began: float
    size: int = 0
    kept: dict[tuple[str, str], Kept] = field(default_factory=dict)
    taken: list[Sent] = field(default_factory=list)


class Spool:
    """The spool of one process; several may share a folder, each with segments of its own."""

    keeps_answers = True

    def __init__(
        self, folder: Path, landing: Path, *, keep: Keep, age_s: float = 5.0,
        most_bytes: int = 8 * 1024 * 1024,
    ) -> None:  # fmt: skip
        """Take the spool's folder, landing/readings, and what takes landed segments' keys."""
        self._folder, self._landing, self._keep = folder, landing, keep
        self._age_s, self._most_bytes = age_s, most_bytes
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._to_land: queue.SimpleQueue[_Segment | None] = queue.SimpleQueue()
        self._bytes_waiting = 0
        self._kept: dict[tuple[str, str], Kept] = {}
        # Segments of this process that the state has not counted.
        self._live: list[_Segment] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._is_closing = threading.Event()

    def start(self) -> None:
        """Land what earlier processes left behind, then take readings; OutletUnavailable."""
        try:
            make_folder(self._folder)
            for left in sorted(self._folder.glob(f"*{SUFFIX}")):
                if (taken := _taken_over(left)) is not None:
                    self._landed(taken)
        except OSError as error:
            raise _cannot(error) from error
        for name, work in (("spool", self._write), ("landing", self._land)):
            self._threads.append(threading.Thread(target=work, name=name, daemon=True))
            self._threads[-1].start()

    async def put(self, sent: Sent) -> None:
        """Return once the request survives a loss of power; OutletUnavailable."""
        if self._bytes_waiting > _MOST_WAITING:
            raise OutletUnavailable("more is sent than the disk takes", cure="send it again later")
        loop = asyncio.get_running_loop()
        one = _Waiting(sent, written(sent), loop.create_future(), loop)
        with self._lock:
            self._bytes_waiting += len(one.record)
        self._waiting.put(one)
        # A caller who goes away does not stop the writing of a group.
        await asyncio.shield(one.future)

    def kept(self, partner_id: str, key: str) -> Kept | None:
        """Return the answer under a key of a segment that is not landed yet."""
        with self._lock:
            return self._kept.get((partner_id, key))

    def recent(self, partner_id: str) -> Mapping[str, Receipt]:
        """Return what is durable of a partner's meters and not counted in the state yet."""
        with self._lock:
            live = [one for segment in self._live for one in segment.taken]
        mine = receipts_of(one for one in live if one.partner_id == partner_id)
        return {meter: receipt for (_, meter), receipt in mine.items()}

    def close(self) -> None:
        """Write what waits and land it."""
        self._is_closing.set()
        self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _write(self) -> None:
        """Write groups, and let go of a segment when it is old or large."""
        segment: _Segment | None = None
        is_open = True
        while is_open:
            group = self._group(segment)
            is_open = None not in group
            if requests := [one for one in group if one is not None]:
                segment = self._written(segment, requests)
            if segment is not None and (not is_open or self._is_due(segment)):
                self._to_land.put(segment)
                segment = None
        self._to_land.put(None)

    def _is_due(self, segment: _Segment) -> bool:
        age = time.monotonic() - segment.began
        return segment.size >= self._most_bytes or age >= self._age_s

    def _group(self, segment: _Segment | None) -> list[_Waiting | None]:
        """Return all that waits; what comes while it is written is the next group."""
        left = None if segment is None else segment.began + self._age_s - time.monotonic()
        found: list[_Waiting | None] = []
        with suppress(queue.Empty):
            found.append(self._waiting.get(timeout=left and max(left, 0.001)))
            while found[-1] is not None:
                found.append(self._waiting.get_nowait())
        return found

    def _written(self, segment: _Segment | None, group: Sequence[_Waiting]) -> _Segment | None:
        """Append a group and make it durable, then let its requests go on."""
        error: OutletUnavailable | None = None
        try:
            segment = segment or self._opened()
            segment.file.write(b"".join(one.record for one in group))
            segment.file.flush()
            os.fdatasync(segment.file.fileno())
            segment.size = segment.file.tell()
            segment.taken += [replace(one.sent, lines=()) for one in group]
            for one in (one for one in group if one.sent.key):
                kept = Kept(one.sent.fingerprint, one.sent.answer)
                segment.kept[one.sent.partner_id, one.sent.key] = kept
        except OSError as failed:
            _log.error("the spool cannot be written: %s", failed)
            error = _cannot(failed)
            self._give_up(segment)
            segment = None
        with self._lock:
            self._bytes_waiting -= sum(len(one.record) for one in group)
            self._kept.update(segment.kept if segment else {})
            if segment is not None and segment not in self._live:
                self._live.append(segment)
        for loop in {one.loop for one in group}:
            of_loop = [one.future for one in group if one.loop is loop]
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_let_go, of_loop, error)
        return segment

    def _opened(self) -> _Segment:
        """Make a segment that no other process takes over: locked before it has its name."""
        made = self._folder / f".{uuid.uuid4().hex}"
        file = made.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        path = self._folder / f"{time.time_ns():020d}-{made.name[1:9]}{SUFFIX}"
        made.rename(path)
        sync_folder(self._folder)
        return _Segment(path, file, time.monotonic())

    def _give_up(self, segment: _Segment | None) -> None:
        """Land what is good of a segment whose last group failed; the kernel may have lost it."""
        if segment is not None:
            with suppress(OSError):
                os.truncate(segment.path, segment.size)
            self._to_land.put(segment)

    def _land(self) -> None:
        while (segment := self._to_land.get()) is not None:
            while not self._could_land(segment):
                # At the end it is left to the next start.
                if self._is_closing.wait(_AGAIN_S):
                    break

    def _could_land(self, segment: _Segment) -> bool:
        try:
            self._landed(segment)
        except (OSError, LakeError) as error:
            _log.error("readings cannot be landed now: %s", error)
            return False
        return True

    def _landed(self, segment: _Segment) -> None:
        """Land a segment, hand on its keys and counts, and remove it: each can be done again."""
        with segment.path.open("rb") as file:
            found = [record for record, _ in records(file)]
        land(found, self._landing)
        self._keep(segment.path.stem, found)
        segment.path.unlink()
        with suppress(OSError):  # what is in its buffer could not be written before either
            segment.file.close()
        with self._lock:
            for key in segment.kept:
                self._kept.pop(key, None)
            self._live = [one for one in self._live if one is not segment]


def _taken_over(left: Path) -> _Segment | None:
    """Lock a segment that an earlier process left; None where its process lives."""
    try:
        file = left.open("rb")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    if not left.exists():
        file.close()
        return None
    return _Segment(left, file, time.monotonic())


def _let_go(futures: Sequence["asyncio.Future[None]"], error: OutletUnavailable | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(OutletUnavailable(error.what, cure=error.cure))


def _cannot(error: OSError) -> OutletUnavailable:
    return OutletUnavailable(
        f"readings cannot be kept: {error.strerror}", cure="send them again later; none was taken"
    )

"""Files -> landing/<kind>/<received date>/<partner>/: untouched, checked for form, never twice.

A file appears there whole or not at all (written beside, then renamed), under a name that begins
with its checksum: the same file again is found and left. Where its sender means it anew (an
``arrival``, as a job of the API), only a file of that arrival is the same. The rest of the name is
its sender's, as far as Spark reads such a one (``names``). What bronze cannot read as it is, as a
zip, is kept under landing/files, and what was read out of it lies under the same name where bronze
looks. Landing is a folder or a mounted volume (ELIQ_LANDING): NoLanding for a lake at a URL alone.
"""

import contextlib
import errno
import glob
import gzip
import hashlib
import os
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, NamedTuple

from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile, is_gzip, opened
from lake.ingestion.names import (
    CSV,
    NDJSON,
    PARTNER_ID_CURE,
    is_partner_id,
    is_read,
    landed_name,
    plain_name,
)
from lake.settings import Settings

LONGEST_LINE = 16 * 1024 * 1024
# Where files are kept that bronze does not read themselves.
FILES = "files"
# How the arrival of an answer begins that was given before.
_AGAIN = "again"
_CHUNK = 1024 * 1024
_NOT_ITS_OWN = (errno.ENOTSUP, errno.ENOSYS, errno.EPERM)
_BINARY, _BOM = b"\x00", b"\xef\xbb\xbf"


class CannotWrite(LakeError):
    """The lake cannot be written: the disk is full, or the folder is not ours."""

    code = "cannot-write"


@dataclass(frozen=True)
class Landed:
    """Where a file was put; ``is_new`` is false where it was there already.

    ``was_sent_before`` tells of an arrival that the same bytes came by another way, or arrival.
    """

    path: Path
    is_new: bool
    bytes: int
    was_sent_before: bool = False


class _Inspected(NamedTuple):
    """What is in a file of text: the checksum and size of the text, and the ending of its form."""

    digest: str
    size: int
    form: str
    is_gzip: bool


def land(
    file: Path, *, kind: str, partner: str, settings: Settings, clock: datetime,
    arrival: str = "", is_own: bool = False,
) -> Landed:  # fmt: skip
    """Put one file of text into landing; UnreadableFile or CannotWrite where that cannot be.

    ``is_own``: it is known by its name later, which no sender's file gets.
    """
    _is_a_partner(partner)
    found = _inspected(file)
    name = landed_name(file.name, found.form, is_gzip=found.is_gzip, is_own=is_own)
    return _put(file, name, found.digest, found.size, kind=kind, partner=partner,
                settings=settings, clock=clock, arrival=arrival)  # fmt: skip


def keep(
    file: Path, *, partner: str, settings: Settings, clock: datetime, arrival: str = "",
    is_answer: bool = False,
) -> Landed:  # fmt: skip
    """Put a file of any content into landing/files; UnreadableFile, CannotWrite.

    ``is_answer``: it says what holds now, so that only the newest of its name is the same; one that
    came before another is said again.
    """
    _is_a_partner(partner)
    try:
        with file.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        size = file.stat().st_size
    except OSError as error:
        raise UnreadableFile(
            f"cannot read the file: {error.strerror or error}", where=str(file)
        ) from error
    name = plain_name(file.name)
    if is_answer:
        files = settings.landing_folder / FILES
        newest = _newest(files, partner, name)
        if newest is not None and newest.name.startswith(digest[:16]):
            return Landed(newest, is_new=False, bytes=size)
        if newest is not None and any(files.glob(f"*/{partner}/{digest[:16]}-*")):
            arrival = f"{_AGAIN}{clock:%Y%m%dT%H%M%S%f}"
    return _put(file, name, digest, size, kind=FILES, partner=partner,
                settings=settings, clock=clock, arrival=arrival)  # fmt: skip


def _newest(files: Path, partner: str, name: str) -> Path | None:
    """Return the answer of a name that came last, for the first time or again."""
    found = (
        file for begins in ("", f"{_AGAIN}*-")
        for file in files.glob(f"*/{partner}/{'?' * 16}-{begins}{glob.escape(name)}")
    )  # fmt: skip
    # Within a day by when it was written: where a past day is played, they arrive at one time.
    return max(found, key=lambda file: (file.parts[-3], file.stat().st_ctime_ns), default=None)


def has_arrived(arrival: str, *, kind: str, partner: str, settings: Settings) -> bool:
    """Tell whether a file of an arrival is there, whatever its bytes are."""
    landing = settings.landing_folder / kind
    return any(landing.glob(f"*/{partner}/{'?' * 16}-{arrival}-*"))


@contextlib.contextmanager
def derived(
    original: Landed, kind: str, *, version: int | str, ending: str, settings: Settings
) -> Iterator[Callable[[str], None]]:
    """Give a writer of lines that were read out of a kept file by a version of its reader.

    They appear whole under landing/<kind>, with the day, the partner and the time of arrival of the
    original, or not at all if the body raises; no line, no file. The same name is written once.
    """
    day, partner = original.path.parts[-3:-1]
    name = f"{original.path.name}.{version}.{ending}"
    target = settings.landing_folder / kind / day / partner
    # A file that was kept under any name is found by it, so that it is read out once.
    target /= name if is_read(name) else plain_name(name)
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    lines = 0
    with _written(target, part) as copy:

        def write(line: str) -> None:
            nonlocal lines
            copy.write(line.encode() + b"\n")
            lines += 1

        yield write
        if lines and not target.exists():
            arrived = original.path.stat().st_mtime
            _appear(copy, part, target, arrived)


def _put(
    file: Path, name: str, digest: str, size: int, *, kind: str, partner: str, settings: Settings,
    clock: datetime, arrival: str,
) -> Landed:  # fmt: skip
    landing = settings.landing_folder / kind
    begins = f"{digest[:16]}-{arrival}-" if arrival else f"{digest[:16]}-"
    # What landed under a name that hides it from bronze was never taken: it lands anew.
    found = [
        file for file in landing.glob(f"*/{partner}/{digest[:16]}-*")
        if kind == FILES or is_read(file.name)
    ]  # fmt: skip
    same = [file for file in found if file.name.startswith(begins)]
    was_sent_before = len(same) < len(found)
    if same:
        return Landed(same[0], is_new=False, bytes=size, was_sent_before=was_sent_before)
    target = landing / clock.date().isoformat() / partner / f"{begins}{name}"
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    with _written(target, part) as copy:
        if _copied(file, copy) != digest and _digest_unpacked(part) != digest:
            raise UnreadableFile(
                "the file changed while it was read", where=str(file),
                cure="send it again when it is whole",
            )  # fmt: skip
        # Arrival time is the file's own, so that a past day can be played as it was.
        _appear(copy, part, target, clock.timestamp())
    return Landed(target, is_new=True, bytes=size, was_sent_before=was_sent_before)


def _copied(file: Path, copy: IO[bytes]) -> str:
    """Copy a file and return the checksum of what was copied."""
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
        copy.write(chunk)
    copy.flush()
    return digest.hexdigest()


def _chunks(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise UnreadableFile(
            f"cannot read the file: {error.strerror or error}", where=str(file)
        ) from error


def _digest_unpacked(part: Path) -> str:
    """Return the checksum of the text in a copy that is packed, by which such files are known."""
    try:
        with gzip.open(part) as text:
            return hashlib.file_digest(text, "sha256").hexdigest()
    except (OSError, EOFError, zlib.error):
        return ""


@contextlib.contextmanager
def _written(target: Path, part: Path) -> Iterator[IO[bytes]]:
    """Open the part; whatever happens to it, it does not stay."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as copy:
            yield copy
    except OSError as error:
        raise CannotWrite(
            f"cannot write to the lake: {error.strerror}",
            where=str(target.parent),
            cure="free space or give write permission; nothing was taken in",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _appear(copy: IO[bytes], part: Path, target: Path, arrived: float) -> None:
    copy.flush()
    os.fsync(copy.fileno())
    try:
        os.utime(part, (arrived, arrived))
    except OSError as error:
        # A volume over an object store may keep its own times, which are those of arrival too.
        if error.errno not in _NOT_ITS_OWN:
            raise
    part.rename(target)


def _inspected(file: Path) -> _Inspected:
    """Look at a file of text as a whole; refuse what can have no readable line."""
    digest, size, line, longest, first = hashlib.sha256(), 0, 1, 0, b""
    try:
        is_packed = is_gzip(file)
        with opened(file) as text:
            while chunk := text.read(_CHUNK):
                if _BINARY in chunk:
                    raise UnreadableFile(
                        "not a text file: it has zero bytes",
                        where=str(file),
                        cure="send UTF-8 text: NDJSON or CSV",
                    )
                digest.update(chunk)
                size += len(chunk)
                first = first or chunk.removeprefix(_BOM).lstrip()[:1]
                head, *rest = chunk.split(b"\n")
                longest += len(head)
                if longest > LONGEST_LINE or any(len(r) > LONGEST_LINE for r in rest):
                    raise UnreadableFile(
                        f"a line is longer than {LONGEST_LINE // 1024 // 1024} MiB",
                        where=f"{file}, line {line}",
                        cure="send one block a line; nothing of the file was taken in",
                    )
                if rest:
                    line, longest = line + len(rest), len(rest[-1])
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(
            f"cannot read the file: {getattr(error, 'strerror', None) or error}", where=str(file)
        ) from error
    if not size:
        raise UnreadableFile("the file is empty", where=str(file), cure="send it again, whole")
    return _Inspected(digest.hexdigest(), size, NDJSON if first == b"{" else CSV, is_packed)


def _is_a_partner(partner: str) -> None:
    if not is_partner_id(partner):
        raise UnreadableFile(f"{partner!r} is no partner id", cure=PARTNER_ID_CURE)

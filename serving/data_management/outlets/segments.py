"""Requests <-> a segment of the spool: an append-only file of records, each whole or not at all.

A record is a line with checksum and lengths, then the header (JSON) and the readings (NDJSON). What
a crash tore off at the end was never acknowledged; it is left out, and nothing before it suffers.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from zlib import crc32

from serving.data_management.outlets.port import Sent

_LONGEST_PREFIX = 64
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SUFFIX = ".segment"


@dataclass(frozen=True, slots=True)
class Record:
    """One request as it stands in a segment; ``readings`` are lines with their ends."""

    partner_id: str
    at: datetime
    key: str
    fingerprint: str
    answer: str
    meters: list[str]
    counts: list[int]
    until: list[int]
    readings: bytes
    rejected: dict[str, Any] | None = None


def written(sent: Sent) -> bytes:
    """Return the bytes of a record."""
    fields: dict[str, Any] = {
        "partner_id": sent.partner_id, "at": sent.at.astimezone(UTC).isoformat(),
        "key": sent.key, "fingerprint": sent.fingerprint, "answer": sent.answer,
        "meters": sent.meters, "counts": sent.counts, "until": sent.until,
    }  # fmt: skip
    if sent.rejected:
        fields["rejected"] = dict(sent.rejected)
    header = json.dumps(fields).encode()
    readings = b"\n".join(sent.lines) + b"\n"
    check = crc32(readings, crc32(header))
    return b"%08x %d %d\n%s\n%s" % (check, len(header), len(readings), header, readings)


def records(file: IO[bytes]) -> Iterator[tuple[Record, int]]:
    """Yield the whole records of a segment, each with the offset of its end."""
    while True:
        prefix = file.readline(_LONGEST_PREFIX)
        parts = prefix.split()
        if len(parts) != 3 or not prefix.endswith(b"\n"):
            return
        try:
            check, of_header, of_readings = int(parts[0], 16), int(parts[1]), int(parts[2])
        except ValueError:
            return
        header, readings = file.read(of_header + 1)[:-1], file.read(of_readings)
        if len(readings) < of_readings or crc32(readings, crc32(header)) != check:
            return
        fields = json.loads(header)
        at = datetime.fromisoformat(fields.pop("at"))
        yield Record(**fields, at=at, readings=readings), file.tell()


def land(found: Sequence[Record], landing: Path) -> None:
    """Put a segment's readings into landing/readings, a file a partner, named by their checksum.

    A file appears whole or not at all, and the same segment again makes the same files: those that
    are there already are left, so that an interrupted landing can simply be done again.
    """
    for partner in sorted({record.partner_id for record in found}):
        own = [record for record in found if record.partner_id == partner]
        readings, at = b"".join(record.readings for record in own), max(r.at for r in own)
        folder = landing / at.date().isoformat() / partner
        target = folder / f"{hashlib.sha256(readings).hexdigest()[:16]}-api.ndjson"
        if target.exists():
            continue
        make_folder(folder)
        part = folder / f".{uuid.uuid4().hex}.part"
        try:
            with part.open("wb") as copy:
                copy.write(readings)
                copy.flush()
                os.fsync(copy.fileno())
            # Arrival time is the file's own; nothing is known before it arrived.
            nanoseconds = (at - _BEGINNING) // timedelta(milliseconds=1) * 1_000_000
            os.utime(part, ns=(nanoseconds, nanoseconds))
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(folder)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they are there after a loss of power too."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync_folder(one.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

"""Event Hubs Capture (Avro object container files) -> what the events would have said as a stream.

Source: https://learn.microsoft.com/azure/event-hubs/explore-captured-avro-files: a record an event
with SequenceNumber, Offset, EnqueuedTimeUtc, SystemProperties, Properties and Body. A body is a
canonical reading as JSON. Where it says no ``known_at`` that is when it was enqueued, as it is of
an event that came by itself: the same reading by both ways is one. Of several partners' events in
one file those of the told partner are read; of the others not even that they are there is said.
"""

import base64
import io
import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from bronze.formats import canonical
from bronze.formats.opened import contents
from bronze.formats.records import Record, Refused, Told
from lake.ingestion.files import UnreadableFile

VERSION = 1
# An event that names no partner is nobody's, as in the stream.
NOBODY = "unknown"
_MAGIC = b"Obj\x01"
_FIELDS = {"SequenceNumber", "EnqueuedTimeUtc", "Body"}
_DAMAGED = (ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError, struct.error)


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is an Avro container whose schema is that of captured events."""
    del name
    return head.startswith(_MAGIC) and all(f'"{field}"'.encode() in head for field in _FIELDS)


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield what the told partner's events say; UnreadableFile where the container is damaged."""
    for number, event in enumerate(_events(stream), 1):
        body = event["Body"]
        if told.partner and _partner(body) != told.partner:
            continue
        if not isinstance(body, bytes) or not body.lstrip().startswith(b"{"):
            payload = base64.b64encode(body).decode() if isinstance(body, bytes) else ""
            yield Refused("not a JSON object", payload, number)
            continue
        enqueued_at = _enqueued_at(event["EnqueuedTimeUtc"])
        # A body may be written over several lines, and is one all the same.
        line = b" ".join(body.splitlines())
        for record in canonical.records(io.BytesIO(line), told):
            if isinstance(record, Refused):
                yield replace(record, line=number)
            else:
                yield _known(record, enqueued_at, number)


def partners(file: Path) -> list[str]:
    """Return whose events a file holds; UnreadableFile where it is damaged."""
    return sorted(
        {_partner(event["Body"]) for inner in contents(file) for event in _events(inner.stream)}
    )


def _events(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    # Only who has such files needs the package.
    import fastavro  # noqa: PLC0415

    try:
        for event in fastavro.reader(stream):
            if not isinstance(event, dict) or not event.keys() >= _FIELDS:
                raise UnreadableFile(
                    "not what Event Hubs captures", cure="send its files as they are"
                )
            yield event
    except _DAMAGED as error:
        raise UnreadableFile(
            f"the Avro file is damaged: {error}", cure="send it again, whole"
        ) from error


def _partner(body: object) -> str:
    try:
        fields = json.loads(body) if isinstance(body, bytes) else None
    except (ValueError, RecursionError):
        return NOBODY
    named = fields.get("partner_id") if isinstance(fields, dict) else None
    return named if isinstance(named, str) and named else NOBODY


def _enqueued_at(said: object) -> datetime | None:
    """Read the time of arrival (UTC), which Capture writes as 10/26/2025 1:05:09 PM."""
    for form in ("%m/%d/%Y %I:%M:%S %p", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            return datetime.strptime(str(said), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _known(record: Record, enqueued_at: datetime | None, number: int) -> Record:
    assert not isinstance(record, Refused)
    return replace(record, known_at=record.known_at or enqueued_at, line=number)

"""What a source told about an answer -> the conditions of the next question, kept between runs.

ETag and Last-Modified let it say 304; before Expires (or max-age) it is not asked at all
(RFC 9110, 13.1 and RFC 9111, 5). Kept once the rows have landed, so that an answer that was cut
short or could not be read is asked for again.
"""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from bronze.pulls.parts import Request
from lake.ingestion.landing import CannotWrite
from lake.settings import Settings

_CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


@dataclass(frozen=True)
class Told:
    """What is known of the last answer to a question; its headers are in lower case."""

    path: Path
    headers: Mapping[str, str]

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that let the source say that nothing is new, word for word as it told them."""
        return {ours: self.headers[its] for its, ours in _CONDITIONS.items() if its in self.headers}

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the source said that nothing new comes before a later time."""
        try:
            return now < datetime.fromisoformat(self.headers.get("fresh-until", ""))
        except (ValueError, TypeError):
            return False

    def remember(self, headers: Mapping[str, str], answered_at: datetime) -> None:
        """Keep what an answer told; CannotWrite."""
        kept = {name: headers[name] for name in _CONDITIONS if name in headers}
        if until := _fresh_until(headers, answered_at):
            kept["fresh-until"] = until.isoformat()
        if whole := {**self.headers, **kept}:
            written_whole(self.path, json.dumps(whole))


def told(request: Request, *, reader: str, settings: Settings) -> Told:
    """Return what is known of a question, asked by one version of a reader."""
    asked = json.dumps([reader, request.url, sorted(request.params.items())])
    name = hashlib.sha256(asked.encode()).hexdigest()[:24]
    path = settings.beside_tables("_pulls") / f"{name}.json"
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        known = {}
    if not isinstance(known, dict):
        known = {}
    return Told(path, {k: v for k, v in known.items() if isinstance(v, str)})


def written_whole(file: Path, text: str) -> None:
    """Write a small file that is there whole or not at all; CannotWrite."""
    part = file.with_name(f".{uuid.uuid4().hex}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text)
        part.rename(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)  # noqa: PTH108 - may be gone
        raise CannotWrite(
            f"cannot write to the lake: {error.strerror}", where=str(file.parent)
        ) from error


def _fresh_until(headers: Mapping[str, str], answered_at: datetime) -> datetime | None:
    """Return until when an answer holds, by its own clock: its Date may be ahead of ours."""
    rules = [r.strip() for r in headers.get("cache-control", "").lower().split(",")]
    if "no-cache" in rules or "no-store" in rules:
        return None
    for rule in rules:
        name, _, seconds = rule.partition("=")
        if name == "max-age" and seconds.isdigit():
            age = headers.get("age", "0")
            left = int(seconds[:9]) - (int(age[:9]) if age.isdigit() else 0)
            return answered_at + timedelta(seconds=max(left, 0))
    try:
        expires = parsedate_to_datetime(headers.get("expires", ""))
        sent = parsedate_to_datetime(headers.get("date", ""))
        return answered_at.astimezone(UTC) + max(expires - sent, timedelta())
    except (ValueError, TypeError):
        return None

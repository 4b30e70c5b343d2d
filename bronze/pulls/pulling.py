"""A source and what is wanted of it -> answers in landing/files, rows in landing/<kind>.

A part that fails takes none of the others with it. The answer is kept as it came, then its rows
appear whole; only then is it remembered as had, so that a run that is cut short is made up for.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from bronze.pulls.asking import Answer, Asker, SourceRefused, redacted
from bronze.pulls.parts import NotThereYet, Part, Request, Source, UnreadableAnswer, Wanted
from bronze.pulls.rows import PRICES, Price, Refused, Row, lines
from bronze.pulls.told import told
from bronze.pulls.zones import wrong_counts
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import Landed, derived, keep
from lake.settings import Settings

_LONGEST = 250


class PullFailed(LakeError):
    """Some of what was asked for could not be had; the rest is in landing."""

    code = "pull-failed"


@dataclass(frozen=True)
class Pulled:
    """What became of one part: how many rows, and what there is to say about them."""

    name: str
    rows: int = 0
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = [f"{self.rows:,} rows" if self.rows else "", *self.notes]
        return f"{self.name}: {'; '.join(filter(None, said))}"


def pull(
    source: Source, wanted: Wanted, settings: Settings, *, asker: Asker,
    until: datetime | None = None,
) -> Iterator[Pulled]:  # fmt: skip
    """Yield what became of each part; LakeError at the end where one or more could not be had.

    What is not published yet is asked for again until then.
    """
    began = time.monotonic()

    def clock() -> datetime:
        return wanted.clock + timedelta(seconds=time.monotonic() - began)

    def ask(request: Request) -> bytes:
        return asker.ask(request).body

    errors: list[LakeError] = []
    waiting = list(source.parts(wanted, settings, ask))
    while waiting:
        later: list[tuple[Part, NotThereYet]] = []
        for part in waiting:
            try:
                yield _pulled(source, part, settings, asker, clock)
            except NotThereYet as error:
                later.append((part, error))
            except LakeError as error:
                errors.append(error)
        pause = settings.pull_pause_seconds
        if later and until and clock() + timedelta(seconds=pause) < until:
            asker.sleep(pause)
            waiting = [part for part, _ in later]
        else:
            errors += (error for _, error in later)
            break
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise PullFailed(f"{len(errors)} could not be had: {'; '.join(map(str, errors))}")


def pull_file(source: Source, file: Path, wanted: Wanted, settings: Settings) -> Pulled:
    """Take an answer that was saved to a file as if it came now; UnreadableFile, LakeError."""
    try:
        body = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot read the file: {error.strerror}", where=str(file)) from error
    days = wanted.days
    part = Part(file.name, points=wanted.points, zones=wanted.zones, days=days)
    return _landed(source, part, [body], settings, wanted.clock)


def _pulled(
    source: Source, part: Part, settings: Settings, asker: Asker, clock: Callable[[], datetime]
) -> Pulled:
    if part.error:
        raise part.error
    # Answers that are read together are asked for together: a 304 of one has no bytes.
    is_single = len(part.requests) == 1
    before = None
    if is_single:
        before = told(part.requests[0], reader=_version(source, part), settings=settings)
    if before and before.is_fresh(clock()):
        return Pulled(part.name, notes=("nothing new: the source said when to ask again",))
    conditions = before.conditions if before else {}
    answers = [_answer(request, asker, conditions) for request in part.requests]
    now = clock()
    if all(a.status == 204 for a in answers):
        raise NotThereYet(f"{part.name} is not there yet")
    if any(a.status == 304 for a in answers):
        if before:
            before.remember(answers[0].headers, now)
        return Pulled(part.name, notes=("nothing new",))
    pulled = _landed(source, part, [a.body for a in answers], settings, now)
    if before:
        before.remember(answers[0].headers, now)
    if any(a.status == 203 for a in answers):
        note = "the source says that this version of its interface ends soon (HTTP 203)"
        return Pulled(pulled.name, pulled.rows, (*pulled.notes, note))
    return pulled


def _answer(request: Request, asker: Asker, conditions: dict[str, str]) -> Answer:
    try:
        return asker.ask(request, conditions)
    except SourceRefused as error:
        if request.is_missing(error.status, error.body):
            return Answer(204)
        raise


def _landed(
    source: Source, part: Part, bodies: list[bytes], settings: Settings, now: datetime
) -> Pulled:
    try:
        rows, refused = _read(source, part, bodies, now)
    except UnreadableAnswer as error:
        kept = _kept(source, part, bodies, settings, now)
        what = error.what  # it may be the source's own words, and those may have the key
        for request in part.requests:
            what = redacted(what, request.secret)
        raise UnreadableAnswer(
            f"{part.name}: {what[:_LONGEST]}", where=str(kept.path), cure=error.cure
        ) from error
    if not rows:
        why = f": {refused[0]}" if refused else ""
        raise NotThereYet(f"{part.name} has no rows{why}")
    kept = _kept(source, part, bodies, settings, now)
    version = _version(source, part, bodies)
    with derived(kept, source.KIND, version=version, ending="csv", settings=settings) as write:
        for line in lines(source.KIND, rows):
            write(line)
    notes = [] if kept.is_new else ["was there already"]
    if source.KIND == PRICES:
        prices = (row for row in rows if isinstance(row, Price))
        notes += wrong_counts(prices, part.zones, part.days)
    if refused:
        notes.append(f"{len(refused):,} refused: {refused[0]}")
    return Pulled(part.name, len(rows), tuple(notes))


def _read(
    source: Source, part: Part, bodies: list[bytes], now: datetime
) -> tuple[list[Row], list[Refused]]:
    try:
        said = list(source.rows(bodies, part, now))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A shape that the documentation does not have; the other parts still come.
        raise UnreadableAnswer(f"of a shape that is not known: {error!r}"[:200]) from error
    refused = [row for row in said if isinstance(row, Refused)]
    return [row for row in said if not isinstance(row, Refused)], refused


def _kept(
    source: Source, part: Part, bodies: list[bytes], settings: Settings, now: datetime
) -> Landed:
    """Keep the answers as they came; rows of more than one lie under the name of the latest."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept: list[Landed] = []
        for place, body in enumerate(bodies):
            stem, dot, ending = part.name.rpartition(".")
            name = f"{stem}-{place + 1}{dot}{ending}" if place else part.name
            (file := folder / name).write_bytes(body)
            kept.append(keep(file, partner=source.PARTNER, settings=settings, clock=now,
                             is_answer=True))  # fmt: skip
    # The latest: no row is known before the last of what it was read from.
    latest = max(kept, key=lambda landed: landed.path.stat().st_mtime)
    return replace(latest, is_new=any(landed.is_new for landed in kept))


def _version(source: Source, part: Part, bodies: Sequence[bytes] = ()) -> str:
    """Tell two readings of the same bytes apart: by the reader, by what it was told, by the rest.

    Two points may get the same forecast, and it must become rows of both.
    """
    told_too = [part.points, part.zones, part.since, part.until]
    known = hashlib.sha256(repr(told_too).encode())
    for body in bodies[1:]:
        known.update(bodies[0] + body)
    return f"{source.VERSION}-{known.hexdigest()[:8]}"

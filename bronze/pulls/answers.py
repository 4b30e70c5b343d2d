"""A part's questions, asked -> its answers in landing/files, and their rows in landing/<kind>.

The answer is kept as it came, then its rows appear whole; only then is it remembered as had, so
that a run that is cut short is made up for. An answer that is not whole is never remembered.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bronze.pulls.days_had import remember_days
from bronze.pulls.keys import redacted
from bronze.pulls.parts import NotThereYet, Part, Source, UnreadableAnswer
from bronze.pulls.rows import PRICES, Price, Refused, Row, Unfinished, Weather, lines
from bronze.pulls.shared import Shared
from bronze.pulls.told import told
from bronze.pulls.zones import Lack, is_to_come, lacks
from lake.ingestion.landing import Landed, derived, keep
from lake.settings import Settings

_LONGEST = 250


@dataclass(frozen=True)
class Pulled:
    """What became of one part: how many rows, and what there is to say about them.

    ``awaited`` is what it lacks and will have.
    """

    name: str
    rows: int = 0
    notes: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = [f"{self.rows:,} rows" if self.rows else "", *self.notes]
        return f"{self.name}: {'; '.join(filter(None, said))}"


def taken(
    source: Source, part: Part, settings: Settings, asking: Shared, clock: Callable[[], datetime]
) -> Pulled:
    """Ask for a part and land what is said; LakeError."""
    if part.error:
        raise part.error
    reader = _version(source, part)
    before = [told(request, reader=reader, settings=settings) for request in part.requests]
    if all(one.is_fresh(clock()) for one in before):
        return Pulled(part.name, notes=("nothing new: the source said when to ask again",))
    answers = [
        asking.ask(request, known.conditions)
        for request, known in zip(part.requests, before, strict=True)
    ]
    is_new = any(a.status not in (204, 304) for a in answers)
    if is_new:
        # Answers are read together, and a 304 of one has no bytes.
        answers = [
            asking.ask(request, {}) if answer.status == 304 else answer
            for request, answer in zip(part.requests, answers, strict=True)
        ]
    now = clock()
    if all(a.status == 204 for a in answers):
        raise NotThereYet(f"{part.name} is not there yet")
    pulled = Pulled(part.name, notes=("nothing new",))
    if is_new:
        pulled = landed(source, part, [a.body for a in answers], settings, now)
    if not pulled.awaited:
        for answer, known in zip(answers, before, strict=True):
            known.remember(answer.headers, now)
    if any(a.status == 203 for a in answers):
        note = "the source says that this version of its interface ends soon (HTTP 203)"
        return replace(pulled, notes=(*pulled.notes, note))
    return pulled


def landed(
    source: Source, part: Part, bodies: list[bytes], settings: Settings, now: datetime
) -> Pulled:
    """Land what answers say; UnreadableAnswer, NotThereYet where there is nothing new in them."""
    try:
        rows, refused, unfinished = _read(source, part, bodies, now)
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
    lacking = _lacking(source, part, rows)
    awaited = _awaited(part, lacking, unfinished, now)
    if awaited and len(rows) <= part.had:
        raise NotThereYet(f"{part.name}: {'; '.join(awaited)}")
    kept = _kept(source, part, bodies, settings, now)
    version = _version(source, part, bodies)
    with derived(kept, source.KIND, version=version, ending="csv", settings=settings) as write:
        for line in lines(source.KIND, rows):
            write(line)
    if source.KIND == PRICES:
        _remember(source, part, (*lacking, *unfinished), settings, now)
    notes = [] if kept.is_new else ["was there already"]
    notes += [str(one) for one in (*lacking, *unfinished)]
    notes += _hours_lacking(part, rows)
    if refused:
        notes.append(f"{len(refused):,} refused: {refused[0]}")
    return Pulled(part.name, len(rows), tuple(notes), awaited)


def _lacking(source: Source, part: Part, rows: Sequence[Row]) -> list[Lack]:
    if source.KIND != PRICES:
        return []
    return [*lacks((row for row in rows if isinstance(row, Price)), part.zones, part.days)]


def _hours_lacking(part: Part, rows: Sequence[Row]) -> Iterator[str]:
    """Say how many hours of observed days have a row, where some have none."""
    there = {(row.latitude, row.longitude, row.observed_at) for row in rows
             if isinstance(row, Weather)}  # fmt: skip
    expected = len(part.points) * len(part.days) * 24
    if there and len(there) < expected:
        yield f"{len(there):,} of {expected:,} hours"


def _awaited(
    part: Part, lacking: Sequence[Lack], unfinished: Sequence[Unfinished], now: datetime
) -> tuple[str, ...]:
    """Return what will be had: gaps of days that are not over, zones without a price, drafts."""
    without = Counter(lack.zone for lack in lacking if lack.is_all)
    awaited: list[Lack | Unfinished] = [
        lack
        for lack in lacking
        if without[lack.zone] == len(part.days) or is_to_come(lack.day, now)
    ]
    if any(is_to_come(day, now) for day in part.days):
        awaited += unfinished
    return tuple(map(str, awaited))


def _remember(
    source: Source, part: Part, gaps: Sequence[Lack | Unfinished], settings: Settings, now: datetime
) -> None:
    for zone in part.zones:
        of_zone = [gap for gap in gaps if gap.zone == zone]
        if any(isinstance(gap, Unfinished) for gap in of_zone):
            continue
        without = {gap.day for gap in of_zone if isinstance(gap, Lack)}
        whole = [day for day in part.days if day not in without]
        remember_days(source.__name__, zone, whole, settings, now)


def _read(
    source: Source, part: Part, bodies: list[bytes], now: datetime
) -> tuple[list[Row], list[Refused], list[Unfinished]]:
    try:
        said = list(source.rows(bodies, part, now))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A shape that the documentation does not have; the other parts still come.
        raise UnreadableAnswer(f"of a shape that is not known: {error!r}"[:200]) from error
    refused = [row for row in said if isinstance(row, Refused)]
    unfinished = [row for row in said if isinstance(row, Unfinished)]
    return [row for row in said if not isinstance(row, Refused | Unfinished)], refused, unfinished


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
    told_too = [part.points, part.zones, part.days, part.since, part.until]
    known = hashlib.sha256(repr(told_too).encode())
    for body in bodies[1:]:
        known.update(bodies[0] + body)
    return f"{source.VERSION}-{known.hexdigest()[:8]}"

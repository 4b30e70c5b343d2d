"""A source and what is wanted of it -> its parts, asked one after the other until they are had.

A part that fails takes none of the others with it; where a source says stop, the others are not
asked (the terms of MET Norway: who goes on is throttled, then blocked).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bronze.pulls.answers import Pulled, landed, taken
from bronze.pulls.asking import Asker, SourceRefused, SourceUnavailable
from bronze.pulls.parts import (
    NotServed,
    NotThereYet,
    Part,
    Request,
    Source,
    UnreadableAnswer,
    Wanted,
)
from bronze.pulls.shared import Shared
from bronze.pulls.zones import is_to_come
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile
from lake.settings import Settings

# So many parts in a row that a source does not answer, and it is away.
_MOST_AWAY = 2
_MOST_TOLD = 5


class PullFailed(LakeError):
    """Some of what was asked for could not be had; the rest is in landing."""

    code = "pull-failed"


class NotAsked(LakeError):
    """A part that was not asked for, since its source said stop before it."""

    code = "not-asked"


def pull(
    source: Source, wanted: Wanted, settings: Settings, *, asker: Asker,
    until: datetime | None = None,
) -> Iterator[Pulled]:  # fmt: skip
    """Yield what became of each part; LakeError at the end where one or more could not be had.

    What is not published yet, or not whole, is asked for again until then, and so is all of a
    source that is away.
    """
    began = time.monotonic()

    def clock() -> datetime:
        return wanted.clock + timedelta(seconds=time.monotonic() - began)

    def ask(request: Request) -> bytes:
        return asker.ask(request).body

    errors: list[LakeError] = []
    unserved: list[NotServed] = []
    waiting = list(source.parts(wanted, settings, ask))
    while waiting:
        these = _Round(source, wanted, settings, Shared(asker, waiting), clock)
        yield from these.of(waiting)
        errors += these.errors
        unserved += these.unserved
        waiting = [part for part, _ in these.later]
        pause = max(settings.pull_pause_seconds, these.wait)
        is_last = these.is_refused or not until or clock() + timedelta(seconds=pause) >= until
        if waiting and is_last:
            errors += (error for _, error in these.later)
            break
        if waiting:
            asker.sleep(pause)
    if unserved:
        yield Pulled("left out", notes=(f"{len(unserved):,} places: {unserved[0].what}",))
    if errors:
        raise _failed(errors)


def pull_file(source: Source, file: Path, wanted: Wanted, settings: Settings) -> Pulled:
    """Take an answer that was saved to a file as if it came now; UnreadableFile, LakeError."""
    try:
        body = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot read the file: {error.strerror}", where=str(file)) from error
    days = wanted.days
    part = Part(file.name, points=wanted.points, zones=wanted.zones, days=days)
    return landed(source, part, [body], settings, wanted.clock)


@dataclass
class _Round:
    """One asking of all parts that wait: what is asked for ``later``, and what is given up."""

    source: Source
    wanted: Wanted
    settings: Settings
    asking: Shared
    clock: Callable[[], datetime]
    later: list[tuple[Part, LakeError]] = field(default_factory=list)
    errors: list[LakeError] = field(default_factory=list)
    unserved: list[NotServed] = field(default_factory=list)
    # How long the source asked to wait, in s, and whether it refuses whatever is asked.
    wait: float = 0
    is_refused: bool = False
    _why_no_more: str = ""
    _away: int = 0

    def of(self, parts: Sequence[Part]) -> Iterator[Pulled]:
        for part in parts:
            try:
                pulled = self._taken(part)
            except LakeError as error:
                self._not_had(part, error)
                continue
            yield pulled
            if pulled.awaited:
                lacking = NotThereYet(f"{part.name} landed, but {'; '.join(pulled.awaited)}")
                self._not_had(replace(part, had=max(part.had, pulled.rows)), lacking)
            self._away = 0

    def _taken(self, part: Part) -> Pulled:
        if self._why_no_more and not part.error:
            raise NotAsked(f"{part.name} was not asked for: {self._why_no_more}")
        return taken(self.source, part, self.settings, self.asking, self.clock)

    def _not_had(self, part: Part, error: LakeError) -> None:
        if isinstance(error, NotServed) and self.wanted.is_of_homes:
            self.unserved.append(error)
            return
        self._look_for_a_stop(error)
        if _may_come(part, error, self.wanted, self.clock()):
            self.later.append((part, error))
        else:
            self.errors.append(error)

    def _look_for_a_stop(self, error: LakeError) -> None:
        match error:
            case SourceUnavailable():
                self._away += 1
                self.wait = max(self.wait, error.wait)
                if error.wait or self._away >= _MOST_AWAY:
                    self._why_no_more = error.what
            case SourceRefused():
                self._away = 0
                if error.is_of_all:
                    self.is_refused, self._why_no_more = True, error.what
            case _:
                self._away = 0


def _may_come(part: Part, error: LakeError, wanted: Wanted, now: datetime) -> bool:
    """Tell whether a part is asked for again in this run: not a past day that is not there."""
    match error:
        case NotThereYet():
            return not part.days or any(is_to_come(day, now) for day in part.days)
        case UnreadableAnswer():  # a page that says that the source is being mended
            return not wanted.days
        case _:
            return isinstance(error, SourceUnavailable | NotAsked)


def _failed(errors: Sequence[LakeError]) -> LakeError:
    """Return the error that tells of all, the first ones in their words."""
    if len(errors) == 1:
        return errors[0]
    asked = [error for error in errors if not isinstance(error, NotAsked)]
    said = [*map(str, asked[:_MOST_TOLD])]
    if len(asked) > _MOST_TOLD:
        said.append(f"{len(asked) - _MOST_TOLD:,} more")
    if len(asked) < len(errors):
        said.append(f"{len(errors) - len(asked):,} were not asked for after that")
    return PullFailed(f"{len(errors):,} could not be had: {'; '.join(said)}")

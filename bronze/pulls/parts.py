"""What is asked of a source, in parts: one part is one file of rows, and may need more answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from pydantic import SecretStr

from bronze.pulls.rows import Refused, Row, Unfinished
from lake.errors import LakeError
from lake.settings import Settings

# The word for the places of the homes in the lake.
HOMES = "homes"
# Where sources say what is wrong, in JSON.
_COMPLAINTS = ("message", "reason", "title")


class UnreadableAnswer(LakeError):
    """An answer that is not what the source's documentation says."""

    code = "unreadable-answer"


class NotThereYet(LakeError):
    """What was asked for is not published yet."""

    code = "not-there-yet"


class NotServed(LakeError):
    """A place of which a source has nothing, today or tomorrow."""

    code = "not-served"


class NoToken(LakeError):
    """A source that wants a key, and none is set."""

    code = "no-token"


class Point(NamedTuple):
    """A fixed weather point, in degrees (WGS 84), to four decimals (11 m)."""

    latitude: float
    longitude: float


class Secret(NamedTuple):
    """A key, and where it goes: into a query parameter or a header."""

    text: SecretStr
    parameter: str = ""
    header: str = ""
    # The setting that holds it, for the cure.
    setting: str = ""


def _never(status: int, body: bytes) -> bool:
    return False


def _none(body: bytes) -> float:
    return 0


@dataclass(frozen=True)
class Request:
    """One question.

    ``is_missing`` tells a refusal that only says that there are no data yet, ``wait_told`` how long
    the body of a 429 asks to wait (s). No other question is asked for ``pause`` s after it.
    """

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: Secret | None = None
    is_missing: Callable[[int, bytes], bool] = _never
    wait_told: Callable[[bytes], float] = _none
    pause: float = 0
    # The cure where 401 or 403 is about this question; without it they are about who asks.
    denied: str = ""


@dataclass(frozen=True)
class Part:
    """What becomes one file of rows: its questions, and what the answers do not say themselves.

    ``name`` is the kept file's; rows are those from ``since`` to before ``until``.
    """

    name: str
    requests: tuple[Request, ...] = ()
    points: tuple[Point, ...] = ()
    zones: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    # Why it cannot even be asked for; the other parts can.
    error: LakeError | None = None
    # How many rows landed of it in this run, of an answer that was not whole.
    had: int = 0


@dataclass(frozen=True)
class Wanted:
    """What to pull: where, and for which days; without days each source has its own rule."""

    clock: datetime
    points: tuple[Point, ...] = ()
    zones: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    # Whether the places are those of the homes: what a source does not serve is left out of them.
    is_of_homes: bool = False


class Source(Protocol):
    """What each source's module is."""

    __name__: str
    KIND: str  # the folder of landing that its rows go to
    PARTNER: str  # under whom they are kept
    PLACES: str  # what it is asked for: points or zones
    VERSION: int  # of the reader; a new one reads an unchanged answer again

    def parts(
        self, wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]
    ) -> Iterator[Part]:
        """Yield what to ask for; ``ask`` answers what must be known before."""
        ...

    def rows(
        self, bodies: Sequence[bytes], part: Part, answered_at: datetime
    ) -> Iterable[Row | Refused | Unfinished]:
        """Return what the answers say; UnreadableAnswer, NotThereYet. Pure."""
        ...


def midnight(day: date) -> datetime:
    """Return the start of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def batches(points: Sequence[Point], most: int) -> Iterator[tuple[Point, ...]]:
    """Cut points into batches of at most so many."""
    for start in range(0, len(points), most):
        yield tuple(points[start : start + most])


def spans(days: Sequence[date], most: int) -> Iterator[tuple[date, date]]:
    """Cut days into runs of at most so many, each as its first and last day."""
    run: list[date] = []
    for day in sorted(set(days)):
        if run and (day - run[-1] > timedelta(days=1) or len(run) >= most):
            yield run[0], run[-1]
            run = []
        run.append(day)
    if run:
        yield run[0], run[-1]


def unreadable(said: Any, source: str, otherwise: str) -> UnreadableAnswer:
    """Return the error of an answer without data: in the source's words, where it has some."""
    told = complaint(said)
    return UnreadableAnswer(f"{source} says: {told}" if told else otherwise)


def complaint(said: Any) -> str:
    """Return what a source says in the place of data; nothing where it says none."""
    if not isinstance(said, dict):
        return ""
    error = said.get("error") or said.get("errors")
    first = error[0] if isinstance(error, list) else error
    texts = [first] + [
        told.get(name) for told in (first, said) if isinstance(told, dict) for name in _COMPLAINTS
    ]
    found = next((text for text in texts if isinstance(text, str)), "")
    return " ".join(found.split())

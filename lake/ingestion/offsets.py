"""What the ledger says was taken, and what the broker still has -> where to go on, what is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lake.hops.ledger import Arrival
from lake.ingestion.topics import Topic

EXPIRED = "expired before it was read"
REMADE = "the topic was made anew: what was not read of the old one is gone"


@dataclass(frozen=True)
class Lost:
    """Offsets of a partition that nobody can read any more, both included.

    ``last`` is None where nobody knows how far the old topic went.
    """

    partition: int
    source_file: str
    first: int
    last: int | None
    reason: str


@dataclass(frozen=True)
class Start:
    """Where to go on: the next offset by partition, under the names that its rows will have.

    ``passed`` are stretches that the ledger is to count as done without a row.
    """

    generation: int
    next: Mapping[int, int]
    lost: list[Lost] = field(default_factory=list)
    passed: list[Arrival] = field(default_factory=list)


def named(topic: str, generation: int, partition: int) -> str:
    """Return the ``source_file`` of a partition; a topic made anew counts from 0 under another.

    A topic's name has no ``~``.
    """
    return f"{topic}{f'~{generation}' if generation > 1 else ''}/{partition}"


def resumed(topic: Topic, *, known_id: str, generation: int, reached: Mapping[str, int]) -> Start:
    """Return where to go on with a topic that was last seen as ``known_id`` and ``generation``.

    ``reached`` holds the last offset taken by ``source_file``. A partition that the ledger does
    not know is read from its earliest offset.
    """
    following = {
        p: reached[named(topic.name, generation, p)] + 1
        for p in topic.latest
        if named(topic.name, generation, p) in reached
    }
    shorter = [p for p, offset in following.items() if topic.latest[p] < offset]
    is_same = bool(topic.id) and topic.id == known_id
    is_other = bool(topic.id and known_id) and topic.id != known_id
    if is_other or (shorter and not is_same):
        return _anew(topic, generation, reached)
    if shorter:
        return _cut_back(topic, generation, following)
    lost = [
        Lost(p, named(topic.name, generation, p), offset, topic.earliest[p] - 1, EXPIRED)
        for p, offset in sorted(following.items())
        if offset < topic.earliest[p]
    ]
    passed = [Arrival(o.source_file, o.first, topic.earliest[o.partition] - 1, 0, 0) for o in lost]
    nearest = {p: max(offset, following.get(p, 0)) for p, offset in topic.earliest.items()}
    return Start(generation, nearest, lost, passed)


def _anew(topic: Topic, generation: int, reached: Mapping[str, int]) -> Start:
    """Read another topic of the same name from its beginning; of the old one the rest is lost."""
    prefix = named(topic.name, generation, 0)[:-1]
    lost = [
        Lost(int(name.removeprefix(prefix)), name, last + 1, None, REMADE)
        for name, last in sorted(reached.items())
        if name.startswith(prefix)
    ]
    return Start(generation + 1, dict(topic.earliest), lost)


def _cut_back(topic: Topic, generation: int, following: Mapping[int, int]) -> Start:
    """Go on where the broker lost the end of a log: its offsets will be given a second time."""
    nearest = {
        p: max(min(following.get(p, 0), topic.latest[p]), earliest)
        for p, earliest in topic.earliest.items()
    }
    passed = [
        Arrival(named(topic.name, generation + 1, p), 0, at - 1, 0, 0)
        for p, at in nearest.items()
        if p in following and at
    ]
    return Start(generation + 1, nearest, [], passed)

"""Links between entries of an ESPI feed -> what an entry belongs to, however its custodian links.

A MeterReading is told by the path of its IntervalBlocks, by their ``related`` link (UtilityAPI),
or by its own to them; its UsagePoint by its ``related`` link (flat paths: Burlington Hydro), by its
path, or by the link of the UsagePoint; its ReadingType by its ``related`` link, by that of the
IntervalBlock, by that of the ReadingType (LG&E), or by the same id (``MeterReading/S012`` and
``ReadingType/S012``), whatever the path before it. Where several would do, none does.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from bronze.formats.espi_types import ReadingType

# A shorter id is a number within a customer, and one without digits a word that all customers of a
# utility have (NET_USAGE of Opower), so that the customer's must stand before it.
_SHORTEST_ID = 6
_USAGE_POINT = re.compile(r"(?:^|/)(?:([^/]+)/)?UsagePoint/([^/]+)")
_METER_READING = re.compile(r"(?:^|/)MeterReading/([^/]+)")
_READING_TYPE = re.compile(r"(?:^|/)(ReadingType/[^/]+)")


class Key(NamedTuple):
    """How readings say what they are of; all that say the same are of one series.

    ``path`` is that of their MeterReading (or of its IntervalBlocks), ``related`` are their links
    to a MeterReading or a ReadingType, ``after`` names the ReadingType that stands before them
    where they have no link, ``said`` is what their IntervalBlock says itself.
    """

    path: str = ""
    related: tuple[str, ...] = ()
    after: str = ""
    said: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class Linked:
    """A UsagePoint, MeterReading or ReadingType, and its links."""

    path: str = ""
    up: str = ""
    related: list[str] = field(default_factory=list)
    uuid: str = ""
    type: ReadingType | None = None

    @property
    def own(self) -> str:
        """Its id within its kind."""
        found = _METER_READING.search(self.path)
        return found[1] if found else self.path.rpartition("/")[2] or self.uuid


class Listed:
    """The entries of one kind, by what names them."""

    def __init__(self) -> None:
        """Begin without an entry."""
        self._all: dict[str, Linked] = {}
        self._naming = defaultdict[str, list[Linked]](list)
        self._tails = defaultdict[str, list[Linked]](list)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def __iter__(self) -> Iterator[str]:
        """Yield their names: their path, or where they have none their number."""
        return iter(self._all)

    def put(self, linked: Linked) -> str:
        """Add one and return its name; what the same path says again is that of the first.

        A second ReadingType of one path is no other: the bulk files of SCE have another
        accumulationBehaviour in it.
        """
        name = linked.path or f"without path {len(self)}"
        first = self._all.setdefault(name, linked)
        if first is linked and (tail := tail_of(linked.path)):
            self._tails[tail].append(linked)
        for path in linked.related:
            if first not in self._naming[path][-1:]:
                self._naming[path].append(first)
        if first is not linked:
            first.related += linked.related
        return name

    def named(self, name: str) -> Linked | None:
        """Return the one of this name."""
        return self._all.get(name)

    def naming(self, path: str) -> Linked | None:
        """Return the one that links to a path."""
        found = self._naming.get(path, []) if path else []
        return found[0] if len(found) == 1 else None

    def of(self, path: str) -> Linked | None:
        """Return what a path belongs to: what names it, has it, or what it is below of."""
        if found := self.naming(path):
            return found
        while path:
            if path in self._all:
                return self._all[path]
            path = path.rpartition("/")[0]
        return None

    def like(self, tail: str) -> Linked | None:
        """Return the one whose path ends with ``ReadingType/`` and this id."""
        found = self._tails.get(tail, [])
        return found[0] if len(found) == 1 else None

    def only(self) -> Linked | None:
        """Return it where there is one alone."""
        return next(iter(self._all.values())) if len(self) == 1 else None


def reading_of(readings: Listed, key: Key) -> Linked | None:
    """Return the MeterReading that readings are of."""
    if found := readings.of(key.path):
        return found
    for path in key.related:
        if found := readings.named(path):
            return found
    return readings.only()


def type_of(types: Listed, reading: Linked, key: Key) -> Linked | None:
    """Return the ReadingType that a MeterReading, or its readings, are of."""
    related = (*reading.related, *key.related)
    for path in related:
        if found := types.named(path):
            return found
    tails = [tail for path in related if (tail := tail_of(path))]
    if not tails and (own := _METER_READING.search(reading.path)):
        tails = [f"ReadingType/{own[1]}"]
    for found in (types.naming(reading.path), *(types.like(tail) for tail in tails)):
        if found:
            return found
    return types.only() or types.named(key.after)


def point_of(points: Listed, reading: Linked) -> Linked | None:
    """Return the UsagePoint that a MeterReading is of."""
    for path in reading.related:
        if found := points.named(path):
            return found
    if found := points.of(reading.up) or points.of(reading.path):
        return found
    only, named = points.only(), _USAGE_POINT.search(reading.path)
    is_other = only and named and (own := _USAGE_POINT.search(only.path)) and own[2] != named[2]
    return None if is_other else only


def point_id(path: str) -> str:
    """Return the id of a UsagePoint; one that many have is told apart by its customer's."""
    found = _USAGE_POINT.search(path)
    if not found:
        own = path.rpartition("/")[2]
        return own if _is_id(own) else ""
    customer, own = found[1], found[2]
    return own if _is_id(own) or not customer else f"{customer}-{own}"


def tail_of(path: str) -> str:
    """Return ``ReadingType/`` and the id of a path that is one's; else nothing."""
    found = _READING_TYPE.search(path)
    return found[1] if found else ""


def is_of_reading(path: str) -> bool:
    """Tell whether a path is that of a MeterReading or of a ReadingType."""
    return bool(_METER_READING.search(path) or _READING_TYPE.search(path))


def path_of(href: str) -> str:
    """Return the path of an address, without its server and outer slashes."""
    try:
        return urlsplit(href.strip()).path.strip("/")
    except ValueError:
        return href.strip().strip("/")


def _is_id(own: str) -> bool:
    return len(own) >= _SHORTEST_ID and any(letter.isdigit() for letter in own)

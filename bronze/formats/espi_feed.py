"""Entries of an ESPI feed -> which meter and ReadingType its IntervalBlocks have, by links."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bronze.formats.espi_links import (
    Key,
    Linked,
    Listed,
    is_of_reading,
    path_of,
    point_id,
    point_of,
    reading_of,
    type_of,
)
from bronze.formats.espi_shared import Series, Sharing
from bronze.formats.espi_types import (
    SAID_BY_BLOCK,
    ReadingType,
    integer,
    is_unset,
    local_time,
    reading_type,
    type_of_block,
)
from bronze.formats.records import Told

CURE = "send the batch feed, with all entries of the UsagePoint"
_NO_TYPE = f"it has no ReadingType: {CURE}"
_NO_METER = "no UsagePoint says of which meter it is"


class Entry(NamedTuple):
    """What the second reading needs of an entry.

    ``key`` is None where it has no readings; ``begin_s`` and ``length_s`` are of each of its
    readings, where they divide its interval.
    """

    key: Key | None = None
    known_at: datetime | None = None
    begin_s: int = 0
    length_s: int = 0


class _Of(NamedTuple):
    """The MeterReading and ReadingType of readings, and the id of their UsagePoint."""

    reading: Linked
    type: ReadingType
    point: str


class Feed:
    """The entries of a file, in its order; ``local`` is the clock that it tells, if it does."""

    def __init__(self, told: Told) -> None:
        """Take the meter that is told: it is that of a feed with one, and of one that names none.

        A feed of one UsagePoint may have the id of an example in it, as all of Eversource do.
        """
        self.entries: list[Entry] = []
        self.local: Callable[[datetime], datetime] | None = None
        self.is_wall_clock = False
        # Whether it is a feed of anything: that of a news page has text for content.
        self.has_content = False
        self._told = told
        self._points, self._readings, self._types = Listed(), Listed(), Listed()
        # Of a feed without links: the ReadingType that came last, and those with readings behind.
        self._after, self._followed = "", set[str]()
        self._keys: dict[Key, Key] = {}
        self._found: dict[Key, Series | str] = {}

    def add(self, entry: Any, count: int) -> None:
        """Add an entry with this count of readings, of which little is kept."""
        linked, updated, content = Linked(), "", None
        for part in entry:
            name, text = local_name(part), (part.text or "").strip()
            if name == "link":
                path = path_of(part.get("href", ""))
                if part.get("rel") == "self":
                    linked.path = path
                elif part.get("rel") == "up":
                    linked.up = path
                elif part.get("rel") == "related":
                    linked.related.append(path)
            elif name == "id":
                linked.uuid = text
            elif name in ("updated", "published"):
                updated = text if name == "updated" else updated or text
            elif name == "content" and len(part):
                content = part[0]
        kind = local_name(content) if content is not None else ""
        self.has_content = self.has_content or bool(kind)
        if content is None or kind != "IntervalBlock":
            self.entries.append(Entry())
            self._add_linked(kind, content, linked)
            return
        said = next((_texts(part) for part in content if local_name(part) == "interval"), {})
        key = self._key(linked, said)
        begin_s, whole_s = integer(said.get("start")), integer(said.get("duration"))
        length_s = (whole_s or 0) // count if count and (whole_s or 0) % count == 0 else 0
        self.entries.append(Entry(key, _instant(updated), begin_s or 0, length_s))

    def _key(self, block: Linked, said: dict[str, str]) -> Key:
        path = block.up or block.path.rpartition("/")[0]
        after = "" if block.path or block.up or block.related else self._after
        self._followed.add(after)
        key = Key(
            path,
            tuple(path for path in block.related if is_of_reading(path)),
            after,
            tuple((name, said[name]) for name in SAID_BY_BLOCK if name in said),
        )
        return self._keys.setdefault(key, key)

    def _add_linked(self, kind: str, content: Any, linked: Linked) -> None:
        if kind == "UsagePoint":
            self._points.put(linked)
        elif kind == "MeterReading":
            self._readings.put(linked)
        elif kind == "ReadingType":
            linked.type = reading_type(_texts(content))
            self._after = self._types.put(linked)
        elif kind == "LocalTimeParameters" and self.local is None:
            said = _texts(content)
            self.local, self.is_wall_clock = local_time(said), is_unset(said)

    def last(self) -> dict[int, Sharing]:
        """Return the entries behind which no other has readings of a meter that are held."""
        found = {}
        for number, entry in enumerate(self.entries):
            series = self.series(number) if entry.key else None
            if isinstance(series, Series) and series.is_held:
                found[series.sharing] = number
        return {number: sharing for sharing, number in found.items()}

    def series(self, entry: int) -> Series | str:
        """Return what the readings of an entry are of, or why that is not known."""
        if not self._found:
            self._find()
        key = self.entries[entry].key
        return self._found[key] if key else _NO_TYPE

    def _find(self) -> None:
        found: dict[Key, _Of] = {}
        readings: dict[Key, Linked] = {}
        for key in self._keys:
            of = self._of(key, readings)
            if isinstance(of, str):
                self._found[key] = of
            else:
                found[key] = of
        self._name(self._with_told(found))

    def _with_told(self, found: dict[Key, _Of]) -> dict[Key, _Of]:
        """Put the meter that is told for the only one with energy, and for one without an id."""
        told, points = self._told, {of.point for of in found.values() if of.type.is_energy}
        is_told = len(points) == 1 and not told.is_of_file and told.meter_id
        instead = {}
        if len(self._points) < 2:
            instead[""] = told.meter_id
        if is_told and points != {""}:
            instead[points.pop()] = told.meter_id
        return {
            key: of._replace(point=instead.get(of.point, of.point)) for key, of in found.items()
        }

    def _of(self, key: Key, unlisted: dict[Key, Linked]) -> _Of | str:
        reading, said = reading_of(self._readings, key), dict(key.said)
        if reading is None:
            if len(self._readings) and not key.related and not key.after:
                return "no link says of which MeterReading it is"
            reading = unlisted.setdefault(key, Linked(key.path.removesuffix("/IntervalBlock")))
        ordered = self._followed.issuperset(self._types)
        linked = type_of(self._types, reading, key if ordered else key._replace(after=""))
        kind = linked.type if linked else None
        if not len(self._types):
            kind = type_of_block(said)
        if kind is None and len(self._types):
            return "no link says of which ReadingType it is"
        if kind is None:
            return "its IntervalBlock says no unit that is known (kWh, Wh)" if said else _NO_TYPE
        if not kind.unit and not kind.is_money:
            return "its ReadingType has no unit"
        return _Of(reading, kind, said.get("servicePointId", "") or self._point(reading))

    def _point(self, reading: Linked) -> str:
        if point := point_of(self._points, reading):
            return point_id(point.path) or point.uuid.rpartition(":")[2]
        paths = [path for path in (reading.path, *reading.related) if "UsagePoint/" in path]
        if not paths and not self._points and "MeterReading/" in reading.path:
            paths = [reading.path]
        return point_id(paths[0]) if paths else ""

    def _name(self, found: dict[Key, _Of]) -> None:
        """Name the meter of all that is found, and tell what several MeterReadings share."""
        flows = defaultdict[str, set[str]](set)
        for of in found.values():
            if not of.type.is_money:
                flows[of.point].add(of.type.series)
        several = defaultdict[Sharing, set[tuple[Linked, ReadingType]]](set)
        totals = set[tuple[Sharing, frozenset[tuple[str, str]], int]]()
        named = dict[Key, Series]()
        for key, of in found.items():
            kind, is_net = of.type, of.type.series == "net" and not of.type.is_register
            is_net = is_net and not flows[of.point] & {"", "export"}
            meter_id = _joined(of.point, "" if is_net else kind.series)
            named[key] = series = Series(meter_id, kind, of.reading.own, is_net)
            several[series.sharing].add((of.reading, kind))
            if not kind.tou:
                totals.add((series.sharing, kind.beside_tou, kind.length_s))
        for key, series in named.items():
            kind, sharing = series.type, series.sharing
            is_alone = len(several[sharing]) == 1 and not (kind.is_register or series.is_net)
            has_total = (sharing, kind.beside_tou, kind.length_s) in totals
            self._found[key] = _NO_METER if not found[key].point else series._replace(
                is_held=not is_alone or kind.is_scaled, is_in_total=has_total and kind.tou != 0,
            )  # fmt: skip


def _joined(*parts: str) -> str:
    return "-".join(filter(None, parts))


def _texts(element: Any) -> dict[str, str]:
    return {local_name(part): (part.text or "").strip() for part in element}


def local_name(element: Any) -> str:
    """Return the name of an element without its name space."""
    return _name(element.tag) if isinstance(element.tag, str) else ""


@lru_cache(maxsize=1024)
def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)

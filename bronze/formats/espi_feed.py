"""Entries of an ESPI feed -> which meter and ReadingType its IntervalBlocks have, by links."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bronze.formats.espi_shared import Sharing
from bronze.formats.espi_types import ReadingType, local_time, reading_type

# A shorter id is a number within a customer, and one without digits a word that all customers of a
# utility have (NET_USAGE of Opower), so that the customer's must stand before it.
_SHORTEST_ID = 6
_USAGE_POINT = re.compile(r"(?:^|/)(?:([^/]+)/)?UsagePoint/([^/]+)")


class Series(NamedTuple):
    """What readings are of; ``own`` is the id of the MeterReading where others share its meter.

    Of what is a part of a total beside it nothing is to be counted.
    """

    meter_id: str
    type: ReadingType
    own: str = ""
    is_in_total: bool = False

    @property
    def sharing(self) -> Sharing:
        """What it shares with others."""
        return Sharing(self.meter_id, self.type.is_register, self.type.register)


class Entry(NamedTuple):
    """What the second reading needs of an entry: by what its MeterReading is found, and when."""

    key: str = ""
    known_at: datetime | None = None


@dataclass(slots=True)
class _Linked:
    """A UsagePoint, MeterReading or ReadingType."""

    path: str
    up: str
    related: list[str]
    uuid: str = ""
    type: ReadingType | None = None
    series: Series | None = None


@dataclass(slots=True)
class _Links:
    path: str = ""
    up: str = ""
    related: list[str] = field(default_factory=list)


class Feed:
    """The entries of a file, in its order; ``local`` is the clock that it tells, if it does."""

    def __init__(self, meter_id: str) -> None:
        """Take the meter of a feed that names none."""
        self.entries: list[Entry] = []
        self.local: Callable[[datetime], datetime] | None = None
        self._meter_id = meter_id
        self._points: dict[str, _Linked] = {}
        self._readings: dict[str, _Linked] = {}
        self._types: dict[str, _Linked] = {}
        self._found: dict[str, Series | str] = {}
        # By key of the entries with readings: itself, and the MeterReading that it belongs to.
        self._keys: dict[str, str] = {}
        self._of_key: dict[str, _Linked | None] = {}
        self._are_named = False

    def add(self, entry: Any) -> None:
        """Add an entry; of one with readings little is kept."""
        links, uuid, updated, content = _Links(), "", "", None
        for part in entry:
            name, text = local_name(part), (part.text or "").strip()
            if name == "link":
                path = _path(part.get("href", ""))
                if part.get("rel") == "self":
                    links.path = path
                elif part.get("rel") == "up":
                    links.up = path
                elif part.get("rel") == "related":
                    links.related.append(path)
            elif name == "id":
                uuid = text
            elif name in ("updated", "published"):
                updated = text if name == "updated" else updated or text
            elif name == "content" and len(part):
                content = part[0]
        kind = local_name(content) if content is not None else ""
        if kind != "IntervalBlock":
            self.entries.append(Entry())
            self._add_linked(kind, content, _Linked(links.path, links.up, links.related, uuid))
            return
        key = links.up or links.path.rpartition("/")[0]
        self.entries.append(Entry(self._keys.setdefault(key, key), _instant(updated)))

    def _add_linked(self, kind: str, content: Any, linked: _Linked) -> None:
        if kind == "UsagePoint":
            _put(self._points, linked)
        elif kind == "MeterReading":
            _put(self._readings, linked)
        elif kind == "ReadingType":
            linked.type = reading_type(_texts(content))
            self._types[linked.path or linked.uuid] = linked
        elif kind == "LocalTimeParameters" and self.local is None:
            self.local = local_time(_texts(content))

    def last(self) -> dict[int, Sharing]:
        """Return the entries behind which no other has readings of a meter that several share."""
        found = {}
        for number, entry in enumerate(self.entries):
            series = self.series(number) if entry.key else None
            if isinstance(series, Series) and series.own:
                found[series.sharing] = number
        return {number: sharing for sharing, number in found.items()}

    def series(self, entry: int) -> Series | str:
        """Return what the readings of an entry are of, or why that is not known."""
        key = self.entries[entry].key
        if key not in self._found:
            self._found[key] = self._of(key)
        return self._found[key]

    def _of(self, key: str) -> Series | str:
        reading = self._reading(key)
        if reading is None and self._readings:
            return "no link says of which MeterReading it is"
        kind = self._type(reading)
        if kind is None:
            return "no link says of which ReadingType it is"
        if not kind.unit and not kind.is_money:
            return "its ReadingType has no unit"
        if reading is None:
            meter_id = self._meter_of(_Linked(key, "", []))
            return Series(_joined(meter_id, kind.series), kind) if meter_id else _NO_METER
        if not self._are_named:
            self._name_all()
        return reading.series or _NO_METER

    def _reading(self, key: str) -> _Linked | None:
        if key not in self._of_key:
            self._of_key[key] = _one(self._readings, key)
        return self._of_key[key]

    def _has_readings(self, reading: _Linked) -> bool:
        return any(self._reading(key) is reading for key in self._keys)

    def _type(self, reading: _Linked | None) -> ReadingType | None:
        for path in reading.related if reading else ():
            if path in self._types:
                return self._types[path].type
        return next(iter(self._types.values())).type if len(self._types) == 1 else None

    def _name_all(self) -> None:
        """Name the meter of every MeterReading; by its own id too where two would be one."""
        self._are_named = True
        sharing = defaultdict[Sharing, list[tuple[_Linked, Series]]](list)
        for reading in self._readings.values():
            kind, meter_id = self._type(reading), self._meter_of(reading)
            if kind and meter_id:
                reading.series = series = Series(_joined(meter_id, kind.series), kind)
                sharing[series.sharing].append((reading, series))
        for several in sharing.values():
            if len(several) > 1:
                self._share(several)

    def _share(self, several: list[tuple[_Linked, Series]]) -> None:
        """Let MeterReadings share a meter, or name them apart: another length, another kind.

        Parts are left out where the total of them is beside them, and has readings.
        """
        is_one = len({series.type.beside_tou for _, series in several}) == 1
        has_total = any(not s.type.tou and self._has_readings(reading) for reading, s in several)
        for reading, series in several:
            own = reading.path.rpartition("/")[2] or reading.uuid
            if not is_one:
                reading.series = series._replace(meter_id=_joined(series.meter_id, own))
            else:
                is_in_total = has_total and series.type.tou != 0
                reading.series = series._replace(own=own, is_in_total=is_in_total)

    def _meter_of(self, reading: _Linked) -> str:
        point = _one(self._points, reading.up) if reading.up else None
        point = point or _one(self._points, reading.path)
        if point is not None:
            return _point_id(point.path) or point.uuid.rpartition(":")[2]
        return _point_id(reading.path) or self._meter_id


_NO_METER = "no UsagePoint says of which meter it is"


def _put(listed: dict[str, _Linked], linked: _Linked) -> None:
    """Add what is listed; the same path again is the same, with the links of both."""
    before = listed.setdefault(linked.path or f"without path {len(listed)}", linked)
    if before is not linked:
        before.related += linked.related


def _one(listed: dict[str, _Linked], path: str) -> _Linked | None:
    """Return what a path belongs to: what names it, what it is below of, or the only one."""
    for one in listed.values():
        if path and (path in one.related or path == one.path):
            return one
    below = [one for one in listed.values() if one.path and path.startswith(f"{one.path}/")]
    if below:
        return max(below, key=lambda one: len(one.path))
    return next(iter(listed.values())) if len(listed) == 1 else None


def _point_id(path: str) -> str:
    """Return the id of a UsagePoint; one that many have is told apart by its customer's."""
    found = _USAGE_POINT.search(path)
    if not found:
        own = path.rpartition("/")[2]
        return own if _is_id(own) else ""
    customer, own = found[1], found[2]
    return own if _is_id(own) or not customer else f"{customer}-{own}"


def _is_id(own: str) -> bool:
    return len(own) >= _SHORTEST_ID and any(letter.isdigit() for letter in own)


def _joined(*parts: str) -> str:
    return "-".join(filter(None, parts))


def _path(href: str) -> str:
    try:
        return urlsplit(href.strip()).path.strip("/")
    except ValueError:
        return href.strip().strip("/")


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

"""Green Button -> interval values and register reads of a usage point; North American Atom feeds.

NAESB REQ.21, Energy Services Provider Interface (espi.xsd), in Atom (RFC 4287). Links tell which
ReadingType and UsagePoint the IntervalBlocks have (``espi_links.py``); entries come in any order,
so the file is read twice. Instants are seconds since 1970 in UTC; LocalTimeParameters say where
local days begin. MeterReadings of one flow are one meter: one a month, or one a time of use
(``espi_shared.py``). Of the export of Duke Energy, one IntervalBlock, its ``interval`` says the
unit, the length and the meter.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, Any

from lxml import etree  # type: ignore[import-untyped]

from bronze.formats.espi_elements import Run, elements, without_dtd
from bronze.formats.espi_ends import Ends, begin_s
from bronze.formats.espi_feed import CURE, Entry, Feed
from bronze.formats.espi_shared import Series, Shared, Sharing
from bronze.formats.espi_types import integer, quality, quality_of_word
from bronze.formats.hardened_xml import plain
from bronze.formats.joined import Joined, Value, instant
from bronze.formats.local_time import LocalTime
from bronze.formats.records import ESTIMATED, MISSING, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

# 3: with the rules of North America the clock is west of UTC.
VERSION = 3

_CHUNK = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
# 1900 to 2200: arithmetic around them is safe.
_FIRST_S, _LAST_S = -2_208_988_800, 7_258_118_400
_DAY_S = 24 * 3600
_LONGEST_S = 366 * _DAY_S
_LONGEST_PAYLOAD = 1000
_TOLD = ("start", "duration", "value", "readingQuality", "quality")


def is_its(name: str, head: bytes) -> bool:
    """Tell an XML file by the name space of ESPI, or of Atom: what has ESPI may stand far below."""
    ascii_only = plain(head)
    is_feed = b"naesb.org/espi" in ascii_only or b"www.w3.org/2005/Atom" in ascii_only
    return is_feed and b"<" in ascii_only.removeprefix(_BOM).lstrip()[:8]


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks of consecutive values, and a read for each value of a register.

    Wh, W and m3 stay as they are, with the multiplier; feet become m3, therms and BTU kWh. Of what
    breaks off the entries before are taken. UnreadableFile where there is no entry, or a DTD.
    """
    if stream.seekable():
        yield from _read(stream, told)
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy, _CHUNK)
        copy.seek(0)
        yield from _read(copy, told)


def _read(stream: IO[bytes], told: Told) -> Iterator[Record]:
    begin = _begin(stream)
    stream.seek(begin)
    without_dtd(stream)
    stream.seek(begin)
    feed, broken, count = Feed(told), None, 0
    for found in elements(stream):
        if isinstance(found, Refused):
            broken = found
        elif isinstance(found, Run):
            count += len(found.readings)
        else:
            feed.add(found, count)
            count = 0
    if not feed.has_content:
        why = (
            broken.reason
            if broken
            else "an IntervalBlock without its ReadingType"
            if count
            else "no entry"
        )
        raise UnreadableFile(f"not a Green Button file: {why}", cure=CURE)
    stream.seek(begin)
    clock = LocalTime(told.zone or "UTC")
    is_wall_clock = feed.is_wall_clock and bool(told.zone)
    local = None if is_wall_clock else feed.local
    yield from _Values(
        feed, local or (lambda moment: moment.astimezone(clock.zone)),
        told.zone if is_wall_clock else "",
    ).records(stream)  # fmt: skip
    if broken:
        yield broken


def _begin(stream: IO[bytes]) -> int:
    """Return where the XML begins, which may stand behind blank lines."""
    begin, head = stream.tell(), stream.read(_CHUNK)
    return begin + len(head) - len(head.removeprefix(_BOM).lstrip())


class _Values:
    """The readings of a feed whose links are known."""

    def __init__(self, feed: Feed, local: Callable[[datetime], datetime], wall_zone: str) -> None:
        self._feed = feed
        # Where what is called seconds since 1970 is the clock on the wall: of this zone, a meter.
        self._wall_zone, self._walls = wall_zone, dict[str, LocalTime]()
        self._joined = Joined(local)
        self._shared = Shared()
        self._ends = Ends()
        self._begin_s: int | None = None
        self._entry = -1
        self._why = ""

    def records(self, stream: IO[bytes]) -> Iterator[Record]:
        entry, has_readings = 0, False
        last = self._feed.last()
        for found in elements(stream):
            # Of an entry that breaks off no link is known.
            if isinstance(found, Refused) or entry >= len(self._feed.entries):
                break
            if isinstance(found, Run):
                has_readings = True
                yield from self._of_entry(entry, found)
                continue
            if entry in last:
                yield from self._rest()
                yield from self._done(last[entry])
            entry += 1
        yield from self._rest()
        yield from self._joined.end()
        if not has_readings:
            yield Refused("no IntervalReading in the feed")

    def _of_entry(self, entry: int, run: Run) -> Iterator[Record]:
        series = self._feed.series(entry)
        if entry != self._entry:
            self._entry, self._begin_s = entry, None
        if isinstance(series, str):
            # Once for all readings of an entry.
            if self._why != f"{entry} {series}":
                self._why = f"{entry} {series}"
                key = self._feed.entries[entry].key
                yield Refused(series, key.path if key else "", run.readings[0].sourceline or 0)
        elif not series.type.is_money and not series.is_in_total:
            yield from self._of_series(series, run, self._feed.entries[entry])

    def _of_series(self, series: Series, run: Run, entry: Entry) -> Iterator[Record]:
        values = list[Value]()
        for reading in run.readings:
            value, why = self._value(series, run, reading, entry)
            if why:
                yield from self._take(series, values)
                values = []
                yield _refused(why, reading)
            if value is not None:
                values.append(value)
        yield from self._take(series, values)

    def _value(
        self, series: Series, run: Run, reading: Any, entry: Entry
    ) -> tuple[Value | None, str]:
        """Return the value of a reading, and what is wrong with it if anything is."""
        kind, names = series.type, _names(reading.tag)
        said = {part.tag: (part.text or "").strip() for part in reading.iter()}
        start, duration, value, word, code = map(said.get, names)
        word = quality_of_word(word) if word else kind.quality
        if code is not None:
            # There may be several; one that is estimated decides.
            codes = {quality((part.text or "").strip()) for part in reading.iter(names[-1])}
            word = ESTIMATED if ESTIMATED in codes else codes.pop()
        first_s = integer(start) if start else self._follows(reading, run)
        length_s = _length_s(duration) if duration else kind.length_s
        if not duration and not length_s:
            length_s = _share(entry, first_s)
        if first_s is None or not _FIRST_S <= first_s <= _LAST_S:
            return None, "a reading without start"
        if length_s is None or not 0 <= length_s <= _LONGEST_S:
            return None, "a reading without duration"
        if not length_s and not kind.is_register:
            return None, "a reading without duration"
        self._begin_s = first_s + length_s
        number = kind.value(value) if value else None
        if number is None:
            word = MISSING
        starts_s = begin_s(first_s, length_s)
        ends_s = starts_s + length_s
        if self._wall_zone:
            starts_s, ends_s = self._of_wall(series, starts_s, ends_s)
        found = Value(
            series.meter_id, kind.unit, starts_s, ends_s, number, word, entry.known_at,
            reading.sourceline or 0,
        )  # fmt: skip
        is_wrong = number is None and (value or kind.is_register)
        return found, f"no number: {(value or '')[:40]!r}" if is_wrong else ""

    def _take(self, series: Series, values: list[Value]) -> Iterator[Record]:
        for of, whole in self._ends.add(series, values):
            yield from self._put(of, whole)

    def _rest(self) -> Iterator[Record]:
        for series, values in self._ends.rest():
            yield from self._put(series, values)

    def _put(self, series: Series, values: Iterable[Value]) -> Iterator[Record]:
        if series.is_held:
            self._shared.add(series, values)
        else:
            yield from self._joined.add(values)

    def _done(self, sharing: Sharing) -> Iterator[Record]:
        for found in self._shared.done(sharing):
            if isinstance(found, Refused):
                yield found
                continue
            sharing, values = found
            if sharing.is_register:
                yield from (
                    _of_register(sharing, each) for each in values if each.value is not None
                )
            else:
                yield from self._joined.add(values)

    def _of_wall(self, series: Series, starts_s: int, ends_s: int) -> tuple[int, int]:
        """Return the instants of what the clock on the wall shows; days end by it too."""
        clock = self._walls.setdefault(series.meter_id, LocalTime(self._wall_zone))
        begin, end = (instant(seconds).replace(tzinfo=None) for seconds in (starts_s, ends_s))
        # An hour that the clock leaves out is taken as if it had not changed yet.
        found = clock.instant(begin) or begin.replace(tzinfo=clock.zone).astimezone(UTC)
        found_s = int(found.timestamp())
        if ends_s - starts_s < _DAY_S:
            return found_s, found_s + ends_s - starts_s
        return found_s, int(end.replace(tzinfo=clock.zone).timestamp())

    def _follows(self, reading: Any, run: Run) -> int | None:
        """Return where a reading begins that does not say it: after the one before it."""
        if not run.is_first or reading is not run.readings[0]:
            return self._begin_s
        return integer((reading.getparent().findtext("{*}interval/{*}start") or "").strip())


def _share(entry: Entry, first_s: int | None) -> int:
    """Return the length (s) of a reading of an entry whose interval they divide; 0 if not."""
    length_s = entry.length_s
    divides = length_s and first_s is not None and (first_s - entry.begin_s) % length_s == 0
    return length_s if divides else 0


def _of_register(sharing: Sharing, value: Value) -> Read:
    return Read(
        meter_id=value.meter_id, read_at=instant(value.ends_s), reading=value.value or "",
        unit=value.unit, register=sharing.register, quality=value.quality,
        known_at=value.known_at, line=value.line,
    )  # fmt: skip


_length_s = lru_cache(maxsize=256)(integer)


@lru_cache(maxsize=64)
def _names(reading: str) -> tuple[str, ...]:
    """Return the tags of what a reading says, in the name space of its own tag."""
    space = reading.removesuffix("IntervalReading")
    return tuple(space + name for name in _TOLD)


def _refused(why: str, reading: Any) -> Refused:
    said = etree.tostring(reading, encoding="unicode", with_tail=False)
    return Refused(why, said[:_LONGEST_PAYLOAD], reading.sourceline or 0)

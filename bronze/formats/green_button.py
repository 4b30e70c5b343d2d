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
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import IO, Any

from lxml import etree  # type: ignore[import-untyped]

from bronze.formats.espi_ends import Ends, begin_s
from bronze.formats.espi_feed import CURE, Feed, local_name
from bronze.formats.espi_shared import Series, Shared, Sharing
from bronze.formats.espi_types import integer, quality, quality_of_word
from bronze.formats.hardened_xml import parsed, plain, refuse_dtd
from bronze.formats.joined import Joined, Value
from bronze.formats.local_time import LocalTime
from bronze.formats.records import ESTIMATED, MISSING, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

# 3: with the rules of North America the clock is west of UTC.
VERSION = 3

_ENTRY, _READING = "{*}entry", "{*}IntervalReading"
_CHUNK = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
# 1900 to 2200: arithmetic around them is safe.
_FIRST_S, _LAST_S = -2_208_988_800, 7_258_118_400
_LONGEST_S = 366 * 24 * 3600
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
    _without_dtd(stream)
    stream.seek(begin)
    feed, broken, count = Feed(told), None, 0
    for found in _elements(stream):
        if isinstance(found, Refused):
            broken = found
        elif local_name(found) == "entry":
            feed.add(found, count)
            count = 0
        else:
            count += 1
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


def _without_dtd(stream: IO[bytes]) -> None:
    """Raise UnreadableFile where a file declares entities or names a DTD, or is no XML."""
    try:
        for _, root in parsed(stream, events=("start",)):
            refuse_dtd(root)
            return
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        raise UnreadableFile(f"not a Green Button file: {error}") from error
    raise UnreadableFile("not a Green Button file: it is empty")


def _elements(stream: IO[bytes]) -> Iterator[Any]:
    """Yield each reading, and each entry without its readings; Refused where the XML breaks off.

    Of what was yielded nothing is kept, so that a file of any size takes the same memory.
    """
    try:
        for _, element in parsed(stream, tag=(_ENTRY, _READING), remove_blank_text=True):
            yield element
            element.clear()
            before = element.getprevious()
            while before is not None and before.tag == element.tag:
                element.getparent().remove(before)
                before = element.getprevious()
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        yield Refused(f"the XML breaks off: {error}", "", line)


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
        for found in _elements(stream):
            # Of an entry that breaks off no link is known.
            if isinstance(found, Refused) or entry >= len(self._feed.entries):
                break
            if local_name(found) == "entry":
                if entry in last:
                    yield from self._taken(self._ends.rest())
                    yield from self._done(last[entry])
                entry += 1
                continue
            has_readings = True
            yield from self._of_entry(entry, found)
        yield from self._taken(self._ends.rest())
        yield from self._joined.end()
        if not has_readings:
            yield Refused("no IntervalReading in the feed")

    def _of_entry(self, entry: int, reading: Any) -> Iterator[Record]:
        series = self._feed.series(entry)
        if entry != self._entry:
            self._entry, self._begin_s = entry, None
        if isinstance(series, str):
            # Once for all readings of an entry.
            if self._why != f"{entry} {series}":
                self._why = f"{entry} {series}"
                key = self._feed.entries[entry].key
                yield Refused(series, key.path if key else "", reading.sourceline or 0)
        elif not series.type.is_money and not series.is_in_total:
            yield from self._reading(series, reading, entry)

    def _reading(self, series: Series, reading: Any, entry: int) -> Iterator[Record]:
        said = {part.tag: part.text for part in reading.iter()}
        names = _names(reading.tag)
        start, duration, value, word = [(said.get(name) or "").strip() for name in names[:-1]]
        word = quality_of_word(word) if word else ""
        if names[-1] in said:
            # There may be several; one that is estimated decides.
            codes = {quality((part.text or "").strip()) for part in reading.iter(names[-1])}
            word = ESTIMATED if ESTIMATED in codes else codes.pop()
        first_s = integer(start) if start else self._follows(reading)
        length_s = integer(duration) if duration else series.type.length_s
        if not duration and not length_s:
            length_s = self._share(entry, first_s)
        if first_s is None or not _FIRST_S <= first_s <= _LAST_S:
            yield _refused("a reading without start", reading)
            return
        is_register = series.type.is_register
        if length_s is None or not 0 <= length_s <= _LONGEST_S or not (length_s or is_register):
            yield _refused("a reading without duration", reading)
            return
        self._begin_s = first_s + length_s
        number = series.type.value(value)
        if number is None and (value or is_register):
            yield _refused(f"no number: {value[:40]!r}", reading)
        starts_at = datetime.fromtimestamp(begin_s(first_s, length_s), UTC)
        ends_at = starts_at + timedelta(seconds=length_s)
        if self._wall_zone:
            starts_at, ends_at = self._of_wall(series, starts_at, ends_at)
        known_at, line = self._feed.entries[entry].known_at, reading.sourceline or 0
        word = word or series.type.quality
        found = Value(
            series.meter_id, series.type.unit, starts_at, ends_at, number,
            MISSING if number is None else word, known_at, line,
        )  # fmt: skip
        if self._ends.are_told(length_s):
            yield from self._take(series, found)
        else:
            yield from self._taken(self._ends.add(series, found))

    def _taken(self, values: Iterable[tuple[Series, Value]]) -> Iterator[Record]:
        for series, value in values:
            yield from self._take(series, value)

    def _take(self, series: Series, value: Value) -> Iterator[Record]:
        if series.is_held:
            self._shared.add(series, value)
        else:
            yield from self._joined.add(value)

    def _done(self, sharing: Sharing) -> Iterator[Record]:
        for found in self._shared.done(sharing):
            if isinstance(found, Refused):
                yield found
            else:
                yield from self._put(*found)

    def _put(self, sharing: Sharing, value: Value) -> Iterator[Record]:
        if not sharing.is_register:
            yield from self._joined.add(value)
        elif value.value is not None:
            yield Read(
                meter_id=value.meter_id, read_at=value.ends_at, reading=value.value,
                unit=value.unit, register=sharing.register, quality=value.quality,
                known_at=value.known_at, line=value.line,
            )  # fmt: skip

    def _share(self, entry: int, first_s: int | None) -> int:
        """Return the length (s) of a reading of an entry whose interval they divide; 0 if not."""
        of = self._feed.entries[entry]
        divides = of.length_s and first_s is not None and (first_s - of.begin_s) % of.length_s == 0
        return of.length_s if divides else 0

    def _of_wall(
        self, series: Series, starts_at: datetime, ends_at: datetime
    ) -> tuple[datetime, datetime]:
        """Return the instants of what the clock on the wall shows; days end by it too."""
        clock = self._walls.setdefault(series.meter_id, LocalTime(self._wall_zone))
        begin, length = starts_at.replace(tzinfo=None), ends_at - starts_at
        # An hour that the clock leaves out is taken as if it had not changed yet.
        found = clock.instant(begin) or begin.replace(tzinfo=clock.zone).astimezone(UTC)
        if length < timedelta(days=1):
            return found, found + length
        return found, (begin + length).replace(tzinfo=clock.zone).astimezone(UTC)

    def _follows(self, reading: Any) -> int | None:
        """Return where a reading begins that does not say it: after the one before it."""
        before = reading.getprevious()
        if before is not None and before.tag == reading.tag:
            return self._begin_s
        return integer((reading.getparent().findtext("{*}interval/{*}start") or "").strip())


@lru_cache(maxsize=64)
def _names(reading: str) -> tuple[str, ...]:
    """Return the tags of what a reading says, in the name space of its own tag."""
    space = reading.removesuffix("IntervalReading")
    return tuple(space + name for name in _TOLD)


def _refused(why: str, reading: Any) -> Refused:
    said = etree.tostring(reading, encoding="unicode", with_tail=False)
    return Refused(why, said[:_LONGEST_PAYLOAD], reading.sourceline or 0)

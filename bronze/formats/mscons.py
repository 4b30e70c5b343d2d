"""MSCONS -> interval values a location and OBIS code, register reads; German and Nordic meter data.

UN/EDIFACT D.04B, as EDI@Energy uses it: MSCONS message implementation guide 2.4c of BDEW
(2023-10-24) and earlier. LOC names the location, PIA the OBIS code (IEC 62056-61), QTY a value,
the DTM behind it its interval or its instant, STS how it was made; RFF+MG is the device. Before
version 2.3, and in Switzerland (D.99A, 1.6), the times stand at the location; there DTM+672 is the
length of values that follow one another. D.96A, as Ediel uses it: message handbook for Ediel,
MSCONS 2.4. There LIN names the product, MEA its unit, one DTM the interval.
A message that cancels another (BGM with function 1, Pruefidentifikator 13006) is refused, and its
values are passed over: nothing is taken back here. So are maxima and minima, what a year is
expected to take, and values of areas, balance groups and profiles: no energy of a meter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import IO

from bronze.formats.edifact import Segment, segments
from bronze.formats.joined import Joined, Value
from bronze.formats.local_time import LocalTime
from bronze.formats.mscons_codes import EXPECTED, NO_POINTS, UNITS, WORDS
from bronze.formats.mscons_times import TELLS_WHEN, Implied, Said, Times
from bronze.formats.obis import extreme_of, is_gas, unit_of
from bronze.formats.records import ESTIMATED, MEASURED, MISSING, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

# 2: cancellations and maxima are refused, reads name their device. 3: what a location says of the
# times of its values, the day of a read, lines broken within a segment. 4: what has no meter, and
# what a year is expected to take, is refused; a balance group behind a location does not rename it.
VERSION = 4

# Stamps without an offset are in legal time.
_ZONE = "Europe/Berlin"
# BGM, 1225, or RFF+Z13 beside RFF+ACW: the message cancels the one that RFF+ACW names.
_CANCELS, _CANCELLATION = "1", "13006"
# STS, 9015: the way or the reason of a substitute.
_SUBSTITUTED = ("Z32", "Z40")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)", re.ASCII)
# DTM, 2005: the offset of all stamps of the message, as in +0100, or in hours (Ediel).
_OFFSET = {
    "735": re.compile(r"([-+])([01]\d|2[0-3])([0-5]\d)", re.ASCII),
    "ZZZ": re.compile(r"([-+]?)(\d|1\d|2[0-3])()", re.ASCII),
}
_OPENING = ("UNA", "UNB", "UNG", "UNH")
_IS_MSCONS = re.compile(rb"UNH(.)(?:(?!\1).){1,35}\1MSCONS\b")
_LONGEST_PAYLOAD = 1000
# What ends the value above it; DTM and STS belong to it, and what is unknown is passed over.
_ENDS = ("QTY", "LIN", "PIA", "LOC", "NAD", "UNS", "UNH", "UNT", "UNB", "UNZ")


def is_its(name: str, head: bytes) -> bool:
    """Tell an interchange with a MSCONS message, which may stand behind others."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().translate(None, b"\r\n")
    return start.startswith((b"UNA", b"UNB", b"UNH")) and bool(_IS_MSCONS.search(start))


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks of consecutive values as ``<location>-<OBIS>``, reads as ``<location>``.

    The register of a read is its OBIS code. ``line`` is the number of the segment. UnreadableFile
    where there is no MSCONS message.
    """
    yield from _Reader(told.zone or _ZONE).records(segments(stream))


@dataclass(slots=True)
class _Quantity:
    """A QTY that waits for what belongs to it."""

    number: int
    raw: str
    value: str
    unit: str
    word: str
    implied: dict[str, Said]
    times: dict[str, Said] = field(default_factory=dict)


class _Reader:
    """The state of a file: what holds for the segments that follow."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        clock = LocalTime(zone).zone
        self._joined = Joined(lambda moment: moment.astimezone(clock))
        self._is_its = self._is_mscons = self._is_ended = False
        self._offset: timezone | None = None
        self._times = Times(zone)
        self._of_location = self._implied = Implied(self._times)
        self._known_at: datetime | None = None
        self._date: Said | None = None
        self._device = self._location = self._obis = self._unit = self._kind = self._cancelled = ""
        self._hint = ""
        self._cancels: Segment | None = None
        # A location that has no meter; its values are passed over once it is refused.
        self._no_point: Segment | None = None
        self._has_products = self._is_passed = False
        self._quantity: _Quantity | None = None

    def records(self, found: Iterator[Segment]) -> Iterator[Record]:
        last = 0
        for segment in found:
            if not last and segment.tag not in _OPENING:
                break
            last = segment.number
            if segment.tag in _ENDS and self._quantity is not None:
                if segment.tag == "QTY" and self._implied.is_of_one:
                    self._quantity.implied = {}
                yield from self._value()
            yield from self._segment(segment)
        if not self._is_its:
            raise UnreadableFile(
                "no MSCONS message", cure="send an EDIFACT interchange: UNB, UNH with MSCONS"
            )
        if self._quantity is not None:
            yield from self._value()
        yield from self._message_ended()
        yield from self._joined.end()
        if not self._is_ended:
            yield Refused("no UNZ at the end: the file may be cut short", "", last)

    def _segment(self, segment: Segment) -> Iterator[Record]:
        tag = segment.tag
        if not tag:
            yield Refused("no segment, or one that breaks off", segment.raw, segment.number)
        elif tag == "UNH":
            yield from self._message_ended()
            self._message(segment)
            if not self._is_mscons:
                why = f"no MSCONS message: {segment.at(2)[:20]!r}"
                yield Refused(why, segment.raw, segment.number)
        elif tag in ("UNZ", "UNB"):
            yield from self._message_ended()
            self._is_mscons, self._is_ended = False, tag == "UNZ"
        elif self._is_mscons:
            self._referred(segment)
            if self._cancels is None:
                yield from self._said(segment)

    def _message(self, segment: Segment) -> None:
        self._is_mscons, self._is_ended = segment.at(2) == "MSCONS", False
        self._is_its = self._is_its or self._is_mscons
        self._device = self._location = self._obis = self._kind = self._cancelled = ""
        self._offset = self._known_at = self._date = self._no_point = None
        self._is_passed = False
        self._times = Times(self._zone, self._offset)

    def _message_ended(self) -> Iterator[Record]:
        """Refuse the message above where it cancels another."""
        cancels, self._cancels = self._cancels, None
        if cancels is not None:
            which = f"the message {self._cancelled}" if self._cancelled else "another message"
            yield Refused(
                f"it cancels {which}, whose values are not withdrawn: send the right ones, which "
                "replace them",
                cancels.raw, cancels.number,
            )  # fmt: skip

    def _said(self, segment: Segment) -> Iterator[Record]:
        tag = segment.tag
        if tag == "QTY":
            yield from () if self._is_passed else self._quantity_said(segment)
        elif tag == "DTM":
            yield from self._time_said(segment)
        elif tag == "STS" and self._quantity is not None and segment.at(1) in _SUBSTITUTED:
            word = self._quantity.word
            self._quantity.word = ESTIMATED if word == MEASURED else word
        elif tag == "LOC":
            self._located(segment)
        elif tag == "LIN":
            yield from self._product_begun(segment)
        elif tag == "CCI" and segment.at(1) == "16":
            self._hint = segment.at(3).strip()
        elif tag == "MEA" and segment.at(1) == "AAZ":
            self._unit = segment.at(3).strip()
        elif tag == "PIA" and segment.at(1) == "5":
            self._obis = segment.at(2).strip()
        elif tag == "NAD" and segment.at(1) not in ("MS", "MR"):
            self._location = self._obis = self._device = ""
            self._no_point, self._is_passed = None, False

    def _located(self, segment: Segment) -> None:
        """Begin a location; what has no meter says more of the location above it, or is none."""
        is_point = segment.at(1) not in NO_POINTS
        if not is_point and self._location and not self._has_products:
            return
        self._times = Times(self._zone, self._offset)
        self._no_point = None if is_point else segment
        # Its name stands in the fourth place in Switzerland.
        named = segment.at(2).strip() or segment.at(2, 3).strip()
        self._location = named if is_point else ""
        self._obis = self._device = self._hint = ""
        self._has_products = self._is_passed = False
        self._of_location = self._implied = Implied(self._times)

    def _product_begun(self, segment: Segment) -> Iterator[Record]:
        """Begin a product of the location; refuse the location where it has no meter."""
        self._times = Times(self._zone, self._offset)
        self._obis, self._unit, self._has_products = segment.at(3).strip(), "", True
        self._implied = self._of_location.of_product(self._times)
        if (area := self._no_point) is not None:
            self._no_point, self._is_passed = None, True
            why = f"{NO_POINTS[area.at(1)]}, which has no meter: its values are left out"
            yield Refused(why, area.raw, area.number)

    def _referred(self, segment: Segment) -> None:
        """Take which message this one cancels, if any, and the device of a location."""
        if segment.tag == "BGM" and segment.at(3).strip() == _CANCELS:
            self._cancels = segment
        elif segment.tag == "RFF":
            what, which = (segment.at(1, n).strip() for n in range(2))
            if what == "ACW":
                self._cancelled = which
            elif what == "Z13":
                self._kind = which
            elif what == "MG":
                self._device = which
            if self._cancelled and self._kind == _CANCELLATION:
                self._cancels = self._cancels or segment

    def _quantity_said(self, segment: Segment) -> Iterator[Record]:
        value, unit = segment.at(1, 1).strip(), segment.at(1, 2).strip() or self._unit
        word = WORDS.get(segment.at(1, 0), MEASURED)
        self._quantity = _Quantity(
            segment.number, segment.raw, value.replace(",", "."),
            UNITS.get(unit.upper(), unit) if unit else unit_of(self._obis), word,
            self._implied.next(),
        )  # fmt: skip
        why = ""
        if segment.at(1, 0) == EXPECTED:
            why = "what a year is expected to take, no reading"
        elif not self._location:
            why = "a value, but no LOC says of what"
        elif word != MISSING and not _NUMBER.fullmatch(value):
            why = f"no number: {value[:40]!r}"
        elif not self._quantity.unit:
            why = f"neither QTY nor the OBIS code {self._obis[:40]!r} tells the unit"
        elif extreme := extreme_of(self._obis):
            why = f"a {extreme}, no energy: {self._obis[:40]}"
        if why:
            self._quantity = None
            yield Refused(why, segment.raw, segment.number)

    def _time_said(self, segment: Segment) -> Iterator[Record]:
        which, stamp, form = (segment.at(1, n) for n in range(3))
        if self._quantity is not None:
            if which in TELLS_WHEN:
                self._quantity.times[which] = Said(stamp, form)
            if len(self._quantity.raw) < _LONGEST_PAYLOAD:
                self._quantity.raw += f"'{segment.raw}"
        elif self._location:
            if which in TELLS_WHEN:
                self._implied.add(which, Said(stamp, form))
        elif which == "137":
            self._dated(Said(stamp, form))
        elif which in _OFFSET:
            if found := _OFFSET[which].fullmatch(stamp):
                sign, hours, minutes = found.groups()
                ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
                self._offset = timezone(-ahead if sign == "-" else ahead)
                self._dated(self._date)
            else:
                yield Refused(f"no offset from UTC: {stamp[:20]!r}", segment.raw, segment.number)

    def _dated(self, said: Said | None) -> None:
        """Take when the message was made; the offset may be told behind it."""
        self._date = said
        self._known_at = Times(self._zone, self._offset).instant(said)

    def _value(self) -> Iterator[Record]:
        """Yield the value whose segments have ended: to the block of its series, or as a read."""
        quantity, self._quantity = self._quantity, None
        if quantity is None:
            return
        times = quantity.times or quantity.implied
        interval = self._times.interval(times)
        if interval is not None:
            starts_at, ends_at = interval
            value = Value(
                meter_id=f"{self._location}-{self._obis}" if self._obis else self._location,
                unit=quantity.unit, starts_s=int(starts_at.timestamp()),
                ends_s=int(ends_at.timestamp()),
                value=None if quantity.word == MISSING else quantity.value,
                quality=quantity.word, known_at=self._known_at, line=quantity.number,
            )  # fmt: skip
            yield from self._joined.add((value,))
            return
        read_at = self._times.read_at(times, self._hint, is_gas=is_gas(self._obis))
        if read_at is None:
            yield Refused("a value without interval or instant", quantity.raw, quantity.number)
        elif quantity.word == MISSING:
            yield Refused("a read that is not to be used", quantity.raw, quantity.number)
        else:
            yield Read(
                meter_id=self._location, read_at=read_at, reading=quantity.value,
                unit=quantity.unit, register=self._obis, quality=quantity.word,
                known_at=self._known_at, line=quantity.number, device=self._device,
            )  # fmt: skip

"""NEM12, NEM13 -> interval values a channel and day, register reads; Australian meter files.

AEMO, Meter Data File Format Specification NEM12 & NEM13, version 2.5 and earlier: a 200 names a
channel (NMI and suffix), its 300s follow, a day each; 400s say the quality of parts of the 300
above, a 500 what the register showed; a 250 has two reads of a register, and the energy between
them. Time is UTC+10 all year; outside of the NEM (Western Australia, Northern Territory) the
standard time of the zone that is told.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from typing import IO

from bronze.formats import ase_xml
from bronze.formats.ase_xml import is_ase_xml
from bronze.formats.local_time import LocalTime
from bronze.formats.nem12_lines import (
    AEST,
    DAY_MINUTES,
    IS_NUMBER,
    Channel,
    Day,
    cell,
    cells_of,
    channel,
    day,
    instant,
    is_record,
    with_quality,
)
from bronze.formats.nem13_lines import Accumulations
from bronze.formats.opened import peeked, text
from bronze.formats.records import Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

# 2: the one register of a 250 has no name, its Quantity is looked at; reads name their device.
# 3: a told zone without summer time counts, the 200s of United Energy, NMIs that a spreadsheet has
# rounded, broken days, files with a cover letter, without 100 and in aseXML.
VERSION = 3

# A day of single minutes takes 20 kB.
_LONGEST_LINE = 1024 * 1024
# Lines of a cover letter that may stand ahead of the first record.
_MOST_STRANGE = 20
# Whose rules tell whether a zone has summer time; Perth tried it until 2009.
_YEAR = 2024
# Of a 200 as of its 300, and of a 250, where a file has no 100, as from portals of distributors.
_BEGINS = re.compile(
    rb"100,NEM1[23]\b"
    rb"|200,[^,\n]*(?:,[^,\n]*){6,7},\d+(?:\.0*)?(?:,[^\n]*)?\n300,\d{8},"
    rb"|250,[^,\n]+(?:,[^,\n]*){5},[EI](?:,[^,\n]*){6},\d{8}(?:\d{6})?,[AEFNSV]"
)


def is_its(name: str, head: bytes) -> bool:
    """Tell a NEM12 or NEM13 file by its first record, or a message that carries some."""
    plain = head.removeprefix(b"\xef\xbb\xbf").translate(None, b'" \t').upper()
    lines = [line for line in plain.splitlines() if line.strip(b",\x1a")][: _MOST_STRANGE + 2]
    ahead = range(min(len(lines), _MOST_STRANGE + 1))
    return is_ase_xml(head) or any(_BEGINS.match(b"\n".join(lines[n : n + 2])) for n in ahead)


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield a block for each 300, reads for each 500 and most 250s, as ``<NMI>-<NMISuffix>``.

    UnreadableFile where no line is a record of the format.
    """
    reader, broken = _Reader(_clock(told.zone)), list[Refused]()
    head, stream = peeked(stream)
    if is_ase_xml(head):
        yield from reader.records(ase_xml.lines(stream, broken))
        yield from broken
        return
    with text(stream) as plain:
        yield from reader.records(enumerate(iter(partial(plain.readline, _LONGEST_LINE), ""), 1))


def _clock(zone: str) -> timezone:
    """Return the offset of a zone that has one alone; market time where it has summer time."""
    if not zone:
        return AEST
    told = LocalTime(zone).zone
    winter, summer = (datetime(_YEAR, month, 1, tzinfo=told).utcoffset() for month in (7, 1))
    return timezone(winter) if winter is not None and winter == summer else AEST


class _Reader:
    """The state of a file: what holds for the lines that follow."""

    def __init__(self, clock: timezone) -> None:
        self._clock = clock
        self._steps: dict[str, Callable[[list[str], str], Iterator[Record]]] = {
            "100": self._header, "200": self._of_channel, "250": self._accumulation,
            "300": self._of_day, "400": self._quality, "500": self._index_read,
            "550": self._passed, "900": self._end,
        }  # fmt: skip
        self._line = 0
        self._created: datetime | None = None
        self._channel: Channel | None = None
        self._why = "no 200 stands above it"
        self._day: Day | None = None
        self._accumulations = Accumulations(clock)
        self._has_header = self._has_readings = self._is_ended = False

    def records(self, lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
        strange: list[Refused] = []
        is_its = False
        for number, ended in lines:
            line = ended.rstrip("\r\n")
            if not line.strip(" ,\t\x1a"):
                continue
            cells = cells_of(line)
            step = self._steps.get(cells[0])
            if self._is_continued(cells, line):
                continue
            self._line = number
            if step is None:
                yield from self._day_ended()
                strange.append(
                    Refused(f"no record of the format begins {cells[0][:20]!r}", line, number)
                )
                if not is_its and len(strange) > _MOST_STRANGE:
                    break
            is_its = is_its or step is not None
            if is_its and strange:
                yield from strange
                strange = []
            if step is not None:
                yield from step(cells, line)
        if not is_its:
            raise UnreadableFile(
                "not a NEM12 or NEM13 file", cure=f"its lines begin {', '.join(self._steps)}"
            )
        yield from self._day_ended()
        if not self._is_ended:
            yield Refused("no 900 at the end: the file may be cut short", "", self._line)

    def _header(self, cells: list[str], line: str) -> Iterator[Record]:
        yield from self._day_ended()
        self._has_header, self._is_ended, self._has_readings = True, False, False
        self._without_channel()
        self._created = instant(cell(cells, 2), self._clock)
        if cell(cells, 1).upper() not in ("NEM12", "NEM13"):
            yield Refused("the 100 is neither of NEM12 nor of NEM13", line, self._line)

    def _of_channel(self, cells: list[str], line: str) -> Iterator[Record]:
        yield from self._begun()
        self._channel, why = channel(cells, self._clock)
        if why:
            self._why = f"the 200 above it (line {self._line}) has {why}"
            yield Refused(f"the 200 has {why}", line, self._line)

    def _of_day(self, cells: list[str], line: str) -> Iterator[Record]:
        yield from self._begun()
        self._has_readings = True
        if self._channel is None:
            self._day = Day(self._line, [line], reason=f"a 300, but {self._why}")
        else:
            self._day = day(self._channel, cells, line, self._line, self._created)

    def _is_continued(self, cells: list[str], line: str) -> bool:
        """Add a line to a 300 that is broken into several; tell whether there is one."""
        if self._channel is None or self._day is None or not self._day.is_short or is_record(cells):
            return False
        whole = self._day.raw[0]
        whole += line if whole.endswith(",") else f",{line}"
        if len(whole) > _LONGEST_LINE:
            return False
        longer = day(self._channel, cells_of(whole), whole, self._day.line, self._created)
        # A record that is none of what records are may still be no piece of it.
        if cells[0] in self._steps and longer.block is None and not longer.is_short:
            return False
        self._day = longer
        return True

    def _quality(self, cells: list[str], line: str) -> Iterator[Record]:
        if self._day is None:
            yield Refused("a 400, but no 300 stands above it", line, self._line)
        elif self._day.block is None:
            # It goes with its day.
            if len(self._day.raw) <= DAY_MINUTES:
                self._day.raw.append(line)
        else:
            self._day.block, why = with_quality(self._day.block, cells)
            if why:
                yield Refused(why, line, self._line)

    def _day_ended(self) -> Iterator[Record]:
        ended, self._day = self._day, None
        if ended is not None and ended.reason:
            yield Refused(ended.reason, "\n".join(ended.raw), ended.line)
        if ended is not None and ended.block is not None:
            yield ended.block

    def _index_read(self, cells: list[str], line: str) -> Iterator[Record]:
        """Yield what the register showed when somebody came; the rest of a 500 is of the visit."""
        yield from self._day_ended()
        reading, read_at = cell(cells, 4), instant(cell(cells, 3), self._clock)
        if not reading:
            return
        if self._channel is None or read_at is None or not IS_NUMBER.fullmatch(reading):
            why = self._why if self._channel is None else "no instant or no number"
            yield Refused(f"a 500 with a read, but {why}", line, self._line)
            return
        yield Read(
            meter_id=self._channel.meter_id, read_at=read_at, reading=reading,
            unit=self._channel.unit, known_at=self._created, line=self._line,
            device=self._channel.device,
        )  # fmt: skip

    def _accumulation(self, cells: list[str], line: str) -> Iterator[Record]:
        yield from self._begun()
        self._has_readings = True
        yield from self._accumulations.said(cells, line, self._line, self._created)

    def _passed(self, cells: list[str], line: str) -> Iterator[Record]:
        yield from self._day_ended()

    def _end(self, cells: list[str], line: str) -> Iterator[Record]:
        yield from self._day_ended()
        if not self._has_readings:
            yield Refused("no readings between 100 and 900", line, self._line)
        self._is_ended, self._has_readings = True, False
        self._without_channel()

    def _begun(self) -> Iterator[Record]:
        """End the day above; say once that a file has no 100: its readings are as good."""
        yield from self._day_ended()
        self._is_ended = False
        if not self._has_header:
            self._has_header = True
            yield Refused("no 100 at the beginning", "", self._line)

    def _without_channel(self) -> None:
        self._channel, self._why = None, "no 200 stands above it"

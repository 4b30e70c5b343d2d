"""The DTM segments of a value, or of its location -> its interval or its instant, in UTC."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from bronze.formats.local_time import LocalTime

# DTM, 2005 of MSCONS: begin and end of an interval; when a read holds, was taken, or the device
# was changed: only the first counts where there are several. 306: a gas day or a month. 324: begin
# and end in one (719, in Ediel Z13).
_BEGIN, _END, _PERIOD, _BOTH = "163", "164", "306", "324"
_OF_READ = ("7", "9", "60")
# How long each of the values is that follow one another from the begin, in hours, minutes, seconds.
_LENGTH = "672"
# All of these: what tells when a value holds.
TELLS_WHEN = frozenset({_BEGIN, _END, _PERIOD, _BOTH, _LENGTH, *_OF_READ})
_SECONDS = {"805": 3600, "806": 60, "807": 1}
_COUNT = re.compile(r"[1-9]\d{0,4}", re.ASCII)
_DATE = re.compile(r"\d{8}", re.ASCII)
_TWO_STAMPS = re.compile(r"(\d{12})-?(\d{12})", re.ASCII)
_GAS_DAY_HOUR = 6
# CCI+16, 7037: a read with a date alone is of the end of that day (of SMV: of its begin).
_AT_END = ("EMV", "MRV")
# Arithmetic around them is safe.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
# DTM, 2379: 102, 203, 204, 303, 304 and 610 differ by their digits; 201 has two for the year.
_STAMP = re.compile(r"(\d{6}|\d{8}|\d{10}|\d{12}|\d{14})(?:([-+])(\d{2})(\d{2})?)?(?:UTC|GMT|Z)?",
                    re.ASCII)  # fmt: skip


class Said(NamedTuple):
    """A DTM: its value and its format (2380, 2379)."""

    stamp: str
    form: str


class Times:
    """The clocks of one series, for stamps without offset, which are in file order."""

    def __init__(self, zone: str, offset: timezone | None = None) -> None:
        """Take the zone of such stamps, or their offset from UTC."""
        self._offset = offset
        self._begins, self._ends, self._reads = (LocalTime(zone) for _ in range(3))

    def interval(self, times: dict[str, Said]) -> tuple[datetime, datetime] | None:
        """Return begin and end; None where there are none."""
        if _PERIOD in times and not (_BEGIN in times and _END in times):
            return self._period(times[_PERIOD])
        if _BOTH in times and (found := _TWO_STAMPS.fullmatch(times[_BOTH].stamp)):
            times = {which: Said(found[n], "203") for n, which in ((1, _BEGIN), (2, _END))}
        begin, end = (
            self._instant(clock, times.get(which))
            for clock, which in ((self._begins, _BEGIN), (self._ends, _END))
        )
        return (begin, end) if begin is not None and end is not None and begin < end else None

    def read_at(
        self, times: dict[str, Said], hint: str = "", *, is_gas: bool = False
    ) -> datetime | None:
        """Return the instant of a read; None where there is none.

        A date alone is the begin of the day, its end where ``hint`` (CCI+16) says so; a day of gas
        begins at six (BDEW Forum Datenformate, ticket 2021-00964).
        """
        if {_BEGIN, _END, _PERIOD, _BOTH} & times.keys():
            return None
        said = next((times[which] for which in _OF_READ if which in times), None)
        day = _read(*said) if said is not None and _DATE.fullmatch(said.stamp.strip()) else None
        if day is None:
            return self.instant(said)
        hour = _GAS_DAY_HOUR if is_gas else 0
        return self._at(self._reads, day + timedelta(days=hint in _AT_END, hours=hour))

    def instant(self, said: Said | None) -> datetime | None:
        """Return the instant of one stamp of the message."""
        return self._instant(self._reads, said)

    def _instant(self, clock: LocalTime, said: Said | None) -> datetime | None:
        return self._at(clock, _read(*said) if said is not None else None)

    def _at(self, clock: LocalTime, found: datetime | None) -> datetime | None:
        if found is None or found.tzinfo is not None:
            return found
        if self._offset is not None:
            return found.replace(tzinfo=self._offset).astimezone(UTC)
        return clock.instant(found)

    def _period(self, said: Said) -> tuple[datetime, datetime] | None:
        begin = _read(*said)
        if begin is None:
            return None
        if said.form == "610":
            end = (begin + timedelta(days=31)).replace(day=1)
            return self._begins.midnight(begin), self._begins.midnight(end)
        begin = begin.replace(hour=_GAS_DAY_HOUR)
        ends = (self._begins.instant(begin), self._ends.instant(begin + timedelta(days=1)))
        return (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None


class Implied:
    """What a location says of the times of its values, for those that say none themselves.

    They are those of the only value of a product; where a length is told, its values follow one
    another from the begin.
    """

    def __init__(self, clocks: Times, times: Mapping[str, Said] | None = None) -> None:
        """Take the clocks of the product, and what holds for it already."""
        self._clocks, self._times = clocks, dict(times or {})
        self._is_taken = False
        self._next: datetime | None = None

    def of_product(self, clocks: Times) -> "Implied":
        """Return the same for a product that begins."""
        return Implied(clocks, self._times)

    def add(self, which: str, said: Said) -> None:
        """Take a DTM that stands ahead of the first value."""
        if not self._is_taken:
            self._times[which] = said

    @property
    def is_of_one(self) -> bool:
        """Whether no length is told, so that several values would have one time."""
        return _LENGTH not in self._times

    def next(self) -> dict[str, Said]:
        """Return the times of the next value; nothing where none are left."""
        is_first, self._is_taken = not self._is_taken, True
        if self.is_of_one:
            return self._times if is_first else {}
        begin = self._clocks.instant(self._times.get(_BEGIN)) if is_first else self._next
        seconds = _seconds(self._times[_LENGTH])
        if begin is None or not seconds or begin.year >= _LAST_YEAR:
            return {}
        self._next = begin + timedelta(seconds=seconds)
        ends = ((_BEGIN, begin), (_END, self._next))
        return {which: Said(f"{moment:%Y%m%d%H%M%S}+00", "304") for which, moment in ends}


def _seconds(length: Said) -> int:
    """Return a length in seconds; 0 where it is none."""
    found = _COUNT.fullmatch(length.stamp.strip())
    return int(found[0]) * _SECONDS.get(length.form, 0) if found else 0


@lru_cache(maxsize=256)
def _read(stamp: str, form: str) -> datetime | None:
    """Read a stamp: in UTC where it has an offset, else without zone; None where it is none."""
    found = _STAMP.fullmatch(stamp.strip())
    if not found:
        return None
    digits, sign, hours, minutes = found.groups()
    if len(digits) == 10:
        digits = f"20{digits}"
    if len(digits) == 6:
        if form != "610":
            return None
        digits += "01"
    is_next_day = digits[8:10] == "24" and not digits[10:].strip("0")
    clock = "00" if is_next_day else digits[8:10]
    try:
        read = (
            datetime(  # noqa: DTZ001 - its zone is not told yet
                int(digits[:4]),
                int(digits[4:6]),
                int(digits[6:8]),
                int(clock or 0),
                int(digits[10:12] or 0),
                int(digits[12:14] or 0),
            )
            + timedelta(days=is_next_day)
        )
        if not _FIRST_YEAR <= read.year < _LAST_YEAR:
            return None
        if len(digits) == 8 or (not sign and len(found[0]) == len(found[1])):
            return read
        ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return read.replace(tzinfo=timezone(-ahead if sign == "-" else ahead)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None

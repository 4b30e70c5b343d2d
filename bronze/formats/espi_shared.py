"""Values of several MeterReadings of one meter -> that meter's: hours of use added up.

MeterReadings whose ReadingTypes are equal are one series in pieces (one a month), those that
differ in their time of use (``tou``) are parts of it, as the registers of day and night are. They
are held until the last of them has come; of a file with many meters one after the other that is
one meter at a time. What two of one time of use say of one time must be the same: where it is not,
each is a meter of its own.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bronze.formats.joined import Value
from bronze.formats.records import ESTIMATED, MEASURED, MISSING
from bronze.formats.rows import summed

# What says no instant is known when it arrives, after all that do.
_LAST = datetime.max.replace(tzinfo=UTC)


class Sharing(NamedTuple):
    """What MeterReadings share: a meter, and one of its registers or its intervals."""

    meter_id: str
    is_register: bool
    register: str


class _Part(NamedTuple):
    tou: int
    own: str
    value: Value


class Shared:
    """The values of MeterReadings that share a meter."""

    def __init__(self) -> None:
        """Begin without a value."""
        self._held: dict[Sharing, list[_Part]] = {}

    def add(self, sharing: Sharing, tou: int, own: str, value: Value) -> None:
        """Keep a value of a time of use, of the MeterReading that has this id."""
        self._held.setdefault(sharing, []).append(_Part(tou, own, value))

    def done(self, sharing: Sharing) -> Iterator[Value]:
        """Yield the values of a meter of which all have come, in the order of time."""
        parts = self._held.pop(sharing, [])
        parts.sort(key=_in_order)
        if _differ(parts):
            parts.sort(key=lambda part: part.own)
            for _, own, value in parts:
                yield value._replace(meter_id=f"{value.meter_id}-{own}")
            return
        # Where an interval is told again, its sums are too.
        turn, most = 0, 1
        while turn < most:
            for _, of_interval in itertools.groupby(parts, key=lambda part: part.value[2:4]):
                by_tou = itertools.groupby(of_interval, key=lambda part: part.tou)
                told = [[part.value for part in again] for _, again in by_tou]
                times = max(map(len, told))
                most = max(most, times)
                if turn < times:
                    yield _sum([again[min(turn, len(again) - 1)] for again in told])
            turn += 1


def _in_order(part: _Part) -> tuple[timedelta, datetime, int, datetime]:
    value = part.value
    known_at = value.known_at or _LAST
    return value.ends_at - value.starts_at, value.starts_at, part.tou, known_at


def _differ(parts: list[_Part]) -> bool:
    """Tell whether two MeterReadings say different things of one time and time of use."""
    last: dict[int, _Part] = {}
    for part in sorted(parts, key=lambda part: part.value.starts_at):
        before = last.setdefault(part.tou, part)
        said, already = part.value, before.value
        # Of a register there is an instant, which has no length.
        is_beside = said.starts_at < already.ends_at or said.starts_at == already.starts_at
        if is_beside and part.own != before.own and said[2:5] != already[2:5]:
            return True
        if said.ends_at > already.ends_at:
            last[part.tou] = part
    return False


def _sum(parts: list[Value]) -> Value:
    """Add the parts of one interval: it is known with the last, and measured where all are."""
    value, words = summed(part.value for part in parts), {part.quality for part in parts}
    known = [part.known_at for part in parts if part.known_at]
    return parts[0]._replace(
        value=value,
        quality=MISSING if value is None else ESTIMATED if ESTIMATED in words else MEASURED,
        known_at=max(known) if len(known) == len(parts) else None,
    )

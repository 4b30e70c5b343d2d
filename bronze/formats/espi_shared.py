"""Values of several MeterReadings of one meter -> that meter's: hours of use added up.

MeterReadings of one flow are one series in pieces: one a billing period (UtilityAPI), hours and
their days. Those that differ in their time of use (``tou``) are parts of it, as the registers of
day and night are. They are held until the last of them has come; of a file with many meters one
after the other that is one meter at a time. Those that say different things of one time are each a
meter of their own, and no others: the id does not depend on what else is in the file.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bronze.formats.espi_judged import is_no_register, split, too_much
from bronze.formats.espi_types import ReadingType
from bronze.formats.joined import Value
from bronze.formats.records import ESTIMATED, MEASURED, MISSING, Refused
from bronze.formats.rows import summed

# What says no instant is known when it arrives, after all that do.
_LAST = datetime.max.replace(tzinfo=UTC)


class Sharing(NamedTuple):
    """What MeterReadings share: a meter, and one of its registers or its intervals.

    ``is_net`` where a value below zero is what flowed back.
    """

    meter_id: str
    is_register: bool
    register: str
    is_net: bool = False


class Series(NamedTuple):
    """What readings are of; ``own`` is the id of the MeterReading.

    ``is_held`` where all of them must be known before one is taken. Of what is a part of a total
    beside it (``is_in_total``) nothing is to be counted.
    """

    meter_id: str
    type: ReadingType
    own: str = ""
    is_net: bool = False
    is_held: bool = False
    is_in_total: bool = False

    @property
    def sharing(self) -> Sharing:
        """What it shares with others."""
        return Sharing(self.meter_id, self.type.is_register, self.type.register, self.is_net)


class _Part(NamedTuple):
    series: Series
    value: Value

    @property
    def tou(self) -> int:
        return self.series.type.tou


class Shared:
    """The values of MeterReadings that share a meter."""

    def __init__(self) -> None:
        """Begin without a value."""
        self._held: dict[Sharing, list[_Part]] = {}

    def add(self, series: Series, value: Value) -> None:
        """Keep a value of a MeterReading."""
        self._held.setdefault(series.sharing, []).append(_Part(series, value))

    def done(self, sharing: Sharing) -> Iterator[tuple[Sharing, Value] | Refused]:
        """Yield the values of a meter of which all have come, in the order of time."""
        parts = sorted(self._held.pop(sharing, []), key=_in_order)
        refused = _refused(parts)
        for why, line in refused.values():
            yield Refused(why, sharing.meter_id, line)
        parts = [part for part in parts if part.series.type.power not in refused]
        of_own = defaultdict[str, list[_Part]](list)
        apart = _differing(parts) if len({part.series.own for part in parts}) > 1 else ()
        for part in parts:
            of_own[part.series.own if part.series.own in apart else ""].append(part)
        for own, of_one in sorted(of_own.items()):
            yield from _judged(sharing, own, of_one)


def _refused(parts: list[_Part]) -> dict[int, tuple[str, int]]:
    """Return the powers of ten that no home can have, with why, and the line of their first."""
    of_power = defaultdict[int, list[Value]](list)
    for series, value in parts:
        if series.type.is_scaled and not series.type.is_register:
            of_power[series.type.power].append(value)
    return {
        power: (why, values[0].line)
        for power, values in of_power.items()
        if (why := too_much(power, values))
    }


def _judged(sharing: Sharing, own: str, parts: list[_Part]) -> Iterator[tuple[Sharing, Value]]:
    if not own:
        values = list(_summed(parts))
    else:
        meter_id = f"{sharing.meter_id}-{own}"
        values = [part.value._replace(meter_id=meter_id) for part in parts]
    if sharing.is_register and not sharing.register and is_no_register(values):
        sharing = sharing._replace(is_register=False)
    for value in split(values) if sharing.is_net else values:
        yield sharing, value


def _summed(parts: list[_Part]) -> Iterator[Value]:
    """Add up the times of use; where an interval is told again, its sums are too."""
    kinds = defaultdict[frozenset[tuple[str, str]], list[_Part]](list)
    for part in parts:
        kinds[part.series.type.beside_tou].append(part)
    for of_kind in kinds.values():
        turn, most = 0, 1
        while turn < most:
            for _, of_interval in itertools.groupby(of_kind, key=lambda part: part.value[2:4]):
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


def _differing(parts: list[_Part]) -> set[str]:
    """Return the MeterReadings that say something else of a time than another does.

    That is another value of one interval, or an interval that begins within another's and ends
    behind it; a day beside its hours says the same.
    """
    intervals = defaultdict[tuple[datetime, datetime], list[_Part]](list)
    for part in parts:
        if part.value.value is not None:
            intervals[part.value.starts_at, part.value.ends_at].append(part)
    found = set[str]()
    # By time of use: the intervals that the next one may begin within, each within the one before.
    around = defaultdict[int, list[tuple[datetime, set[str]]]](list)
    for (starts_at, ends_at), several in sorted(
        intervals.items(), key=lambda each: (each[0][0], -each[0][1].timestamp())
    ):
        found |= _of_one_interval(several)
        for tou in {part.tou for part in several}:
            owns, outer = {part.series.own for part in several if part.tou == tou}, around[tou]
            while outer and outer[-1][0] <= starts_at:
                outer.pop()
            if outer and outer[-1][0] < ends_at and len(owns | outer[-1][1]) > 1:
                found |= owns | outer[-1][1]
            outer.append((ends_at, owns))
    return found


def _of_one_interval(parts: list[_Part]) -> set[str]:
    """Return the MeterReadings of one interval that differ: kinds of readings are not added up."""
    if len({part.series.own for part in parts}) == 1:
        return set()
    tous = defaultdict[frozenset[tuple[str, str]], set[int]](set)
    said = defaultdict[int, dict[str | None, set[str]]](lambda: defaultdict(set))
    for part in parts:
        tous[part.series.type.beside_tou].add(part.tou)
        said[part.tou][part.value.value].add(part.series.own)
    if len({frozenset(each) for each in tous.values()}) > 1:
        return {part.series.own for part in parts}
    found = set[str]()
    for of_value in said.values():
        owns = set[str]().union(*of_value.values())
        if len(of_value) > 1 and len(owns) > 1:
            found |= owns
    return found


def _sum(parts: list[Value]) -> Value:
    """Add the parts of one interval: it is known with the last, and measured where all are."""
    value, words = summed(part.value for part in parts), {part.quality for part in parts}
    known = [part.known_at for part in parts if part.known_at]
    return parts[0]._replace(
        value=value,
        quality=MISSING if value is None else ESTIMATED if ESTIMATED in words else MEASURED,
        known_at=max(known) if len(known) == len(parts) else None,
    )

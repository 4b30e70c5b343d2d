"""Values of several MeterReadings of one meter -> that meter's: hours of use added up.

MeterReadings of one flow are one series in pieces: one a billing period (UtilityAPI), hours and
their days. Those that differ in their time of use (``tou``) are parts of it, as the registers of
day and night are. They are held until the last of them has come; of a file with many meters one
after the other that is one meter at a time. Those that say different things of one time are each a
meter of their own, and no others: the id does not depend on what else is in the file.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from operator import itemgetter
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


class Shared:
    """The values of MeterReadings that share a meter."""

    def __init__(self) -> None:
        """Begin without a value."""
        self._held: dict[Sharing, list[_Part]] = {}

    def add(self, series: Series, values: Iterable[Value]) -> None:
        """Keep values of a MeterReading."""
        held = self._held.setdefault(series.sharing, [])
        held += [_Part(series, value) for value in values]

    def done(self, sharing: Sharing) -> Iterator[tuple[Sharing, Iterable[Value]] | Refused]:
        """Yield the values of a meter of which all have come, in the order of time."""
        parts = sorted(self._held.pop(sharing, []), key=_in_order)
        if refused := _refused(parts):
            for why, line in refused.values():
                yield Refused(why, sharing.meter_id, line)
            parts = [part for part in parts if part.series.type.power not in refused]
        apart = _differing(parts) if len({part.series.own for part in parts}) > 1 else ()
        if not apart:
            yield _judged(sharing, "", parts)
            return
        of_own = defaultdict[str, list[_Part]](list)
        for part in parts:
            of_own[part.series.own if part.series.own in apart else ""].append(part)
        for own, of_one in sorted(of_own.items()):
            yield _judged(sharing, own, of_one)


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


def _judged(sharing: Sharing, own: str, parts: list[_Part]) -> tuple[Sharing, Iterable[Value]]:
    if not own:
        values = list(_summed(parts))
    else:
        meter_id = f"{sharing.meter_id}-{own}"
        values = [part.value._replace(meter_id=meter_id) for part in parts]
    if sharing.is_register and not sharing.register and is_no_register(values):
        sharing = sharing._replace(is_register=False)
        # An interval has a length; what has none said nothing either.
        values = [value for value in values if value.starts_s < value.ends_s]
    return sharing, split(values) if sharing.is_net else values


def _summed(parts: list[_Part]) -> Iterator[Value]:
    """Add up the times of use; where an interval is told again, its sums are too."""
    kinds = defaultdict[frozenset[tuple[str, str]], list[_Part]](list)
    for part in parts:
        kinds[part.series.type.beside_tou].append(part)
    for of_kind in kinds.values():
        intervals = defaultdict[tuple[int, int], list[_Part]](list)
        for part in of_kind:
            intervals[part.value[2:4]].append(part)
        if len(intervals) == len(of_kind):
            # Each is told once: nothing is to be added up.
            yield from (part.value for part in of_kind)
            continue
        told = [_by_tou(each) for each in intervals.values()]
        for turn in range(max(len(again) for each in told for again in each)):
            for each in told:
                if turn < max(map(len, each)):
                    yield _sum([again[min(turn, len(again) - 1)] for again in each])


def _by_tou(parts: list[_Part]) -> list[list[Value]]:
    found = defaultdict[int, list[Value]](list)
    for part in parts:
        found[part.series.type.tou].append(part.value)
    return list(found.values())


def _in_order(part: _Part) -> tuple[int, int, int, datetime]:
    _, _, starts_s, ends_s, _, _, known_at, _ = part.value
    return ends_s - starts_s, starts_s, part.series.type.tou, known_at or _LAST


def _differing(parts: list[_Part]) -> set[str]:
    """Return the MeterReadings that say something else of a time than another does.

    That is another value of one interval, or an interval that begins within another's and ends
    behind it; a day beside its hours says the same.
    """
    # By begin, and of one begin the longest first.
    intervals = defaultdict[tuple[int, int], list[_Part]](list)
    for part in parts:
        if part.value.value is not None:
            intervals[part.value.starts_s, -part.value.ends_s].append(part)
    found = set[str]()
    # By time of use: the intervals that the next one may begin within, each within the one before.
    around = defaultdict[int, list[tuple[int, set[str]]]](list)
    for (starts_s, before_s), several in sorted(intervals.items(), key=itemgetter(0)):
        if len(several) > 1:
            found |= _of_one_interval(several)
        by_tou = defaultdict[int, set[str]](set)
        for part in several:
            by_tou[part.series.type.tou].add(part.series.own)
        for tou, owns in by_tou.items():
            outer = around[tou]
            while outer and outer[-1][0] <= starts_s:
                outer.pop()
            if outer and outer[-1][0] < -before_s and len(owns | outer[-1][1]) > 1:
                found |= owns | outer[-1][1]
            outer.append((-before_s, owns))
    return found


def _of_one_interval(parts: list[_Part]) -> set[str]:
    """Return the MeterReadings of one interval that differ: kinds of readings are not added up."""
    if len({part.series.own for part in parts}) == 1:
        return set()
    # Of each time of use one, all of a kind: these are what is added up.
    if len({part.series.type.tou for part in parts}) == len(parts) and (
        len({part.series.type.beside_tou for part in parts}) == 1
    ):
        return set()
    tous = defaultdict[frozenset[tuple[str, str]], set[int]](set)
    said = defaultdict[int, dict[str | None, set[str]]](lambda: defaultdict(set))
    for part in parts:
        kind = part.series.type
        tous[kind.beside_tou].add(kind.tou)
        said[kind.tou][part.value.value].add(part.series.own)
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

"""Intervals and the clock of a place: when days begin, where steps are counted from and are uneven.

Most clocks are ahead of UTC by whole hours. Those of India, Nepal, Newfoundland and others are not,
so that their hours and days begin within an hour of UTC.
"""

import functools
import zoneinfo
from collections import defaultdict
from datetime import datetime, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

_HOUR_S = 3600
# Summer time may be what makes a clock uneven (Lord Howe), so each half year is looked at.
_SEEN = [(year, month) for year in range(1990, 2050) for month in (1, 7)]


def uneven_zones(step_s: int) -> tuple[str, ...]:
    """Return the zones that were off UTC by a part of a step in any half year since 1990."""
    return tuple(name for name, parts in _parts_of(step_s).items() if any(parts))


def is_uneven(step_s: int) -> Column:
    """Tell whether the clock of ``time_zone`` does not go by the steps of UTC."""
    return F.col("time_zone").isin(*uneven_zones(step_s))


def parts_of_hour(zone: Column) -> Column:
    """Return by how many s a zone's clock was ahead of an hour of UTC, and 0: array<bigint>."""
    zones: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name in uneven_zones(_HOUR_S):
        zones[tuple(sorted({0, *_parts_of(_HOUR_S)[name]}))].append(name)
    found = _numbers(0)
    for parts, names in zones.items():
        found = F.when(zone.isin(*names), _numbers(*parts)).otherwise(found)
    return found


def length_s() -> Column:
    """Return the length of an interval in s."""
    return F.unix_seconds("ends_at") - F.unix_seconds("starts_at")


def clock_s(step_s: int) -> Column:
    """Return the start of an interval in s from which steps of the wall clock can be counted.

    They are steps of UTC, but in the zones that are off by a part of one: to read a clock takes
    longer than all the rest of a row.
    """
    local_s = F.unix_seconds(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    return F.when(is_uneven(step_s), local_s).otherwise(F.unix_seconds("starts_at"))


def local_midnight(day: Column) -> Column:
    """Return the instant at which a local day begins; of UTC where the zone is not known."""
    return F.to_utc_timestamp(day.cast("timestamp"), F.coalesce("time_zone", F.lit("UTC")))


@functools.cache
def _parts_of(step_s: int) -> dict[str, set[int]]:
    """Return by how many s each zone's clock was ahead of a step of UTC."""
    return {name: {ahead % step_s for ahead in offsets} for name, offsets in _offsets().items()}


@functools.cache
def _offsets() -> dict[str, frozenset[int]]:
    """Return by how many s each zone's clock was ahead of UTC."""

    def of(zone: zoneinfo.ZoneInfo) -> frozenset[int]:
        ahead = (datetime(*month, 1, tzinfo=zone).utcoffset() for month in _SEEN)
        return frozenset(int((offset or timedelta()).total_seconds()) for offset in ahead)

    return {name: of(zoneinfo.ZoneInfo(name)) for name in sorted(zoneinfo.available_timezones())}


def _numbers(*values: int) -> Column:
    return F.array(*(F.lit(value).cast("bigint") for value in values))

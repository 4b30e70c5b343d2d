"""A step of time -> the time zones whose clocks do not go by it."""

import functools
import zoneinfo
from datetime import datetime, timedelta


@functools.cache
def uneven_zones(seconds: int) -> tuple[str, ...]:
    """Return the zones that were off UTC by a part of a step, in any half year since 1990."""
    months = [(year, month) for year in range(1990, 2050) for month in (1, 7)]

    def is_off(zone: zoneinfo.ZoneInfo, year: int, month: int) -> bool:
        offset = datetime(year, month, 1, tzinfo=zone).utcoffset() or timedelta()
        return offset.seconds % seconds != 0

    return tuple(
        name
        for name in sorted(zoneinfo.available_timezones())
        if any(is_off(zoneinfo.ZoneInfo(name), *month) for month in months)
    )

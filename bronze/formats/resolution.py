"""Lengths of intervals as ISO 8601 durations, and where the intervals of a block begin."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lake.landing import UnreadableFile

_TIME = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_CALENDAR = re.compile(r"P(\d+)([DMY])")
_SECONDS = (3600, 60, 1)


def named(seconds: int) -> str:
    """Return a length in seconds as ISO 8601: PT1H, PT15M, PT90S."""
    for unit, letter in zip(_SECONDS, "HMS", strict=True):
        if seconds % unit == 0:
            return f"PT{seconds // unit}{letter}"
    raise AssertionError


def starts(first: datetime, resolution: str) -> Iterator[datetime]:
    """Yield the start of every interval from the first on, with its offset from UTC.

    Hours and less are counted in UTC; days, months and years by the wall clock of ``first``.
    """
    if (time := _TIME.fullmatch(resolution)) and any(time.groups()):
        parts = (int(n or 0) * s for n, s in zip(time.groups(), _SECONDS, strict=True))
        step, start = timedelta(seconds=sum(parts)), first.astimezone(UTC)
        while True:
            yield start.astimezone(first.tzinfo)
            start += step
    if not (calendar := _CALENDAR.fullmatch(resolution)):
        raise UnreadableFile(f"{resolution} is no length", cure="use PT15M, PT1H, P1D, P1M or P1Y")
    many, unit = int(calendar[1]), calendar[2]
    start = first
    while True:
        yield start
        if unit == "D":
            start += timedelta(days=many)
        else:
            months = start.month - 1 + many * (12 if unit == "Y" else 1)
            start = start.replace(year=start.year + months // 12, month=months % 12 + 1)

"""Lengths of intervals as ISO 8601 durations, and where the intervals of a block begin."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from bronze.formats.rows import UnreadableRow

_TIME = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_CALENDAR = re.compile(r"P(\d+)([DMY])")
_SECONDS = (3600, 60, 1)
_MONTHS = {"M": 1, "Y": 12}


def named(seconds: int) -> str:
    """Return a length in seconds as ISO 8601: PT1H, PT15M, PT90S."""
    for unit, letter in zip(_SECONDS, "HMS", strict=True):
        if seconds % unit == 0:
            return f"PT{seconds // unit}{letter}"
    raise AssertionError


def starts(first: datetime, resolution: str) -> Iterator[datetime]:
    """Yield the start of every interval from the first on, with its offset from UTC.

    Hours and less are counted in UTC; days, months and years by the wall clock of ``first``, from
    the last day of a month that has no such day. UnreadableRow for other text, and where the
    calendar ends.
    """
    try:
        if (time := _TIME.fullmatch(resolution)) and any(time.groups()):
            parts = (int(n or 0) * s for n, s in zip(time.groups(), _SECONDS, strict=True))
            step, start = timedelta(seconds=sum(parts)), first.astimezone(UTC)
            while True:
                yield start.astimezone(first.tzinfo)
                start += step
        if not (calendar := _CALENDAR.fullmatch(resolution)):
            raise UnreadableRow(f"{resolution} is no length as PT15M, PT1H, P1D, P1M or P1Y")
        many, unit = int(calendar[1]), calendar[2]
        for n in count(0, many):
            yield first + timedelta(days=n) if unit == "D" else _after(first, n * _MONTHS[unit])
    except (OverflowError, ValueError) as error:
        raise UnreadableRow(f"{resolution} goes beyond the calendar") from error


def _after(first: datetime, many: int) -> datetime:
    years, month = divmod(first.month - 1 + many, 12)
    year = first.year + years
    last = monthrange(year, month + 1)[1]
    return first.replace(year=year, month=month + 1, day=min(first.day, last))

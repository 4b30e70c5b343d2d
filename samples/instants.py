"""Local days of a zone, and instants as numbers: whole seconds since 1970, UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Seconds = NDArray[np.int64]

KNOWN_AT_LOCAL = time(6)  # meter data of a day are sent the next morning


@dataclass(frozen=True)
class Day:
    """A local day: its midnight, the same with the offset, and when its readings are sent."""

    midnight: int
    starts_at: str
    known_at: str


@lru_cache(maxsize=100_000)
def _day(zone: str, ordinal: int) -> Day:
    tz, local = ZoneInfo(zone), date.fromordinal(ordinal)
    midnight = datetime.combine(local, time(), tz).astimezone(UTC)
    known_at = datetime.combine(local + timedelta(days=1), KNOWN_AT_LOCAL, tz).astimezone(UTC)
    return Day(
        int(midnight.timestamp()),
        midnight.astimezone(tz).isoformat(),
        known_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def local_days(zone: str, first: date, last: date) -> list[Day]:
    """Return the days from the first to the one after the last, whose midnight ends the last."""
    return [_day(zone, ordinal) for ordinal in range(first.toordinal(), last.toordinal() + 2)]


@lru_cache(maxsize=100_000)
def local_day(second: int, zone: str) -> date:
    """Return the local day in which the instant lies."""
    return datetime.fromtimestamp(second, ZoneInfo(zone)).date()


def local_midnights(zone: str, *, first: date, days: int) -> Seconds:
    """Return the `days` + 1 local midnights from the first day on, in seconds since 1970."""
    return np.array(
        [_day(zone, first.toordinal() + i).midnight for i in range(days + 1)], dtype=np.int64
    )


def seconds(instants: "pd.Series[pd.Timestamp] | pd.DatetimeIndex") -> Seconds:
    """Return instants, naive meaning UTC, as whole seconds since 1970."""
    index = pd.DatetimeIndex(instants)
    index = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    return index.to_numpy().astype("datetime64[s]").astype(np.int64)


def utc(instants: Seconds) -> list[str]:
    """Return seconds since 1970 as ISO 8601 in UTC."""
    return [f"{text}Z" for text in np.datetime_as_string(instants.astype("datetime64[s]"))]

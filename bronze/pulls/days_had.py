"""Days whose prices were had whole -> a file a source and zone in `_pulls`, kept between runs.

A day that an outage at publication took is asked for again in the week that follows.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from bronze.pulls.parts import Wanted
from bronze.pulls.told import written_whole
from bronze.pulls.zones import MARKET_TIME
from lake.settings import Settings

_DAYS_BACK = 6


def days_of_prices(
    source: str, zones: Sequence[str], wanted: Wanted, settings: Settings
) -> tuple[date, ...]:
    """Return the days wanted; without any tomorrow, and what of the last week a zone lacks.

    Tomorrow's prices of the market come about 12:45.
    """
    if wanted.days:
        return wanted.days
    today = wanted.clock.astimezone(MARKET_TIME).date()
    had = [_had(_file(source, zone, settings)) for zone in zones]
    week = (today - timedelta(days=n) for n in reversed(range(_DAYS_BACK + 1)))
    lacking = [day for day in week if any(day.isoformat() not in days for days in had)]
    return (*lacking, today + timedelta(days=1))


def remember_days(
    source: str, zone: str, days: Iterable[date], settings: Settings, clock: datetime
) -> None:
    """Keep that a zone's days were had whole; CannotWrite."""
    file = _file(source, zone, settings)
    had = _had(file)
    oldest = (clock - timedelta(days=2 * _DAYS_BACK)).date().isoformat()
    kept = {day for day in had | {day.isoformat() for day in days} if day >= oldest}
    if kept != had:
        written_whole(file, json.dumps(sorted(kept)))


def _file(source: str, zone: str, settings: Settings) -> Path:
    return settings.beside_tables("_pulls") / f"days-{source.rpartition('.')[2]}-{zone}.json"


def _had(file: Path) -> set[str]:
    try:
        days = json.loads(file.read_text())
    except (OSError, ValueError):
        return set()
    return {day for day in days if isinstance(day, str)} if isinstance(days, list) else set()

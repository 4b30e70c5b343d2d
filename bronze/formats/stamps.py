"""Text of a stamp -> date and time as the wall clock shows them, or an instant with its offset."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from bronze.formats.local_time import LocalTime
from bronze.formats.rows import UnreadableRow
from lake.ingestion.files import UnreadableFile

_YEARS = range(1970, 2200)


@lru_cache(maxsize=8192)
def wall_clock(text: str, forms: tuple[str, ...]) -> datetime:
    """Read a stamp in the first of the forms (strptime) that it has; UnreadableRow for none."""
    for form in forms:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes later
        except ValueError:
            continue
        return _possible(found, text)
    raise UnreadableRow(f"{text!r} is no date and time as this form has them")


def iso(text: str) -> datetime:
    """Read an ISO 8601 date and time, with or without its offset; UnreadableRow for other text."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UnreadableRow(f"{text!r} is no date and time") from error
    return _possible(found, text)


def at(stamp: datetime, clock: LocalTime) -> datetime:
    """Return the instant (UTC) of a stamp, by its own offset or else by the series' clock.

    Where the clocks leave out midnight it says the begin of its day.
    """
    if stamp.tzinfo is not None:
        return stamp.astimezone(UTC)
    found = clock.instant(stamp)
    if found is None and (stamp.hour, stamp.minute, stamp.second) == (0, 0, 0):
        return clock.midnight(stamp)
    if found is None:
        raise UnreadableRow(f"{stamp} is in the hour that the clocks leave out in {clock.zone}")
    return found


def in_order(stamps: Sequence[datetime]) -> bool:
    """Tell whether no stamp lies before the one ahead of it."""
    return all(a <= b for a, b in itertools.pairwise(stamps))


class NoZone(UnreadableFile):
    """Stamps without an offset, of a form whose files come from more than one zone."""

    code = "no-zone"


def zone_told(zone: str, cure: str = "say it with --zone, as in Europe/Brussels") -> ZoneInfo:
    """Return the zone that was told; UnreadableFile where none was, or there is none so named."""
    if not zone:
        raise NoZone("the stamps have no offset and no time zone is given", cure=cure)
    return LocalTime(zone).zone


def _possible(found: datetime, text: str) -> datetime:
    if found.year not in _YEARS:
        raise UnreadableRow(f"{text!r} is in no year of meter readings")
    return found

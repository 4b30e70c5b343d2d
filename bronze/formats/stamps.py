"""Text of a stamp -> date and time as the wall clock shows them, or an instant with its offset."""

import itertools
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from bronze.formats.local_time import LocalTime
from bronze.formats.rows import UnreadableRow
from lake.ingestion.files import UnreadableFile

_YEARS = range(1970, 2200)
_DIRECTIVES = {
    "%H": "(24)", "%Y": r"\d{4}", "%%": "%",
    **dict.fromkeys(("%d", "%m", "%M", "%S", "%y"), r"\d{1,2}"),
}  # fmt: skip


@lru_cache(maxsize=8192)
def wall_clock(text: str, forms: tuple[str, ...]) -> datetime:
    """Read a stamp in the first of the forms (strptime) that it has; UnreadableRow for none.

    The hour 24, which strptime does not know, is the end of its day.
    """
    for form in forms:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes later
        except ValueError:
            continue
        return in_years(found, text)
    for form in forms:
        if (end := _end_of_day(text, form)) is not None:
            return in_years(end, text)
    raise UnreadableRow(f"{text!r} is no date and time as this form has them")


def iso(text: str) -> datetime:
    """Read an ISO 8601 date and time, with or without its offset; UnreadableRow for other text."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UnreadableRow(f"{text!r} is no date and time") from error
    return in_years(found, text)


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


def in_years(found: datetime, text: str) -> datetime:
    """Return a stamp; UnreadableRow where its year is none of meter readings."""
    if found.year not in _YEARS:
        raise UnreadableRow(f"{text!r} is in no year of meter readings")
    return found


def _end_of_day(text: str, form: str) -> datetime | None:
    match = _with_hour_24(form).fullmatch(text) if "%H" in form else None
    if match is None:
        return None
    try:
        begins = datetime.strptime(text[: match.start(1)] + "00" + text[match.end(1) :], form)  # noqa: DTZ007
        is_end = begins == begins.replace(hour=0, minute=0, second=0, microsecond=0)
        return begins + timedelta(days=1) if is_end else None
    except (ValueError, OverflowError):
        return None


@cache
def _with_hour_24(form: str) -> re.Pattern[str]:
    parts = re.split(r"(%.|\s+)", form)
    return re.compile(
        "".join(
            _DIRECTIVES.get(part, ".+?") if part[:1] == "%"
            else r"\s+" if part.isspace() else re.escape(part)
            for part in parts
        )
    )  # fmt: skip

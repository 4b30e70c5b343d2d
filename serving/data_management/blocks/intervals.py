"""A block's start and resolution -> its intervals, held against the meter's zone and supply.

The instants, lengths and alignment are those that silver reads and judges by.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from serving.data_management.blocks.blocks import Block, Fault, Faults, Meter
from silver.contracts import EARLIEST

_DAY_S = 86_400
_LONGEST_DAY_S = 25 * 3600
_EARLIEST_S = int(datetime(*EARLIEST.timetuple()[:3], tzinfo=UTC).timestamp())
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})", re.IGNORECASE
)
_LENGTH = re.compile(r"PT(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?")
_CALENDAR = re.compile(r"P([1-9]\d?\d?)([DWMY])")
# Of so many days, or of so many months.
_UNITS = {"D": (1, False), "W": (7, False), "M": (1, True), "Y": (12, True)}
_ON_A_STEP = "starts_at is not on a step of its resolution, local time"
_AT_MIDNIGHT = "days and months start at local midnight: 2025-10-26T00:00:00+02:00 or that in UTC"
_RESOLUTIONS = (
    "resolution is an ISO 8601 duration that divides an hour or a day, or is longer than a day:"
    " PT15M, P1D, P1M, PT744H"
)


def find_interval(
    said: dict[str, Any], found: Block, known: Meter | None, at: datetime, fault: Faults
) -> None:
    """Read start and resolution, and hold them against the meter's zone and supply."""
    resolution = said.get("resolution")
    length = length_s(resolution) if isinstance(resolution, str) else None
    starts_at = instant(said.get("starts_at"))
    if length is None:
        fault("resolution", "unknown_resolution", _RESOLUTIONS)
    if starts_at is None:
        fault("starts_at", "starts_at_unreadable", "starts_at is an instant with its offset")
    if length is None or starts_at is None or not found.values:
        return
    count, zone = len(found.values), _zone(known.zone) if known is not None else None
    if length:
        start_s = int(starts_at.timestamp())
        found.steps = range(start_s, start_s + length * count, length)
        found.resolution = length
    else:
        found.resolution = cast(str, resolution).strip().upper()
        first, (many, is_month) = _first_day(starts_at, zone), _calendar(found.resolution)
        step = first.year * 12 + first.month if is_month else first.toordinal()
        found.steps = range(step, step + count * many, many)
    ends_s = _end_s(starts_at, found.resolution, count, zone)
    if min(starts_at.timestamp(), ends_s) < _EARLIEST_S or ends_s > at.timestamp() + _DAY_S:
        fault("starts_at", "out_of_range", "readings are from 1990 until tomorrow")
        return
    found.ends_s = ends_s
    if known is not None:
        _of_meter(found, starts_at, length, known, fault)
    if found.values[-1] is None:
        # What is missing at the end has not come yet.
        told = next((n for n in range(count, 0, -1) if found.values[n - 1] is not None), count)
        found.ends_s = _end_s(starts_at, found.resolution, told, zone)


def _of_meter(found: Block, starts_at: datetime, length: int, known: Meter, fault: Faults) -> None:
    zone = _zone(known.zone)
    local = starts_at.astimezone(zone)
    if length > _LONGEST_DAY_S:
        is_aligned = True
    elif length:
        wall_s = _wall_s(local)
        is_aligned = wall_s % min(length, 3600) == 0
        count = len(found.values)
        then = datetime.fromtimestamp(starts_at.timestamp() + length * count, zone)
        if _DAY_S % length and 3600 % length and _wall_s(then) - wall_s != _DAY_S * count:
            fault("resolution", "unknown_resolution", _RESOLUTIONS)
    else:
        is_aligned = starts_at == _midnight(_first_day(starts_at, zone), zone)
    if not is_aligned:
        fault("starts_at", "misaligned", _ON_A_STEP if length else _AT_MIDNIGHT)
    if known.supply_start is None and known.supply_end is None:
        return
    last = datetime.fromtimestamp(found.ends_s - 1, zone).date()
    first_day, last_day = known.supply_start or date.min, known.supply_end or date.max
    if local.date() < first_day or last > last_day:
        begins = known.supply_start or "the beginning"
        ends = known.supply_end or "now on"
        fault("starts_at", "outside_supply", f"the meter is supplied from {begins} to {ends}")


def _end_s(starts_at: datetime, resolution: str | int, count: int, zone: ZoneInfo | None) -> int:
    """Return where so many intervals end (s since 1970), 0 where no calendar goes so far."""
    if isinstance(resolution, int):
        return int(starts_at.timestamp()) + resolution * count
    many, is_month = _calendar(resolution)
    last = _after(_first_day(starts_at, zone), count * many, is_month)
    return int(_midnight(last, zone).timestamp()) if last else 0


def _after(day: date, count: int, is_month: bool) -> date | None:
    """Return the day on which so many days or months end; a shorter month ends on its last day."""
    try:
        if not is_month:
            return day + timedelta(days=count)
        year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last))
    except (OverflowError, ValueError):
        return None


def _first_day(starts_at: datetime, zone: ZoneInfo | None) -> date:
    """Return the local day that begins at an instant, told in whatever offset.

    One that a zone leaves out (Samoa, when it crossed the date line) is told by its date alone. Of
    a zone that is not known yet it is that of the nearest midnight, where the instant is told in
    UTC.
    """
    said = starts_at.date()
    try:
        if zone is None:
            return said if starts_at.utcoffset() else (starts_at + timedelta(hours=12)).date()
        if starts_at == _midnight(said, zone):
            return said
        return starts_at.astimezone(zone).date()
    except OverflowError:  # at an end of the calendar, out of range in any zone
        return said


def _midnight(day: date, zone: ZoneInfo | None) -> datetime:
    """Return the instant at which a local day begins; where clocks skip midnight, after it."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone or UTC)
    return start.astimezone(UTC)


def mark_repeated(blocks: Iterable[Block]) -> None:
    """Add a fault to good blocks that say an interval again which an earlier one says."""
    series: dict[tuple[str, str | int], list[Block]] = {}
    for block in blocks:
        if not block.faults:
            series.setdefault((block.meter_id, block.resolution), []).append(block)
    for of_meter in series.values():
        until, cluster = -1, list[Block]()
        for block in sorted(of_meter, key=lambda b: (b.steps.start, b.index)):
            if block.steps.start >= until:
                _mark_cluster(cluster)
                cluster = []
            cluster.append(block)
            until = max(until, block.steps.stop)
        _mark_cluster(cluster)


def _mark_cluster(cluster: list[Block]) -> None:
    """Compare blocks that overlap value by value: a null says nothing, so it repeats nothing."""
    if len(cluster) < 2:
        return
    said: dict[int, int] = {}
    for block in sorted(cluster, key=lambda b: b.index):
        pairs = zip(block.steps, block.values, strict=True)
        own = dict.fromkeys((step for step, v in pairs if v is not None), block.index)
        if twice := own.keys() & said.keys():
            at = min(twice) - block.steps.start
            message = f"the interval of value {at} is in block {said[min(twice)]} too"
            block.faults.append(Fault("starts_at", "repeated", message))
        else:
            said |= own


@lru_cache(maxsize=4_096)
def _read(text: str) -> datetime | None:
    if len(text) > 40 or not _INSTANT.fullmatch(text.strip()):
        return None
    try:
        read = datetime.fromisoformat(text.strip().upper())
        read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return read


def instant(text: object) -> datetime | None:
    """Read an instant with its offset, as silver does."""
    return _read(text) if isinstance(text, str) else None


@lru_cache(maxsize=256)
def length_s(resolution: str) -> int | None:
    """Return the length of an interval in s, 0 for days and months, None for any other text.

    23 and 25 hours are days on which the clock goes on or back: the zone tells.
    """
    text = resolution.strip().upper()
    if _CALENDAR.fullmatch(text):
        return 0
    if not (parts := _LENGTH.fullmatch(text)):
        return None
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    length = hours * 3600 + minutes * 60 + seconds
    divides = length and (3600 % length == 0 or (length % 3600 == 0 and _DAY_S % length == 0))
    is_day = length in (23 * 3600, _LONGEST_DAY_S)
    return length if divides or is_day or length > _LONGEST_DAY_S else None


def _calendar(resolution: str) -> tuple[int, bool]:
    """Return how many days a length has, or months (True)."""
    said = _CALENDAR.fullmatch(resolution)
    assert said is not None
    many, is_month = _UNITS[said[2]]
    return int(said[1]) * many, is_month


def _wall_s(local: datetime) -> float:
    return local.timestamp() + cast(timedelta, local.utcoffset()).total_seconds()


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)

"""Single values in the order of a file -> blocks of consecutive intervals, at most a day each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from bronze.formats.records import MEASURED, MISSING, Block
from bronze.formats.resolution import named

# The most values of a block; a day of minutes, on the day with 25 hours.
_MOST = 1500
_MOST_DAYS = 31
_DAY, _MONTH, _YEAR = "P1D", "P1M", "P1Y"


class Span(NamedTuple):
    """One interval in UTC and the name of its length."""

    starts_at: datetime
    ends_at: datetime
    resolution: str


class Series(NamedTuple):
    """What the values of a block have in common."""

    meter_id: str
    unit: str
    known_at: datetime | None = None


@dataclass(slots=True)
class _Open:
    series: Series
    span: Span
    ends_at: datetime
    until: datetime
    line: int
    values: list[str | None] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class Consecutive:
    """Blocks that are being filled, one a meter and unit; what is full is given out."""

    def __init__(self, zone: tzinfo) -> None:
        """Take the zone whose days blocks do not go beyond."""
        self.zone = zone
        self._open: dict[Series, _Open] = {}

    def add(
        self, series: Series, span: Span, value: str | None, *, quality: str = "", line: int = 0
    ) -> Iterator[Block]:
        """Take one value; yield the block before it where it does not go on from there.

        Without a word of the file a value is measured and no value is missing.
        """
        block = self._open.get(series)
        if block is not None and not (
            span.starts_at == block.ends_at < block.until
            and span.resolution == block.span.resolution
            and len(block.values) < _MOST
        ):
            yield self._closed(block)
            block = None
        if block is None:
            until = self._until(span)
            block = self._open[series] = _Open(series, span, span.starts_at, until, line)
        block.values.append(value)
        block.words.append(quality or (MISSING if value is None else MEASURED))
        block.ends_at = span.ends_at

    def rest(self) -> Iterator[Block]:
        """Yield what is still open, in the order in which it was begun."""
        for block in self._open.values():
            yield self._closed(block)
        self._open.clear()

    def _until(self, span: Span) -> datetime:
        """Return where a block that begins so ends: with its day, or after a month of days."""
        if not span.resolution.startswith("PT"):
            days = _MOST_DAYS if span.resolution == _DAY else _MOST_DAYS * 120
            return span.starts_at + timedelta(days=days) - timedelta(hours=2)
        day = span.starts_at.astimezone(self.zone).replace(hour=0, minute=0, second=0, fold=0)
        return (day + timedelta(days=1)).astimezone(UTC)

    def _closed(self, block: _Open) -> Block:
        words: str | Sequence[str] = tuple(block.words)
        if len(set(words)) == 1:
            words = words[0]
        return Block(
            meter_id=block.series.meter_id,
            starts_at=with_offset(block.span.starts_at, self.zone),
            resolution=block.span.resolution,
            unit=block.series.unit,
            values=tuple(block.values),
            quality=words,
            known_at=block.series.known_at,
            line=block.line,
        )


def with_offset(instant: datetime, zone: tzinfo) -> datetime:
    """Return an instant with the local offset, which says the local day that it begins."""
    local = instant.astimezone(zone)
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()), fold=0)


def span(starts_at: datetime, ends_at: datetime, zone: tzinfo) -> Span:
    """Name the length of an interval: a local day, month or year, or so many seconds."""
    first, last = starts_at.astimezone(zone), ends_at.astimezone(zone)
    seconds = int((ends_at - starts_at).total_seconds())
    if _is_midnight(first, zone) and _is_midnight(last, zone) and seconds >= 22 * 3600:
        months = (last.year - first.year) * 12 + last.month - first.month
        if (last.date() - first.date()).days == 1:
            return Span(starts_at, ends_at, _DAY)
        if first.day == last.day == 1 and months in (1, 12):
            return Span(starts_at, ends_at, _MONTH if months == 1 else _YEAR)
    return Span(starts_at, ends_at, lasting(seconds))


def span_from(starts_at: datetime, resolution: str, zone: tzinfo) -> Span:
    """Return the interval of a known length; days, months and years are the zone's own."""
    local = starts_at.astimezone(zone)
    # A day may begin at one o'clock, where the clocks go forward at midnight.
    local = local.replace(tzinfo=None, **({"hour": 0} if _is_midnight(local, zone) else {}))
    months = {_MONTH: 1, _YEAR: 12}.get(resolution)
    if months is None and resolution != _DAY:
        return Span(starts_at, starts_at + length(resolution), resolution)
    if months is None:
        later = local + timedelta(days=1)
    else:
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        later = local.replace(year=year, month=month + 1, day=min(local.day, 28))
    return Span(starts_at, later.replace(tzinfo=zone).astimezone(UTC), resolution)


def lasting(seconds: int) -> str:
    """Name a length in s: PT15M, PT1H, P7D."""
    if seconds % 86_400 == 0 and seconds > 86_400:
        return f"P{seconds // 86_400}D"
    return named(seconds)


def length(resolution: str) -> timedelta:
    """Return the length that ``lasting`` has named."""
    number = int(resolution.strip("PTDHMS"))
    if resolution[1] != "T":
        return timedelta(days=number)
    return timedelta(seconds=number * {"H": 3600, "M": 60, "S": 1}[resolution[-1]])


def _is_midnight(local: datetime, zone: tzinfo) -> bool:
    before = (local.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone)
    return before.date() != local.date()

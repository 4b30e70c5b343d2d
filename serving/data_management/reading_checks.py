"""Blocks as a partner sends them -> canonical lines, and what is wrong with each, by its index.

The rules are those that silver judges by, so that what is taken here is not put aside there; each
is a word that a program can tell and a sentence that a person can.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeGuard, cast
from zoneinfo import ZoneInfo

from pydantic_core import to_json

FIELDS = ("partner_id", "meter_id", "starts_at", "resolution", "unit", "values", "value",
          "quality", "known_at", "message_id")  # fmt: skip
UNITS = {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3, "kw": 1.0, "w": 1e-3, "m3": 11.0}
QUALITIES = frozenset({"measured", "estimated", "missing"})
CALENDAR = ("P1D", "P1M")
# No meter of a home counts as much in one interval, whatever the unit.
TOO_LARGE = 1e12
MOST_VALUES = 10_000  # a block is a message of a broker, which takes a MB
_MOST_FAULTS = 20
_EARLIEST_S = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
_DAY_S = 86_400
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})", re.IGNORECASE
)
_LENGTH = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?")
_RESOLUTIONS = "resolution is an ISO 8601 duration that divides an hour or a day, P1D or P1M"


@dataclass(frozen=True, slots=True)
class Meter:
    """What the checks need to know of a registered meter; dates are local, both included."""

    fuel: str
    zone: str
    supply_start: date | None = None
    supply_end: date | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a block; ``field`` names the place in it."""

    field: str
    code: str
    message: str


@dataclass(slots=True)
class Block:
    """A block that was read: its line when it is good, its faults when it is not."""

    index: int
    meter_id: str = ""
    line: bytes = b""
    count: int = 0
    resolution: str | int = ""
    # Which intervals it says: steps of its resolution, counted from a fixed beginning.
    steps: range = range(0)
    ends_s: int = 0
    values: Sequence[float | None] = ()
    faults: list[Fault] = field(default_factory=list)
    is_of_unknown_meter: bool = False


def checked(
    block: object, *, index: int, partner_id: str, at: datetime,
    meter: Callable[[str], Meter | None],
) -> Block:  # fmt: skip
    """Return one block with all that is wrong with it; ``at`` is when it arrived."""
    found = Block(index)
    if not isinstance(block, dict):
        found.faults.append(Fault("", "not_an_object", "a block is a JSON object"))
        return found
    said = cast(dict[str, Any], block)
    fault = _Faults(found.faults)
    for name in said.keys() - set(FIELDS):
        fault(name[:40], "unknown_field", f"fields are {', '.join(FIELDS)}")
    if said.get("partner_id") not in (None, partner_id):
        fault("partner_id", "not_your_partner", "leave it out, or name your own")
    meter_id = _word(said, "meter_id", fault)
    _known_at(said, fault)
    if not isinstance(said.get("message_id"), str | None):
        fault("message_id", "not_text", "message_id is text")
    unit = _unit(said, fault)
    values = _values(said, fault)
    _quality(said, len(values), fault)
    known = meter(meter_id) if meter_id else None
    found.meter_id, found.values = meter_id, values
    found.is_of_unknown_meter = bool(meter_id) and known is None
    if unit == "m3" and known is not None and known.fuel != "gas":
        fault("unit", "m3_is_for_gas", "m3 is for gas meters")
    _interval(said, found, known, at, fault)
    if not found.faults:
        found.line = _line(said, partner_id, values, at)
        found.count = len(values) - sum(v is None for v in values)
    return found


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


class _Faults:
    """Collects what is wrong with one block, up to a number."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults

    @property
    def is_full(self) -> bool:
        """Tell whether no more are taken."""
        return len(self._faults) >= _MOST_FAULTS

    def __call__(self, name: str, code: str, message: str) -> None:
        """Add one."""
        if not self.is_full:
            self._faults.append(Fault(name, code, message))


def is_id(said: object) -> TypeGuard[str]:
    """Tell whether a value can be the id of a meter."""
    return (
        isinstance(said, str) and 0 < len(said) <= 200 and said.isprintable() and not said.isspace()
    )


def _word(said: dict[str, Any], name: str, fault: _Faults) -> str:
    found = said.get(name)
    if not is_id(found):
        fault(name, "missing", f"{name} is needed: printable text of at most 200 characters")
        return ""
    return found


def _unit(said: dict[str, Any], fault: _Faults) -> str:
    unit = said.get("unit")
    word = "kwh" if unit is None else unit.strip().lower() if isinstance(unit, str) else ""
    if word not in UNITS:
        fault("unit", "unknown_unit", "unit is kWh, Wh, MWh, kW, W or m3")
    return word


def _values(said: dict[str, Any], fault: _Faults) -> Sequence[float | None]:
    values = [said["value"]] if "value" in said and "values" not in said else said.get("values")
    if not isinstance(values, list) or not values or ("value" in said and "values" in said):
        fault("values", "missing", "values is needed: a list with one number or null an interval")
        return ()
    if len(values) > MOST_VALUES:
        fault("values", "too_many", f"a block has at most {MOST_VALUES:,} values")
        return values
    types = set(map(type, values))
    if types <= {float, int, type(None)}:
        numbers = [v for v in values if v is not None] if type(None) in types else values
        if numbers and min(numbers) >= 0 and max(numbers) < TOO_LARGE:
            return values
        if not numbers:
            fault("values", "missing", "no value is there: every one is null")
            return values
    for n, value in enumerate(values):
        if fault.is_full:
            break
        _value(n, value, fault)
    return values


def _value(n: int, value: object, fault: _Faults) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, float | int):
        fault(f"values.{n}", "not_a_number", "a value is a number or null")
    elif value < 0:
        fault(f"values.{n}", "negative", "energy is not negative: direction is the meter's")
    elif not value < TOO_LARGE:
        fault(f"values.{n}", "too_large", "no meter counts as much in one interval")


def _quality(said: dict[str, Any], count: int, fault: _Faults) -> None:
    quality = said.get("quality")
    if quality is None or (isinstance(quality, str) and quality.strip().lower() in QUALITIES):
        return
    if not isinstance(quality, list):
        fault("quality", "unknown_quality", f"quality is {', '.join(sorted(QUALITIES))}")
        return
    if len(quality) != count and count:
        fault("quality", "quality_count_differs", f"{len(quality)} words for {count} values")
    for n, word in enumerate(quality):
        if fault.is_full:
            break
        if not isinstance(word, str) or word.strip().lower() not in QUALITIES:
            fault(f"quality.{n}", "unknown_quality", f"quality is {', '.join(sorted(QUALITIES))}")


def _known_at(said: dict[str, Any], fault: _Faults) -> None:
    known_at = said.get("known_at")
    if known_at is not None and _instant(known_at) is None:
        fault("known_at", "unreadable", "known_at is an instant with its offset from UTC")


def _interval(
    said: dict[str, Any], found: Block, known: Meter | None, at: datetime, fault: _Faults
) -> None:
    """Read start and resolution, and hold them against the meter's zone and supply."""
    resolution = said.get("resolution")
    length = _length_s(resolution) if isinstance(resolution, str) else None
    starts_at = _instant(said.get("starts_at"))
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
        ends_s, found.resolution = found.steps.stop, length
    else:
        found.resolution = cast(str, resolution).strip().upper()
        first = starts_at.date()
        is_month = found.resolution == "P1M"
        step = first.year * 12 + first.month if is_month else first.toordinal()
        found.steps = range(step, step + count)
        last = _after(first, count, is_month)
        ends_s = int(_midnight(last, zone).timestamp()) if last else 0
    latest = at.timestamp() + _DAY_S
    if not _EARLIEST_S <= starts_at.timestamp() < ends_s <= latest:
        fault("starts_at", "out_of_range", "readings are from 1990 until tomorrow")
        return
    found.ends_s = ends_s
    if known is not None:
        _of_meter(found, starts_at, length, known, fault)


def _of_meter(found: Block, starts_at: datetime, length: int, known: Meter, fault: _Faults) -> None:
    zone = _zone(known.zone)
    local = starts_at.astimezone(zone)
    if length:
        wall_s = starts_at.timestamp() + cast(timedelta, local.utcoffset()).total_seconds()
        is_aligned = wall_s % min(length, 3600) == 0
    else:
        is_aligned = starts_at == _midnight(starts_at.date(), zone)
    if not is_aligned:
        fault("starts_at", "misaligned", "starts_at is not on a step of its resolution, local time")
    if known.supply_start is None and known.supply_end is None:
        return
    last = datetime.fromtimestamp(found.ends_s - 1, zone).date()
    first_day, last_day = known.supply_start or date.min, known.supply_end or date.max
    if local.date() < first_day or last > last_day:
        begins = known.supply_start or "the beginning"
        ends = known.supply_end or "now on"
        fault("starts_at", "outside_supply", f"the meter is supplied from {begins} to {ends}")


def _after(day: date, count: int, is_month: bool) -> date | None:
    try:
        if not is_month:
            return day + timedelta(days=count)
        months = day.year * 12 + day.month - 1 + count
        return date(months // 12, months % 12 + 1, 1)
    except (OverflowError, ValueError):
        return None


def _midnight(day: date, zone: ZoneInfo | None) -> datetime:
    """Return the instant at which a local day begins; where clocks skip midnight, after it."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone or UTC)
    return start.astimezone(UTC)


def _line(
    said: dict[str, Any], partner_id: str, values: Sequence[float | None], at: datetime
) -> bytes:
    """Return the canonical line; what was said when is told, so that no two sendings are alike."""
    fields = {
        "partner_id": partner_id, "meter_id": said["meter_id"], "starts_at": said["starts_at"],
        "resolution": said["resolution"], "unit": said.get("unit") or "kWh", "values": values,
        "quality": said.get("quality"), "known_at": said.get("known_at") or at.isoformat(),
        "message_id": said.get("message_id"),
    }  # fmt: skip
    return to_json({name: value for name, value in fields.items() if value is not None})


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


def _instant(text: object) -> datetime | None:
    """Read an instant with its offset, as silver does."""
    return _read(text) if isinstance(text, str) else None


@lru_cache(maxsize=256)
def _length_s(resolution: str) -> int | None:
    """Return the length of an interval in s, 0 for days and months, None for any other text."""
    text = resolution.strip().upper()
    if text in CALENDAR:
        return 0
    if not (parts := _LENGTH.fullmatch(text)):
        return None
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    length = hours * 3600 + minutes * 60 + seconds
    divides = length and (3600 % length == 0 or (length % 3600 == 0 and _DAY_S % length == 0))
    return length if divides else None


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)

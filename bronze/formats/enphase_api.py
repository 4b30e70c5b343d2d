"""Enphase's Enlighten API (JSON) -> readings: energy by interval, and by day since the beginning.

Source: Enphase, "Monitoring API" v2 and v4: ``intervals`` of ``stats``, ``rgm_stats``,
``consumption_stats`` and of v4's telemetry of production, consumption, import and export, in Wh,
each with the instant at which it ends (``end_at``: seconds since 1970, or ISO 8601); they are as
long as the shortest step between these. ``start_date`` with ``production``, ``consumption``,
``import`` or ``export`` (``energy_lifetime`` and the like) has a value a local day: the zone must
be told. An answer of intervals does not say its direction, which its system's others share: the
meter is the told one. Energy of batteries and of single devices is not read.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from bronze.formats.columns import resolution_of
from bronze.formats.consecutive import Consecutive, Series, Span, length, span_from
from bronze.formats.document import document, objects, payload, text_of
from bronze.formats.local_time import LocalTime
from bronze.formats.records import Record, Refused, Told
from bronze.formats.rows import UnreadableRow, amount
from bronze.formats.stamps import iso, zone_told
from lake.ingestion.files import UnreadableFile

_ENERGY = ("enwh", "wh_del", "wh_imported", "wh_exported")
_DAYS = ("production", "consumption", "import", "export")


def is_its(head: bytes) -> bool:
    """Tell whether a file is an answer of the API, by its names."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:65536].decode("utf-8", errors="replace")

    def has(name: str) -> bool:
        return f'"{name}"' in text

    return text.startswith("{") and (
        (has("intervals") and has("end_at") and any(map(has, _ENERGY)))
        or (has("system_id") and has("start_date") and any(map(has, _DAYS)))
    )


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in Wh; UnreadableFile for another document; what cannot be read is refused."""
    answer = document(stream)
    answer = answer if isinstance(answer, dict) else {}
    days = {name: answer[name] for name in _DAYS if isinstance(answer.get(name), list)}
    if "intervals" in answer:
        yield from _intervals(_flat(answer["intervals"]), told)
    elif days and text_of(answer.get("start_date")):
        yield from _by_day(text_of(answer["start_date"]), days, told)
    else:
        raise UnreadableFile(
            "not an answer of Enphase with energy",
            cure="send one answer a file, as it came, with intervals or with start_date",
        )


def _flat(listed: Any) -> list[dict[str, Any]]:
    """Return the intervals; those of import and export stand in a list of lists."""
    inner = listed if isinstance(listed, list) else []
    return [each for part in inner for each in objects(part)]


def _intervals(listed: list[dict[str, Any]], told: Told) -> Iterator[Record]:
    zone = LocalTime(told.zone or "UTC").zone
    values = dict[datetime, str | None]()
    for each in listed:
        try:
            values[_instant(text_of(each.get("end_at")))] = _energy(each)
        except UnreadableRow as error:
            yield Refused(str(error), payload(each))
    ends = sorted(values)
    resolution = resolution_of(ends, zone)
    step, blocks = length(resolution) if resolution[1] == "T" else None, Consecutive(zone)
    if step is None:
        raise UnreadableFile(f"intervals of {resolution}", cure="ask for 5 or 15 minutes")
    for end in ends:
        where = Span(end - step, end, resolution)
        yield from blocks.add(Series(told.meter_id, "Wh"), where, values[end])
    yield from blocks.rest()


def _energy(interval: dict[str, Any]) -> str | None:
    known = [name for name in _ENERGY if name in interval]
    if not known:
        raise UnreadableRow(f"it has none of {', '.join(_ENERGY)}")
    return amount(text_of(interval[known[0]]))


def _by_day(start: str, days: dict[str, list[Any]], told: Told) -> Iterator[Record]:
    try:
        first = iso(start)
    except UnreadableRow as error:
        raise UnreadableFile(str(error), cure="send the answer as it came") from error
    clock = LocalTime(zone_told(told.zone).key)
    for name, listed in days.items():
        blocks = Consecutive(clock.zone)
        series = Series(f"{told.meter_id}-{name}" if len(days) > 1 else told.meter_id, "Wh")
        for number, said in enumerate(listed):
            day = first + timedelta(days=number)
            try:
                value = amount(text_of(said))
            except UnreadableRow as error:
                yield Refused(f"{name}, {day:%Y-%m-%d}: {error}", payload(said))
                continue
            yield from blocks.add(series, span_from(clock.midnight(day), "P1D", clock.zone), value)
        yield from blocks.rest()


def _instant(text: str) -> datetime:
    if text.isascii() and text.isdigit() and len(text) < 12:
        return datetime.fromtimestamp(int(text), UTC)
    found = iso(text)
    if found.tzinfo is None:
        raise UnreadableRow(f"{text!r} has no offset")
    return found.astimezone(UTC)

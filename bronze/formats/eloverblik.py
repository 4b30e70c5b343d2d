"""Eloverblik (Energinet DataHub) -> readings: time series as IEC CIM, or register reads.

Source: Energinet, "Customer and Third party API for Datahub (Eloverblik), technical description",
and https://api.eloverblik.dk/customerapi/index.html: MyEnergyData_MarketDocument and the answer of
``getmeterreadings``; its businessType is A01 (production), A04 (consumption) or A64 (consumption
profiled). A metering point (18 digits) has one direction, so it is the meter id; only where one
answer has both directions under one id, it gets ``-consumption`` or ``-production``.
The CSV of the portal is in ``eloverblik_csv.py``.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

from bronze.formats import eloverblik_csv
from bronze.formats.consecutive import Consecutive, Series, Span, span, span_from
from bronze.formats.document import document, objects, payload, text_of
from bronze.formats.opened import peeked
from bronze.formats.records import ESTIMATED, MEASURED, MISSING, Read, Record, Refused, Told
from bronze.formats.rows import UnreadableRow, amount, first_line, unit_of
from bronze.formats.stamps import iso
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile

# 2: reads name their device. 3: profiled consumption is consumption; more stamps of the CSV.
# 4: rows of the CSV with more cells than columns are refused.
VERSION = 4
_ZONE = ZoneInfo("Europe/Copenhagen")
_SERIES, _POINT_ID = "MyEnergyData_MarketDocument", "meteringPointId"
# The live service says PT1D and PT1Y, its description P1D and P1Y.
_RESOLUTIONS = {
    "PT15M": "PT15M", "PT1H": "PT1H", "PT1D": "P1D", "P1D": "P1D", "P1M": "P1M",
    "PT1Y": "P1Y", "P1Y": "P1Y",
}  # fmt: skip
# IEC 62325 quality: A01 adjusted, A02 not available, A03 estimated, A04 as provided, A05
# incomplete, A06 calculated. Any other word is no proof of a measurement.
_QUALITY = {
    "": MEASURED, "A01": MEASURED, "A02": MISSING, "A03": ESTIMATED, "A04": MEASURED,
    "A05": ESTIMATED, "A06": MEASURED,
}  # fmt: skip
# A64: a meter that was read by month or year until it was read by the hour (A04).
_DIRECTIONS = {"A04": "consumption", "A64": "consumption", "A01": "production"}


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is of Eloverblik: JSON with its names, or CSV with its columns."""
    del name
    if eloverblik_csv.is_its(head):
        return True
    text = head.decode("utf-8", errors="replace")
    is_json = first_line(head).lstrip().startswith(("{", "["))
    return is_json and (f'"{_SERIES}"' in text or f'"{_POINT_ID}"' in text)


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks and reads; a result that is an error, and a point without place, are refused.

    UnreadableFile where there is neither a time series nor a register read nor an error in it.
    """
    del told
    head, stream = peeked(stream)
    if eloverblik_csv.is_its(head):
        yield from eloverblik_csv.records(stream)
        return
    answer = document(stream)
    results = objects(answer)
    if isinstance(answer, dict) and "result" in answer:
        results = objects(answer["result"])
    if not any(_SERIES in r or "success" in r or "readings" in _inner(r) for r in results):
        raise UnreadableFile(
            "not an answer of Eloverblik with readings",
            cure="ask for time series (gettimeseries) or meter readings (getmeterreadings)",
        )
    if details := [r for r in results if _POINT_ID in _inner(r) and "readings" not in _inner(r)]:
        raise UnreadableFile(
            f"details of {len(details)} metering points, which are no readings",
            cure="ask for time series (gettimeseries) or meter readings (getmeterreadings)",
        )
    documents = [each for result in results for each in objects(result.get(_SERIES))]
    directions = _directions(documents)
    for result in results:
        if str(result.get("success", True)).lower() == "false":
            yield _failed(result)
        for read in objects(_inner(result).get("readings")):
            yield _read(text_of(_inner(result).get(_POINT_ID)), read)
        for series_document in objects(result.get(_SERIES)):
            yield from _blocks(series_document, directions)


def _inner(result: dict[str, Any]) -> dict[str, Any]:
    inner = result.get("result", result)
    return inner if isinstance(inner, dict) else {}


def _failed(result: dict[str, Any]) -> Refused:
    said = " ".join(filter(None, (text_of(result.get(f)) for f in ("errorCode", "errorText"))))
    # Without the stack trace, which tells nothing of the meter.
    shown = {name: result[name] for name in ("id", "errorCode", "errorText") if name in result}
    return Refused(f"Eloverblik has no data: {said or 'it does not say why'}", payload(shown))


def _read(meter_id: str, read: dict[str, Any]) -> Record:
    """Return what a counter showed, of a device that may have been exchanged."""
    try:
        reading = amount(text_of(read.get("meterReading")))
        if reading is None or not meter_id:
            raise UnreadableRow("no meter reading" if meter_id else "no metering point")
        registered = text_of(read.get("registrationDate"))
        return Read(
            meter_id=meter_id,
            read_at=_instant(text_of(read.get("readingDate"))),
            reading=reading,
            unit=unit_of(text_of(read.get("measurementUnit")) or "kWh"),
            known_at=_instant(registered) if registered else None,
            device=text_of(read.get("meterNumber")),
        )
    except LakeError as error:
        return Refused(str(error), payload(read))


def _directions(documents: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Return the directions of each point; those of one may stand in several results."""
    found = defaultdict[str, set[str]](set)
    for series in (each for d in documents for each in objects(d.get("TimeSeries"))):
        if direction := _direction(series):
            found[_meter(series)].add(direction)
    return found


def _direction(series: dict[str, Any]) -> str:
    return _DIRECTIONS.get(text_of(series.get("businessType")), "")


def _blocks(series_document: dict[str, Any], directions: dict[str, set[str]]) -> Iterator[Record]:
    created = text_of(series_document.get("createdDateTime"))
    try:
        known_at = _instant(created) if created else None
    except LakeError:
        known_at = None  # it is then known when it arrives
    blocks = Consecutive(_ZONE)
    for series in objects(series_document.get("TimeSeries")):
        meter_id = _meter(series)
        if not meter_id:
            yield Refused("a time series without mRID", payload(series))
            continue
        direction = _direction(series)
        if direction and len(directions[meter_id]) > 1:
            meter_id = f"{meter_id}-{direction}"
        unit = unit_of(text_of(series.get("measurement_Unit.name")) or "kWh")
        for period in objects(series.get("Period")):
            yield from _period(blocks, Series(meter_id, unit, known_at), period)
    yield from blocks.rest()


def _meter(series: dict[str, Any]) -> str:
    point = series.get("MarketEvaluationPoint")
    named = point.get("mRID") if isinstance(point, dict) else None
    name = named.get("name") if isinstance(named, dict) else named
    return text_of(name) or text_of(series.get("mRID"))


def _period(blocks: Consecutive, series: Series, period: dict[str, Any]) -> Iterator[Record]:
    interval = period.get("timeInterval")
    interval = interval if isinstance(interval, dict) else {}
    points = objects(period.get("Point", period.get("point")))
    try:
        starts_at = _instant(text_of(interval.get("start")))
        ends_at = _instant(text_of(interval.get("end")))
        if ends_at <= starts_at:
            raise UnreadableRow("a period that ends before it starts")
        resolution = _RESOLUTIONS.get(text_of(period.get("resolution")))
        if resolution is None and len(points) > 1:
            raise UnreadableRow(f"no resolution is named {text_of(period.get('resolution'))!r}")
    except LakeError as error:
        yield Refused(f"{series.meter_id}: {error}", payload(period))
        return
    for point in points:
        try:
            where = _place(point, starts_at, ends_at, resolution)
            value = amount(text_of(point.get("out_Quantity.quantity")))
            said = text_of(point.get("out_Quantity.quality"))
            quality = _QUALITY.get(said.upper(), ESTIMATED)
            if quality == MISSING:
                value = None
            yield from blocks.add(
                series, where, value, quality=MISSING if value is None else quality
            )
        except LakeError as error:
            yield Refused(f"{series.meter_id}, {starts_at:%Y-%m-%d}: {error}", payload(point))


def _place(
    point: dict[str, Any], starts_at: datetime, ends_at: datetime, resolution: str | None
) -> Span:
    """Return the interval of a position, counted from the period's start; a day has 23 to 25 h.

    A period that is shorter than its resolution (the first month of a customer) is the interval.
    """
    position = text_of(point.get("position"))
    if not (position.isascii() and position.isdigit() and 0 < len(position) < 6 and int(position)):
        raise UnreadableRow(f"{position!r} is no position")
    whole = span(starts_at, ends_at, _ZONE)
    if resolution is None:
        if int(position) != 1:
            raise UnreadableRow(f"position {position} of a period of one value")
        return whole
    found = Span(starts_at, starts_at, resolution)
    if resolution.startswith("PT"):
        step = span_from(starts_at, resolution, _ZONE).ends_at - starts_at
        first = starts_at + step * (int(position) - 1)
        found = Span(first, first + step, resolution)
    else:
        for _ in range(int(position)):
            found = span_from(found.ends_at, resolution, _ZONE)
            if found.starts_at >= ends_at:
                break
    if found.starts_at >= ends_at or (found.ends_at > ends_at and int(position) != 1):
        raise UnreadableRow(f"position {position} is behind the period's end")
    return found if found.ends_at <= ends_at else whole


def _instant(text: str) -> datetime:
    """Read an instant; one without offset is Danish wall-clock time."""
    found = iso(text)
    found = found.replace(tzinfo=_ZONE) if found.tzinfo is None else found
    return found.astimezone(UTC).replace(microsecond=0)

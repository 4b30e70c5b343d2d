"""SolarEdge monitoring API (JSON) -> readings: energy and mean power of a site, by kind of meter.

Source: SolarEdge, "Monitoring Server API": Site Energy (``energy``), Site Energy Detailed
(``energyDetails``), Site Power (``power``), Site Power Detailed (``powerDetails``) and their bulk
forms (``sitesEnergy``, ``sitesPower``). Dates are the start of the interval in the site's local
time: its zone must be told, unless each date carries one ("CET+0100"). Power is the mean of its
quarter of an hour. The site is named in bulk answers only (siteId); else the meter is the told one.
More than one kind of meter in a file: ``-production``, ``-consumption``, ``-self-consumption``,
``-export`` (FeedIn), ``-import`` (Purchased). The CSV of the portal is in ``solaredge_csv.py``.
Several answers may stand in a list. Counters of meters (``meters``) are not read.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import IO, Any, NamedTuple

from bronze.formats import solaredge_csv
from bronze.formats.consecutive import Consecutive, Series, span_from
from bronze.formats.document import document, objects, payload, text_of
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import peeked
from bronze.formats.records import Record, Refused, Told
from bronze.formats.rows import UnreadableRow, amount, first_line, unit_of
from bronze.formats.stamps import at, iso, zone_told
from lake.ingestion.files import UnreadableFile

# 2: the CSV of the portal; lists of answers; dates without a clock.
# 3: the newest row may stand first.
VERSION = 3
_KINDS = ("energy", "energyDetails", "power", "powerDetails", "sitesEnergy", "sitesPower")
_COUNTERS = "meterEnergyDetails"
_RESOLUTIONS = {
    "QUARTER_OF_AN_HOUR": "PT15M", "HOUR": "PT1H", "DAY": "P1D", "WEEK": "P7D",
    "MONTH": "P1M", "YEAR": "P1Y",
}  # fmt: skip
_SUFFIXES = {
    "production": "production", "consumption": "consumption", "feedin": "export",
    "selfconsumption": "self-consumption", "purchased": "import",
}  # fmt: skip
_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.0+)? ?([A-Za-z/_]*)([+-]\d\d:?\d\d)?)?"
)


class _Values(NamedTuple):
    site_id: str
    kind: str
    values: list[dict[str, Any]]


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is of SolarEdge: JSON with a timeUnit, or CSV with its columns."""
    del name
    text = head.decode("utf-8", errors="replace")
    is_json = first_line(head).lstrip().startswith(("{", "["))
    return solaredge_csv.is_its(head) or (is_json and '"timeUnit"' in text)


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks; UnreadableFile for another document, and for local dates without a told zone.

    A value that is null or left out is missing.
    """
    head, stream = peeked(stream)
    if solaredge_csv.is_its(head):
        yield from solaredge_csv.records(stream, told)
        return
    answers = objects(document(stream))
    found = [
        (kind, answer[kind])
        for answer in answers
        for kind in _KINDS
        if isinstance(answer.get(kind), dict)
    ]
    if not found and any(_COUNTERS in answer for answer in answers):
        raise UnreadableFile(
            "counters of SolarEdge's meters, which are not read",
            cure="ask for the energy of the same meters: energyDetails",
        )
    if not found:
        raise UnreadableFile(
            "not an answer of SolarEdge with energy or power",
            cure=f"send the answer as it came: an object with {', '.join(_KINDS)}",
        )
    for kind, body in found:
        resolution = _RESOLUTIONS.get(text_of(body.get("timeUnit")).upper())
        if resolution is None:
            raise UnreadableFile(
                f"{kind} has the timeUnit {text_of(body.get('timeUnit'))!r}",
                cure=f"the API has {', '.join(_RESOLUTIONS)}",
            )
        default = "W" if "ower" in kind else "Wh"
        unit = unit_of(text_of(body.get("unit")) or default)
        listed = list(_listed(body))
        many = len({each.kind for each in listed}) > 1
        for each in listed:
            suffix = f"-{each.kind}" if many and each.kind else ""
            series = Series((each.site_id or told.meter_id) + suffix, unit)
            yield from _blocks(series, each.values, resolution, told)


def _listed(body: dict[str, Any]) -> Iterator[_Values]:
    """Yield the lists of values that an answer has, by site and kind of meter."""
    if "values" in body:
        yield _Values("", "", objects(body["values"]))
    for meter in objects(body.get("meters")):
        kind = text_of(meter.get("type"))
        suffix = _SUFFIXES.get(kind.lower(), kind.lower())
        yield _Values("", suffix, objects(meter.get("values")))
    for site in objects(body.get("siteEnergyList", body.get("sitePowerList"))):
        inner = site.get("energyValues", site.get("powerDataValueSeries"))
        values = inner.get("values") if isinstance(inner, dict) else None
        yield _Values(text_of(site.get("siteId")), "", objects(values))


def _blocks(
    series: Series, values: list[dict[str, Any]], resolution: str, told: Told
) -> Iterator[Record]:
    clock = LocalTime(told.zone) if told.zone else None
    # In spring 02:00 in winter time and 03:00 in summer time are the same instant.
    said: dict[datetime, tuple[tzinfo, str | None]] = {}
    for each in values:
        try:
            stamp = _stamp(text_of(each.get("date")))
            own = stamp.tzinfo or zone_told(told.zone)
            instant = stamp.astimezone(UTC) if clock is None else at(stamp, clock)
            value = amount(text_of(each.get("value")))
        except UnreadableRow as error:
            yield Refused(f"{series.meter_id}: {error}", payload(each))
            continue
        before = said.get(instant, (own, None))[1]
        if before is None:
            said[instant] = (clock.zone if clock else own, value)
        elif value not in (None, before):
            found = f"two values for {instant:%Y-%m-%dT%H:%MZ}"
            yield Refused(f"{series.meter_id}: {found}", payload(each))
    blocks: Consecutive | None = None
    for instant, (zone, value) in said.items():
        # Without a told zone the offset of the dates is all that is known of it.
        if blocks is None or blocks.zone != zone:
            yield from blocks.rest() if blocks else ()
            blocks = Consecutive(zone)
        yield from blocks.add(series, span_from(instant, resolution, zone), value)
    yield from blocks.rest() if blocks else ()


def _stamp(text: str) -> datetime:
    match = _STAMP.fullmatch(text)
    if match is None:
        raise UnreadableRow(f"{text!r} is no date and time")
    day, clock, name, offset = match.groups()
    is_utc = not offset and (name or "").upper() in ("Z", "UTC", "GMT")
    return iso(f"{day}T{clock or '00:00'}{'+00:00' if is_utc else offset or ''}")

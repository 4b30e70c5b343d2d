"""Fluvius consumption history (CSV) -> readings: offtake and injection of a Belgian digital meter.

Source: the download of Mijn Fluvius ("Verbruikshistoriek", in Dutch, English, French or German) in
quarter-hour, hour, day and month totals: ``Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);
EAN-code;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus``, in Belgian wall-clock time.

Day and night are tariff registers of one direction: a quarter of an hour is on one of them, a day
on both. Rows of the same interval and direction are therefore parts of one value and added up, also
those of two meters on the day on which one follows the other; a part without value, or whose value
is refused, leaves the sum unknown. Ids: the EAN with ``-import`` (offtake) or ``-export``
(injection). Gas stands twice, in kWh and in m3: what is billed, kWh, is the reading, m3 stands in
where there is none; its id is its own EAN. In autumn each stamp of the repeated hour comes twice,
interleaved or not: a register's first is summer time, its second winter time.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, NamedTuple
from zoneinfo import ZoneInfo

from bronze.formats.consecutive import Consecutive, Series, Span, span
from bronze.formats.opened import text
from bronze.formats.records import ESTIMATED, MEASURED, MISSING, Record, Told
from bronze.formats.rows import (
    Row,
    UnreadableRow,
    amount,
    cells_of,
    first_line,
    names_of,
    plain_id,
    rows,
    summed,
    unit_of,
)  # fmt: skip
from bronze.formats.stamps import wall_clock, zone_told
from lake.ingestion.files import UnreadableFile

VERSION = 2
_ZONE = "Europe/Brussels"
# The beginnings of the columns' names, in Dutch, English, French and German.
_COLUMNS = {
    "from_day": ("van datum", "van (datum)", "from (date)", "from date", "de (date)", "du (date)",
                 "von (datum)"),
    "from_time": ("van tijdstip", "van (tijdstip)", "from (time)", "from time", "de (heure)",
                  "du (heure)", "von (uhrzeit)", "von (zeit)"),
    "to_day": ("tot datum", "tot (datum)", "until (date)", "to (date)", "until date", "to date",
               "jusqu", "à (date)", "au (date)", "bis (datum)"),
    "to_time": ("tot tijdstip", "tot (tijdstip)", "until (time)", "to (time)", "until time",
                "to time", "à (heure)", "au (heure)", "bis (uhrzeit)", "bis (zeit)"),
    "ean": ("ean", "code ean"),
    "meter": ("meter", "compteur", "zähler"),
    "register": ("register", "registre"),
    "volume": ("volume", "volumen"),
    "unit": ("eenheid", "unit", "unité", "einheit"),
    "status": ("validatiestatus", "validation status", "statut de validation",
               "état de validation", "validierungsstatus"),
}  # fmt: skip
_NEEDED = ("from_day", "to_day", "ean", "register", "volume", "unit")
_OFFTAKE = ("afname", "offtake", "prélèvement", "prelevement", "abnahme", "consumption")
_INJECTION = ("injectie", "injection", "einspeisung")
_ESTIMATED = ("geschat", "estimated", "estimé", "geschätzt", "voorlopig", "berekend")
_FORMS = tuple(
    f"{day} %H:%M{seconds}"
    for day in ("%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d")
    for seconds in (":%S", "")
)
_UNITS = ("kWh", "m3")
# How often a register has said a stamp of the repeated hour.
_Seen = Counter[tuple[str, tuple[str, str], str, datetime]]


class _Whole(NamedTuple):
    meter_id: str
    where: Span
    is_gas: bool
    is_repeated: bool


class _Part(NamedTuple):
    row: Row
    register: tuple[str, str]  # of which meter, and its name
    value: str | None
    unit: str
    is_estimated: bool
    wrong: UnreadableRow | None = None


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is a consumption history of Fluvius, by its columns."""
    del name
    return _places(names_of(cells_of(first_line(head), ";"))) is not None


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in kWh (or m3); UnreadableFile for other columns; bad rows are refused.

    "Geen verbruik" (no consumption) comes with an empty volume: nothing was measured.
    """
    zone = zone_told(told.zone or _ZONE)
    with text(stream) as lines:
        listed = rows(lines, ";")
        header = next(listed, None)
        places = _places(names_of(header.cells)) if header else None
        if places is None:
            raise UnreadableFile(
                "not a consumption history of Fluvius",
                cure="download the CSV from Mijn Fluvius; its first line has the columns",
            )
        blocks, seen = Consecutive(zone), _Seen()
        near: dict[_Whole, list[_Part]] = {}
        held: dict[_Whole, list[_Part]] = {}
        for row in listed:
            try:
                whole, part = _read(row, places, zone, seen)
            except UnreadableRow as error:
                yield row.refused(error)
                continue
            if part.wrong:
                yield row.refused(part.wrong)
            if whole.is_gas or not whole.where.resolution.startswith("PT"):
                # They are few, and their parts may stand anywhere in the file.
                held.setdefault(whole, []).append(part)
                continue
            # Rows of one interval stand together; the repeated hour is put in order.
            if not any(each.is_repeated for each in (whole, *near)):
                for done in [each for each in near if each.where != whole.where]:
                    yield from _joined(blocks, done, near.pop(done))
            elif not whole.is_repeated:
                yield from _in_order(blocks, near)
            near.setdefault(whole, []).append(part)
        yield from _in_order(blocks, near)
        yield from _in_order(blocks, held)
        yield from blocks.rest()


def _places(names: list[str]) -> dict[str, int] | None:
    found = {
        column: place
        for column, starts in _COLUMNS.items()
        for place in reversed(range(len(names)))
        if names[place].startswith(starts)
    }
    return found if all(column in found for column in _NEEDED) else None


def _read(row: Row, places: dict[str, int], zone: ZoneInfo, seen: _Seen) -> tuple[_Whole, _Part]:
    cells = {c: row.cells[p] for c, p in places.items() if p < len(row.cells)}
    if any(column not in cells for column in _NEEDED):
        raise UnreadableRow(f"{len(row.cells)} cells are too few")
    register, unit, ean = cells["register"].lower(), unit_of(cells["unit"]), plain_id(cells["ean"])
    if not ean:
        raise UnreadableRow("no EAN")
    is_export = any(word in register for word in _INJECTION)
    if not is_export and not any(word in register for word in _OFFTAKE):
        raise UnreadableRow(f"{cells['register']!r} is no register of offtake or injection")
    starts = wall_clock(f"{cells['from_day']} {cells.get('from_time') or '00:00'}", _FORMS)
    ends = wall_clock(f"{cells['to_day']} {cells.get('to_time') or '00:00'}", _FORMS)
    of_meter = (cells.get("meter", ""), register)
    first, second = _instants(starts, zone)
    if first != second:
        seen[ean, of_meter, unit, starts] += 1
        starts_at = second if seen[ean, of_meter, unit, starts] > 1 else first
    else:
        starts_at = first
    ends_at = next((end for end in _instants(ends, zone) if end > starts_at), None)
    if ends_at is None:
        raise UnreadableRow("it ends before it starts")
    # Gas has no tariff registers, and no injection.
    is_gas = unit == "m3" or register in _OFFTAKE
    meter_id = ean if is_gas else f"{ean}-{'export' if is_export else 'import'}"
    is_estimated = any(word in cells.get("status", "").lower() for word in _ESTIMATED)
    part = _Part(row, of_meter, None, unit, is_estimated)
    try:
        part = part._replace(value=amount(cells["volume"], decimal=","))
    except UnreadableRow as error:
        part = part._replace(wrong=error)
    return _Whole(meter_id, span(starts_at, ends_at, zone), is_gas, first != second), part


def _instants(stamp: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both instants that a stamp may mean, in order; in summer and winter they are one."""
    first, second = (stamp.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1))
    if first > second:
        raise UnreadableRow(f"{stamp} is in the hour that the clocks leave out")
    return first, second


def _in_order(blocks: Consecutive, wholes: dict[_Whole, list[_Part]]) -> Iterator[Record]:
    for whole in sorted(wholes, key=lambda each: (each.meter_id, each.where.starts_at)):
        yield from _joined(blocks, whole, wholes[whole])
    wholes.clear()


def _joined(blocks: Consecutive, whole: _Whole, parts: list[_Part]) -> Iterator[Record]:
    """Add the tariff registers of one interval; of gas, take kWh before m3.

    Meters of companies have reactive energy (kVArh) beside: it never stands in for a gap.
    """
    of_unit: dict[str, dict[tuple[str, str], _Part]] = {}
    for part in parts:
        registers = of_unit.setdefault(part.unit, {})
        before = registers.get(part.register)
        if before is None or before.value is None:
            registers[part.register] = part
        elif part.value not in (None, before.value):
            yield part.row.refused(f"a second value of {part.register[1]} for the same interval")
    sums = {u: summed([part.value for part in found.values()]) for u, found in of_unit.items()}
    unit = min(sums, key=lambda u: (u not in _UNITS, sums[u] is None, u != "kWh"))
    chosen = list(of_unit[unit].values())
    quality = ESTIMATED if any(part.is_estimated for part in chosen) else MEASURED
    value = sums[unit]
    yield from blocks.add(
        Series(whole.meter_id, unit), whole.where, value,
        quality=MISSING if value is None else quality, line=chosen[0].row.line,
    )  # fmt: skip

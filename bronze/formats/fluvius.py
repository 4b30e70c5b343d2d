"""Fluvius consumption history (CSV) -> readings: offtake and injection of a Belgian digital meter.

Source: the download of Mijn Fluvius ("Verbruikshistoriek", in Dutch, English, French or German) in
quarter-hour, hour, day and month totals: ``Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);
EAN-code;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus``, in Belgian wall-clock time.

Day and night are tariff registers of one direction. Rows of the same interval and direction are
parts of one value and added up wherever they stand (files may be sorted by register), also those of
two meters on the day on which one follows the other; a part without value, or whose value is
refused, leaves the sum unknown. A total beside them ("Afname Totaal", or a name without a tariff)
is the value, not a part of it. Ids: the EAN, or the told meter where it is left open, with
``-import`` (offtake), ``-export`` (injection), ``-production`` and ``-auxiliary`` (what a plant
takes for itself); reactive energy, which meters of companies have beside, is never added to another
kind: ``-import-inductive``, ``-import-capacitive`` and so on, in its own unit. Gas stands twice, in
kWh and in m3: what is billed, kWh, is the reading, m3 stands in where there is none; its id is its
own EAN. In autumn each stamp of the repeated hour comes twice, interleaved or not: a register's
first is summer time, its second winter time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
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
    separator_of,
    summed,
    unit_of,
)  # fmt: skip
from bronze.formats.stamps import wall_clock, zone_told
from lake.ingestion.files import UnreadableFile

# 2: parts of an interval may stand apart; production, auxiliary and reactive have ids of their own.
# 3: a total is not added to its parts; rows with more cells than columns are refused.
VERSION = 3
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
_NEEDED = ("from_day", "to_day", "register", "volume", "unit")
_OFFTAKE = ("afname", "offtake", "prélèvement", "prelevement", "abnahme", "consumption")
# What a register measures, by a word in its name; "auxiliary consumption" is not offtake.
_DIRECTIONS = {
    "auxiliary": ("hulpverbruik", "auxiliary", "auxiliaire", "hilfsverbrauch"),
    "production": ("productie", "production", "produktion", "erzeugung"),
    "export": ("injectie", "injection", "einspeisung"),
    "import": _OFFTAKE,
}
_REACTIVE = {"inductive": ("induct", "induk"), "capacitive": ("capacit", "kapazit")}
_TOTAL = ("totaal", "total", "gesamt")
_TARIFFS = ("dag", "nacht", "day", "night", "jour", "nuit", "tag")
_ESTIMATED = ("geschat", "estimated", "estimé", "geschätzt", "voorlopig", "berekend")
_FORMS = tuple(
    f"{day} %H:%M{seconds}"
    for day in ("%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d")
    for seconds in (":%S", "")
)
_ENERGY = ("kWh", "Wh", "MWh", "m3")
# How often a register has said a stamp of the repeated hour.
_Seen = Counter[tuple[str, tuple[str, str, str], datetime]]


class _Whole(NamedTuple):
    meter_id: str
    where: Span


class _Part(NamedTuple):
    register: tuple[str, str, str]  # of which meter, its name and unit
    value: str | None
    is_estimated: bool
    line: int


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is a consumption history of Fluvius, by its columns."""
    del name
    line = first_line(head)
    return _places(names_of(cells_of(line, separator_of(line)))) is not None


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks in kWh (or m3); UnreadableFile for other columns; bad rows are refused.

    "Geen verbruik" (no consumption) comes with an empty volume: nothing was measured.
    """
    zone = zone_told(told.zone or _ZONE)
    with text(stream) as lines:
        listed = rows(lines)
        header = next(listed, None)
        places = _places(names_of(header.cells)) if header else None
        if places is None:
            raise UnreadableFile(
                "not a consumption history of Fluvius",
                cure="download the CSV from Mijn Fluvius; its first line has the columns",
            )
        seen, wholes = _Seen(), dict[_Whole, list[_Part]]()
        for row in listed:
            if refused := row.shifted():
                yield refused
                continue
            try:
                whole, part, wrong = _read(row, places, zone, seen, told)
            except UnreadableRow as error:
                yield row.refused(error)
                continue
            if wrong:
                yield row.refused(wrong)
            yield from _put(wholes.setdefault(whole, []), part, row)
    _join_bare(wholes)
    blocks = Consecutive(zone)
    for whole in sorted(wholes, key=lambda each: each.where.starts_at):
        yield from _joined(blocks, whole, wholes[whole])
    yield from blocks.rest()


def _places(names: list[str]) -> dict[str, int] | None:
    found = {
        column: place
        for column, starts in _COLUMNS.items()
        for place in reversed(range(len(names)))
        if names[place].startswith(starts)
    }
    return found if all(column in found for column in _NEEDED) else None


def _read(
    row: Row, places: dict[str, int], zone: ZoneInfo, seen: _Seen, told: Told
) -> tuple[_Whole, _Part, UnreadableRow | None]:
    cells = {c: row.cells[p] for c, p in places.items() if p < len(row.cells)}
    if any(column not in cells for column in _NEEDED):
        raise UnreadableRow(f"{len(row.cells)} cells are too few")
    meter_id, unit = _meter(cells, told), unit_of(cells["unit"])
    starts = wall_clock(f"{cells['from_day']} {cells.get('from_time') or '00:00'}", _FORMS)
    ends = wall_clock(f"{cells['to_day']} {cells.get('to_time') or '00:00'}", _FORMS)
    register = (cells.get("meter", ""), cells["register"].lower(), unit)
    starts_at, second = _instants(starts, zone)
    if starts_at != second:
        seen[meter_id, register, starts] += 1
        starts_at = second if seen[meter_id, register, starts] > 1 else starts_at
    ends_at = next((end for end in _instants(ends, zone) if end > starts_at), None)
    if ends_at is None:
        raise UnreadableRow("it ends before it starts")
    is_estimated = any(word in cells.get("status", "").lower() for word in _ESTIMATED)
    value, wrong = None, None
    try:
        value = amount(cells["volume"], decimal=",")
    except UnreadableRow as error:
        wrong = error
    part = _Part(register, value, is_estimated, row.line)
    return _Whole(meter_id, span(starts_at, ends_at, zone)), part, wrong


def _meter(cells: dict[str, str], told: Told) -> str:
    ean, register = plain_id(cells.get("ean", "")) or told.meter_id, cells["register"].lower()
    if not ean:
        raise UnreadableRow("no EAN, and no meter is told")
    direction = _word(register, _DIRECTIONS)
    if not direction:
        raise UnreadableRow(f"{cells['register']!r} is no register of offtake or injection")
    unit = unit_of(cells["unit"])
    if unit.lower().endswith("varh"):
        return f"{ean}-{direction}-{_word(register, _REACTIVE) or 'reactive'}"
    if unit not in _ENERGY:
        raise UnreadableRow(f"{unit!r} is no unit of energy")
    # Gas has no tariff registers, and no injection.
    is_gas = unit == "m3" or register in _OFFTAKE
    return ean if is_gas else f"{ean}-{direction}"


def _word(register: str, known: Mapping[str, tuple[str, ...]]) -> str:
    return next((n for n, words in known.items() if _has(register, words)), "")


def _instants(stamp: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both instants that a stamp may mean, in order; in summer and winter they are one."""
    first, second = (stamp.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1))
    if first > second:
        raise UnreadableRow(f"{stamp} is in the hour that the clocks leave out")
    return first, second


def _put(parts: list[_Part], part: _Part, row: Row) -> Iterator[Record]:
    """Add a part; the same register again fills what was open, and is refused where it differs."""
    for place, before in enumerate(parts):
        if before.register == part.register:
            if before.value is None:
                parts[place] = part
            elif part.value not in (None, before.value):
                yield row.refused(f"a second value of {part.register[1]} for the same interval")
            return
    parts.append(part)


def _join_bare(wholes: dict[_Whole, list[_Part]]) -> None:
    """Put a bare "Afname" to its tariffs: it is gas only where the EAN has none."""
    ids = {whole.meter_id for whole in wholes}
    for whole in [w for w in wholes if f"{w.meter_id}-import" in ids]:
        if all(part.register[2] != "m3" for part in wholes[whole]):
            named = whole._replace(meter_id=f"{whole.meter_id}-import")
            wholes.setdefault(named, []).extend(wholes.pop(whole))


def _joined(blocks: Consecutive, whole: _Whole, parts: list[_Part]) -> Iterator[Record]:
    """Add the tariff registers of one interval; of gas, take kWh before m3."""
    of_unit: dict[str, list[_Part]] = {}
    for part in _without_totals(parts):
        of_unit.setdefault(part.register[2], []).append(part)
    sums = {u: summed([part.value for part in found]) for u, found in of_unit.items()}
    unit = min(sums, key=lambda u: (sums[u] is None, u != "kWh"))
    value, chosen = sums[unit], of_unit[unit]
    quality = ESTIMATED if any(part.is_estimated for part in chosen) else MEASURED
    yield from blocks.add(
        Series(whole.meter_id, unit), whole.where, value,
        quality=MISSING if value is None else quality, line=chosen[0].line,
    )  # fmt: skip


def _without_totals(parts: list[_Part]) -> Iterator[_Part]:
    """Yield the parts that make the sum: of a meter its total, where it is known, or what is in it.

    A total without a meter is that of all meters. A register without a tariff in its name is the
    total of those that have one where it is their sum, else it is one more tariff.
    """
    over_all = {part.register[2]: part for part in parts if _is_over_all(part, parts)}
    yield from (part for part in over_all.values() if part.value is not None)
    of_meter: dict[tuple[str, str], dict[int, list[_Part]]] = {}
    for part in parts:
        meter, name, unit = part.register
        total = over_all.get(unit)
        if total is not None and (part is total or total.value is not None):
            continue
        has_tariff = _has(name, _TARIFFS)
        rank = (0 if not has_tariff else 1) if _has(name, _TOTAL) else 3 if has_tariff else 2
        of_meter.setdefault((meter, unit), {}).setdefault(rank, []).append(part)
    for ranks in of_meter.values():
        if 2 in ranks and 3 in ranks and not _is_sum(ranks[2], ranks[3]):
            ranks[3] += ranks.pop(2)
        known = [r for r, found in ranks.items() if all(p.value is not None for p in found)]
        yield from ranks[min(known or ranks)]


def _is_over_all(part: _Part, parts: list[_Part]) -> bool:
    meter, name, unit = part.register
    has_meters = any(each.register[0] for each in parts if each.register[2] == unit)
    return not meter and has_meters and _has(name, _TOTAL) and not _has(name, _TARIFFS)


def _is_sum(wholes: list[_Part], parts: list[_Part]) -> bool:
    """Tell whether registers are the sum of others, but for rounding; True where one is unknown."""
    whole, inner = (summed(part.value for part in each) for each in (wholes, parts))
    if whole is None or inner is None:
        return True
    most = max(len(parts) * Decimal("0.001"), abs(Decimal(inner)) / 100)
    return abs(Decimal(whole) - Decimal(inner)) <= most


def _has(register: str, words: tuple[str, ...]) -> bool:
    return any(word in register for word in words)

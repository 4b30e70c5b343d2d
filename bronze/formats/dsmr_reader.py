"""DSMR-reader exports (CSV) -> readings: hours, days with counters, or the readings themselves.

Source: dsmrreader/dsmr-reader, ``dsmr_frontend/views/export.py`` (hour and day totals; headers are
the fields' names in English or Dutch) and its tables ``dsmr_datalogger_dsmrreading``,
``dsmr_consumption_electricityconsumption``, ``..._gasconsumption``, ``dsmr_stats_hourstatistics``
and ``..._daystatistics`` as CSV. Low tariff (1) and
normal tariff (2) are parts of one direction: their energies are added up, their counters are the
registers ``T1`` and ``T2``. Ids: the told meter with ``-import``, ``-export``, ``-gas``; a file of
gas alone is the told meter. Stamps carry offsets; dates are Dutch unless another zone is told.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import IO, NamedTuple

from bronze.formats.columns import EnergyColumn, suffixed, values_of
from bronze.formats.consecutive import Consecutive, with_offset
from bronze.formats.local_time import LocalTime
from bronze.formats.opened import text
from bronze.formats.records import Read, Record, Refused, Told
from bronze.formats.rows import Row, UnreadableRow, amount, cells_of, first_line, names_of, rows
from bronze.formats.stamps import at, iso, wall_clock
from lake.ingestion.files import UnreadableFile

# 2: rows with more cells than columns are refused; tables of hours and days.
VERSION = 2
_ZONE = "Europe/Amsterdam"
_HOUR, _DAY = ("hour start", "begintijd uur", "hour_start"), ("date", "datum", "day", "dag")
_ENERGY = re.compile(
    r"(?:electricity|elektriciteit)(?: tariff| tarief)? [12]"
    r"( returned| teruggeleverd)?(?: diff| verbruikt| \(.*\))?"
    r"|electricity[12](_returned)?"
)
_COUNTER = re.compile(r"(?:electricity|elektriciteit) (?:tariff|tarief) ([12]) (?:reading|gemeten)")
_GAS, _GAS_COUNTER = ("gas", "gas diff", "gas verbruikt"), ("gas reading", "gasmeting")
_READ_AT = ("electricity reading timestamp", "tijdstip elektriciteitsmeterstand")
_GAS_READ_AT = ("gas reading timestamp", "tijdstip gasmeterstand")
# Columns of the tables: suffix of the id, and register.
_TABLE = {
    "delivered_1": ("import", "T1"), "delivered_2": ("import", "T2"),
    "returned_1": ("export", "T1"), "returned_2": ("export", "T2"),
    "extra_device_delivered": ("gas", ""), "delivered": ("gas", ""),
}  # fmt: skip
_TABLE_AT, _TABLE_GAS_AT = ("timestamp", "read_at"), "extra_device_timestamp"
_DATES = ("%Y-%m-%d", "%d-%m-%Y")


class _Counter(NamedTuple):
    place: int
    at_place: int
    suffix: str
    register: str


def is_its(name: str, head: bytes) -> bool:
    """Tell whether a file is an export of DSMR-reader, by its columns."""
    del name
    names = names_of(cells_of(first_line(head), ","))
    return bool(_energies(names) or _counters(names))


def records(stream: IO[bytes], told: Told) -> Iterator[Record]:
    """Yield blocks of hours or days, and a read a counter; rows that are none are refused."""
    with text(stream) as lines:
        listed = rows(lines, ",")
        header = next(listed, None)
        names = names_of(header.cells) if header else []
        energies, counters = _energies(names), _counters(names)
        if not energies and not counters:
            raise UnreadableFile(
                "not an export of DSMR-reader with electricity or gas",
                cure="export hour or day totals as CSV, or the table of readings",
            )
        clock = LocalTime(told.zone or _ZONE)
        blocks, series = Consecutive(clock.zone), suffixed(told.meter_id, energies)
        place = _stamp_place(names) or 0
        many = bool(energies) or len({c.suffix for c in counters}) > 1
        for row in listed:
            if refused := row.shifted():
                yield refused
                continue
            if energies:
                try:
                    starts_at, resolution = _interval(row, place, names, clock)
                except UnreadableRow as error:
                    yield row.refused(error)
                    continue
                yield from values_of(row, starts_at, resolution, series, blocks)
            for counter in counters:
                meter_id = f"{told.meter_id}-{counter.suffix}" if many else told.meter_id
                yield from _read(row, counter, meter_id, clock)
        yield from blocks.rest()


def _interval(row: Row, place: int, names: list[str], clock: LocalTime) -> tuple[datetime, str]:
    cell = row.cell(place)
    if names[place] in _DAY:
        return clock.midnight(wall_clock(cell, _DATES)), "P1D"
    return at(iso(cell), clock), "PT1H"


def _read(row: Row, counter: _Counter, meter_id: str, clock: LocalTime) -> Iterator[Record]:
    cells = row.cells + [""] * max(0, counter.place + 1 - len(row.cells))
    try:
        reading = amount(cells[counter.place])
        if reading is None or not cells[counter.at_place]:
            return
        read_at = with_offset(at(iso(cells[counter.at_place]), clock), clock.zone)
        yield Read(meter_id, read_at, reading, "m3" if counter.suffix == "gas" else "kWh",
                   register=counter.register, line=row.line)  # fmt: skip
    except UnreadableRow as error:
        yield Refused(f"{counter.suffix} {counter.register}: {error}".strip(), row.raw, row.line)


def _stamp_place(names: list[str]) -> int | None:
    """Return where the hour or day stands: first, in a table behind its id."""
    place = int(names[:1] == ["id"])
    return place if names[place : place + 1] and names[place] in _HOUR + _DAY else None


def _energies(names: list[str]) -> list[EnergyColumn]:
    """Return the columns of energy of hour and day totals."""
    if _stamp_place(names) is None:
        return []
    found = [
        EnergyColumn(place, "export" if match[1] or match[2] else "import", "kWh")
        for place, match in ((p, _ENERGY.fullmatch(name)) for p, name in enumerate(names))
        if match
    ]
    gas = [EnergyColumn(names.index(name), "gas", "m3") for name in _GAS if name in names]
    return found + gas[:1] if found else []


def _counters(names: list[str]) -> list[_Counter]:
    """Return the columns of counters; the day's stand as delivered 1 and 2, then returned."""
    plain = [name.removeprefix("electricity_") for name in names]
    stamp = next((plain.index(name) for name in _TABLE_AT if name in plain), None)
    if stamp is not None:
        # Gas has a table of its own, which is known by both of its columns.
        known = _TABLE if "currently_delivered" in plain else _TABLE.keys() - {"delivered"}
        gas_stamp = plain.index(_TABLE_GAS_AT) if _TABLE_GAS_AT in plain else stamp
        return [
            _Counter(place, gas_stamp if _TABLE[name][0] == "gas" else stamp, *_TABLE[name])
            for place, name in enumerate(plain)
            if name in known
        ]
    places = [(p, match) for p, match in ((p, _COUNTER.fullmatch(n)) for p, n in enumerate(names))
              if match]  # fmt: skip
    read_at, gas_at = (
        next((names.index(name) for name in known if name in names), None)
        for known in (_READ_AT, _GAS_READ_AT)
    )
    gas = next((names.index(name) for name in _GAS_COUNTER if name in names), None)
    found = [
        _Counter(place, read_at, "import" if n < len(places) / 2 else "export", f"T{match[1]}")
        for n, (place, match) in enumerate(places)
        if read_at is not None
    ]
    if gas is not None and gas_at is not None:
        found.append(_Counter(gas, gas_at, "gas", ""))
    return found

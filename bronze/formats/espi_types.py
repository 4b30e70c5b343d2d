"""What ESPI codes mean: units, flow, quality, and where local days begin; NAESB REQ.21, espi.xsd.

Conversion factors: NIST SP 811 (2008), appendix B.8, and the foot of 0.3048 m.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Context, Decimal

from bronze.formats.records import ESTIMATED, MEASURED

# UnitSymbolKind: symbol, and powers of ten that make another symbol of which the value is kept.
_ENERGY = {0: "Wh", 3: "kWh", 6: "MWh"}
_SYMBOLS: dict[int, dict[int, str]] = {
    72: _ENERGY, 38: {0: "W", 3: "kW", 6: "MW"}, 73: {0: "VArh", 3: "kVArh"},
    63: {0: "VAr", 3: "kVAr"}, 71: {0: "VAh", 3: "kVAh"}, 61: {0: "VA", 3: "kVA"},
    42: {0: "m3"}, 166: {0: "m3"}, 167: {0: "m3"}, 29: {0: "V"}, 5: {0: "A"}, 33: {0: "Hz"},
    23: {0: "degC"}, 106: {0: "Ah"}, 111: {0: "count"}, 125: {0: "m3/h"}, 128: {0: "US gal"},
    130: {0: "imperial gal"}, 133: {0: "BTU/h"}, 137: {0: "l/h"},
}  # fmt: skip
_FOOT3 = Decimal("0.028316846592")
_JOULES_PER_KWH = 3_600_000
# Units that the platform does not know, in those that it knows.
_CONVERTED = {
    119: ("m3", _FOOT3), 120: ("m3", _FOOT3),
    134: ("m3", Decimal("0.001")), 156: ("m3", Decimal("0.001")), 157: ("m3", Decimal("0.001")),
    169: ("kWh", Decimal(105_480_400) / _JOULES_PER_KWH),  # the therm of the USA
    132: ("kWh", Decimal("1055.05585262") / _JOULES_PER_KWH),  # the BTU of the international table
    31: ("kWh", Decimal(1) / _JOULES_PER_KWH),
}  # fmt: skip
_MONEY, _WATT_HOURS, _KILO = 80, 72, 3
# Powers of ten and feet are exact; what becomes kWh never ends, and nobody has 10^-9 kWh.
_EXACT, _STEP = Context(prec=80), Decimal("1e-9")
# FlowDirectionKind; what is not here has its number. Forward is to the customer.
_FLOWS = {0: "", 1: "", 19: "export", 4: "net", 20: "total"}
# AccumulationKind of registers: bulkQuantity, continuousCumulative, cumulative.
_REGISTERS = (1, 2, 3)
# QualityOfReading: valid, raw, validated, verified, revenue quality. The others were edited,
# estimated, derived, projected, normalized, mixed or are in question.
_MEASURED = (0, 14, 17, 18, 19)
# What tells no series apart, of all that a ReadingType says.
_OF_NO_SERIES = ("tou", "defaultQuality", "currency", "intervalLength")
# What an IntervalBlock says itself, in the export of Duke Energy, and its units as uom and power.
SAID_BY_BLOCK = ("servicePointId", "serviceType", "unitOfMeasure", "secondsPerInterval")
_UNITS_OF_BLOCK = {"KWH": ("72", "3"), "WH": ("72", "0")}
_VALUE = re.compile(r"[-+]?\d{1,18}(?:\.\d{1,9})?", re.ASCII)
_INTEGER = re.compile(r"[-+]?\d{1,12}", re.ASCII)
# Clocks change on the second Sunday of March and the first of November, at two.
_ANY_YEAR = 2025
_AMERICAN = (datetime(2025, 3, 9, 2), datetime(2025, 11, 2, 2))  # noqa: DTZ001 - on the wall


@dataclass(frozen=True, slots=True)
class ReadingType:
    """How the values of a MeterReading are to be read; ``factor`` is None where they are kept.

    ``tou`` is the time of use that they are of, 0 for any; ``beside_tou`` is what else must be
    equal for several to be added up; ``power`` is the power of ten of its Wh, else 0.
    """

    unit: str
    factor: Decimal | None
    is_register: bool
    is_money: bool
    flow: str
    length_s: int
    quality: str
    is_rounded: bool = False
    tou: int = 0
    beside_tou: frozenset[tuple[str, str]] = frozenset()
    power: int = 0

    def value(self, said: str) -> str | None:
        """Return a value in the unit, as plain decimal text; None where it is no number."""
        if not _VALUE.fullmatch(said):
            return None
        if self.factor is None:
            return said
        number = _EXACT.multiply(Decimal(said), self.factor)
        if self.is_rounded:
            number = number.quantize(_STEP, context=_EXACT)
        return f"{number.normalize(_EXACT):f}"

    @property
    def is_energy(self) -> bool:
        """Whether it is of energy, or of gas."""
        return self.unit in (*_ENERGY.values(), "m3")

    @property
    def is_scaled(self) -> bool:
        """Whether it makes kWh or more of Wh."""
        return self.power >= _KILO

    @property
    def series(self) -> str:
        """What of a usage point it is, where it is not the energy or gas that flows to it."""
        unit = "" if self.is_energy else self.unit.removeprefix("k").replace(" ", "_")
        return "-".join(filter(None, (self.flow, unit)))

    @property
    def register(self) -> str:
        """Which register of a meter it is; of intervals, and of the total, none."""
        return f"T{self.tou}" if self.is_register and self.tou else ""


def reading_type(said: Mapping[str, str]) -> ReadingType:
    """Read the fields of a ReadingType; its unit is empty where it has none."""
    uom, power = integer(said.get("uom")), integer(said.get("powerOfTenMultiplier")) or 0
    flow = integer(said.get("flowDirection")) or 0
    unit, factor = _unit(uom or 0, power if abs(power) <= 12 else 0)
    return ReadingType(
        unit=unit,
        factor=factor,
        is_register=integer(said.get("accumulationBehaviour")) in _REGISTERS,
        is_money=uom == _MONEY,
        flow=_FLOWS.get(flow, f"flow{flow}"),
        length_s=integer(said.get("intervalLength")) or 0,
        quality=quality(said.get("defaultQuality", "0")),
        is_rounded=uom in _CONVERTED and unit == "kWh",
        tou=integer(said.get("tou")) or 0,
        beside_tou=frozenset(each for each in said.items() if each[0] not in _OF_NO_SERIES),
        power=power if uom == _WATT_HOURS else 0,
    )


def type_of_block(said: Mapping[str, str]) -> ReadingType | None:
    """Read what an IntervalBlock says of itself; None where its unit is not known."""
    uom = _UNITS_OF_BLOCK.get(said.get("unitOfMeasure", "").upper())
    if uom is None:
        return None
    length = said.get("secondsPerInterval", "")
    return reading_type({"uom": uom[0], "powerOfTenMultiplier": uom[1], "intervalLength": length})


def quality(code: str) -> str:
    """Return the word for a QualityOfReading."""
    return MEASURED if (integer(code) or 0) in _MEASURED else ESTIMATED


def quality_of_word(word: str) -> str:
    """Return the word for a readingQuality that is one, as Duke Energy writes it."""
    return MEASURED if word.upper() == "ACTUAL" else ESTIMATED


def integer(text: str | None) -> int | None:
    """Return a whole number of 12 digits at most; None for any other text."""
    return int(text) if text is not None and _INTEGER.fullmatch(text) else None


def is_unset(said: Mapping[str, str]) -> bool:
    """Tell whether LocalTimeParameters have rules of clock changes, but no clock: those of Opower.

    In its exports (PECO) what is called seconds since 1970 is the clock on the wall.
    """
    offsets = [integer(said.get(name)) for name in ("tzOffset", "dstOffset")]
    return offsets == [0, 0] and bool(said.get("dstStartRule") and said.get("dstEndRule"))


def local_time(said: Mapping[str, str]) -> Callable[[datetime], datetime]:
    """Return what brings an instant to the clock that LocalTimeParameters tell.

    East of UTC tzOffset is positive; with the rules of North America it is west whatever its sign
    (18000 of Eversource and of early samples).
    """
    standard = timedelta(seconds=_within_a_day(said.get("tzOffset")))
    saved = timedelta(seconds=_within_a_day(said.get("dstOffset")))
    start, end = (said.get(name, "") for name in ("dstStartRule", "dstEndRule"))
    if (_rule(start, _ANY_YEAR), _rule(end, _ANY_YEAR)) == _AMERICAN:
        standard = -abs(standard)

    def local(moment: datetime) -> datetime:
        clock = moment.astimezone(timezone(standard))
        begin, finish = _rule(start, clock.year), _rule(end, clock.year)
        if saved and begin is not None and finish is not None:
            now, finish = clock.replace(tzinfo=None), finish - saved  # it is told in saved time
            is_saved = begin <= now < finish if begin < finish else not finish <= now < begin
            if is_saved and abs(standard + saved) < timedelta(days=1):
                return moment.astimezone(timezone(standard + saved))
        return clock

    return local


def _unit(uom: int, power: int) -> tuple[str, Decimal | None]:
    ten = Decimal(1).scaleb(power)
    if uom in _CONVERTED:
        unit, factor = _CONVERTED[uom]
        return unit, factor * ten
    symbols = _SYMBOLS.get(uom, {0: f"ESPI unit {uom}"} if uom else {0: ""})
    if power in symbols:
        return symbols[power], None
    return symbols[0], ten


def _within_a_day(text: str | None) -> int:
    seconds = integer(text) or 0
    return seconds if abs(seconds) < 86_400 else 0


def _rule(text: str, year: int) -> datetime | None:
    """Return when a dstStartRule or dstEndRule holds; None where it is none.

    From the lowest bit: second of the hour (12), hour (5), day of the week (3, 1 is Monday), day
    of the month (5), operator (3), month (4).
    """
    try:
        bits = int(text, 16)
        second, hour = bits & 0xFFF, bits >> 12 & 0x1F
        weekday, day, operator, month = (
            bits >> 17 & 7, bits >> 20 & 0x1F, bits >> 25 & 7, bits >> 28 & 0xF,
        )  # fmt: skip
        first = datetime(year, month, 1)  # noqa: DTZ001 - by the clock on the wall
    except (ValueError, OverflowError):
        return None
    following = (first + timedelta(days=31)).replace(day=1)
    if operator == 0 or not weekday:
        found = first + timedelta(days=max(day, 1) - 1)
    elif operator == 7:
        last = following - timedelta(days=1)
        found = last - timedelta(days=(last.isoweekday() - weekday) % 7)
    else:
        # 1: on or after the day of the month; 2 to 6: the first to the fifth in the month.
        begin = first + timedelta(days=max(day, 1) - 1 if operator == 1 else 0)
        found = begin + timedelta(days=(weekday - begin.isoweekday()) % 7)
        found += timedelta(weeks=max(operator - 2, 0))
    return found + timedelta(hours=hour, seconds=second)

"""Rows of reads, weather, prices and CO2 -> what is wrong with each, in the words of silver.

What silver takes as missing (a wind that is no number beside a temperature that is one) is no error
here either.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import inf, isfinite
from typing import Any
from zoneinfo import ZoneInfo

from serving.data_management.blocks.blocks import Faults, Meter
from serving.data_management.blocks.checks import QUALITIES
from serving.data_management.blocks.intervals import instant, length_s
from silver.contracts import (
    CLOCK_AHEAD,
    CO2_KG_PER_KWH_IN,
    CURRENCIES,
    EARLIEST,
    HUNDREDTH,
    MOST_CO2_KG_PER_KWH,
    MOST_PRICE_PER_KWH,
    OBIS,
    OBIS_OF_GAS,
    PRICED_KWH,
    REGISTER_UNITS,
    REGISTER_WORD,
    WEATHER,
)

_PLACE = ("latitude", "longitude")
_MEASURES = ("temperature_c", "wind_speed_m_s", "irradiance_w_m2")
_OF_ZONE_S = (900, 1800, 3600)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EARLIEST = datetime(*EARLIEST.timetuple()[:3], tzinfo=UTC)
_INSTANT_SAID = "an instant with its offset, as in 2025-10-26T00:00:00Z"


def as_number(said: Any) -> Any:
    """Return the number that a text is to silver, else what was said; ``1_000`` is none there."""
    if not isinstance(said, str) or not said.isascii() or "_" in said:
        return said
    try:
        return float(said)
    except ValueError:
        return said


def word_of(said: Mapping[str, Any], name: str, otherwise: str = "") -> str:
    """Return a word in lower case as silver reads it: what stands there empty is empty."""
    told = said.get(name)
    return str(otherwise if told is None else told).strip(" ").lower()


def check_price(said: Mapping[str, Any], fault: Faults) -> None:
    """Hold a price of a zone and interval against what silver.spot_prices takes."""
    _check_interval_of_zone(said, "prices", fault)
    currency, per = (*str(said.get("unit")).strip().split("/"), "")[:2]
    currency, kwh = currency.strip(), PRICED_KWH.get(per.lower())
    is_currency = currency.upper() in CURRENCIES and not re.fullmatch(HUNDREDTH, currency)
    if kwh is None or not is_currency:
        fault("unit", "unknown_unit", "unit is a currency a kWh or MWh, as in EUR/MWh")
    price = as_number(said.get("price"))
    if not isinstance(price, float) or not isfinite(price):
        fault("price", "not_a_number", "price is a finite number")
    elif kwh and is_currency and abs(price / kwh) > MOST_PRICE_PER_KWH.get(currency.upper(), inf):
        fault("price", "implausible", "no market lets a price reach that: is the unit right?")


def check_co2(said: Mapping[str, Any], fault: Faults) -> None:
    """Hold the carbon intensity of a zone and interval against what silver.co2_intensity takes."""
    _check_interval_of_zone(said, "intensities", fault)
    kg_per_kwh = CO2_KG_PER_KWH_IN.get(str(said.get("unit")).strip().lower())
    if kg_per_kwh is None:
        fault("unit", "unknown_unit", f"unit is one of {', '.join(CO2_KG_PER_KWH_IN)}")
    co2 = as_number(said.get("co2"))
    if not isinstance(co2, float) or not isfinite(co2):
        fault("co2", "not_a_number", "co2 is a finite number")
    elif co2 < 0:
        fault("co2", "negative", "nothing emits less than nothing")
    elif kg_per_kwh and co2 * kg_per_kwh > MOST_CO2_KG_PER_KWH:
        fault("co2", "implausible", "no power plant emits that much: is the unit right?")


def _check_interval_of_zone(said: Mapping[str, Any], what: str, fault: Faults) -> None:
    if instant(said.get("starts_at")) is None:
        fault("starts_at", "starts_at_unreadable", _INSTANT_SAID)
    if length_s(str(said.get("resolution"))) not in _OF_ZONE_S:
        fault("resolution", "unknown_resolution", f"{what} are of PT15M, PT30M or PT1H")


def check_weather(said: Mapping[str, Any], at: datetime, fault: Faults) -> None:
    """Hold the weather of a point and instant against what silver.weather takes."""
    if _instant_or_utc(said.get("observed_at")) is None:
        fault("observed_at", "observed_at_unreadable", "an instant; without an offset it is UTC")
    issued_at = _instant_or_utc(said["issued_at"]) if said.get("issued_at") else None
    if said.get("issued_at") and issued_at is None:
        fault("issued_at", "issued_at_unreadable", "an instant; without an offset it is UTC")
    elif issued_at is not None and issued_at > at + CLOCK_AHEAD:
        fault("issued_at", "of_the_future", "nobody has issued it yet")
    numbers = {n: as_number(said.get(n)) for n in (*_PLACE, *_MEASURES)}
    numbers = {name: value for name, value in numbers.items() if isinstance(value, float)}
    for name in _PLACE:
        if name not in numbers:
            fault(name, f"{name}_unreadable", f"{name} is a number of degrees")
    if not numbers.keys() & {*_MEASURES}:
        fault("", "nothing_measured", "")
    for name, value in numbers.items():
        bounds = WEATHER.column(name)
        assert bounds.minimum is not None
        assert bounds.maximum is not None
        if not bounds.minimum <= value <= bounds.maximum:
            told = f"{name} is from {bounds.minimum:g} to {bounds.maximum:g}"
            fault(name, f"{name}_out_of_range", told)


def check_read(said: Mapping[str, Any], known: Meter | None, at: datetime, fault: Faults) -> None:
    """Hold a register read against its meter; one that is not known yet is no error."""
    read_at = _instant_or_day(said.get("read_at"), known)
    if read_at is None:
        fault("read_at", "read_at_unreadable", f"{_INSTANT_SAID}, or a local date")
    elif read_at > at + CLOCK_AHEAD:
        fault("read_at", "of_the_future", "it lies in the future")
    elif read_at < _EARLIEST:
        fault("read_at", "out_of_range", "reads are from 1990 on")
    unit = word_of(said, "unit", "kWh")
    if unit not in REGISTER_UNITS:
        fault("unit", "unknown_unit", "unit is kWh, Wh, MWh or m3")
    elif unit == "m3" and known is not None and known.fuel != "gas":
        fault("unit", "m3_is_for_gas", "m3 is for gas meters")
    quality = word_of(said, "quality")
    if quality and quality not in QUALITIES:
        fault("quality", "unknown_quality", f"quality is {', '.join(sorted(QUALITIES))}")
    reading = said.get("reading")
    reading = as_number(str(reading) if type(reading) is int else reading)
    if not isinstance(reading, float) or not isfinite(reading):
        fault("reading", "not_a_number", "reading is a finite number")
    elif reading < 0:
        fault("reading", "negative", "a register shows nothing below zero")
    elif quality == "missing":
        fault("reading", "not_a_number", "what is said to be missing was not read")
    _check_register(str(said.get("register") or "").strip().lower(), known, fault)


def _check_register(register: str, known: Meter | None, fault: Faults) -> None:
    obis = re.fullmatch(OBIS, register)
    # Of a meter that is not known yet it may be gas.
    is_gas = (known is None or known.fuel == "gas") and re.fullmatch(OBIS_OF_GAS, register)
    if register and not obis and not is_gas and not re.fullmatch(REGISTER_WORD, register):
        fault("register", "unknown_register", "register is a word, as in day, or an OBIS code")
    if obis and known is not None:
        drawn = obis[1] == "1"
        one_way = {"production": not drawn, "consumption": drawn}
        if not one_way.get(known.direction, True):
            told = f"the meter counts {known.direction} only"
            fault("register", "another_direction", told)


def _instant_or_day(said: object, known: Meter | None) -> datetime | None:
    """Read an instant, or a day as the instant at which it begins where the meter is."""
    if (found := instant(said)) is not None:
        return found
    if not isinstance(said, str) or not _DAY.fullmatch(said.strip()):
        return None
    try:
        day = date.fromisoformat(said.strip())
        zone = ZoneInfo(known.zone) if known is not None else UTC
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _instant_or_utc(said: object) -> datetime | None:
    text = str(said).strip()
    return instant(text) or instant(f"{text}Z") or _instant_or_day(text, None)

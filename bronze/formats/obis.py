"""An OBIS code -> the unit that it implies, and extremes: IEC 62056-61, EN 13757-1 for gas."""

import re
from functools import lru_cache

_CODE = re.compile(r"(?:(\d{1,3})-\w{1,3}:)?(\d{1,3})\.(\d{1,3})\.", re.ASCII)
_ELECTRICITY, _GAS = 1, 7
# C of electricity, for all phases; each phase counts from 20, 40 and 60.
_ACTIVE, _REACTIVE, _APPARENT = (1, 2, 15, 16), (3, 4, 5, 6, 7, 8), (9, 10)
# D that is the highest or the lowest of a time, and such of several times added up.
_MAXIMA, _MINIMA = (2, 6, 12, 16, 22, 26), (1, 3, 11, 13, 21, 23)
# D that is no time integral: means, extremes and what is now.
_POWER = (*_MAXIMA, *_MINIMA, 4, 5, 7, 14, 15, 24, 25, 27)
_LAST_PHASE = 80
# C of gas: volumes; 52 and 54 are gas state and calorific value. 99 is energy in EDI@Energy's list.
_LAST_VOLUME, _GAS_ENERGY = 29, 99


@lru_cache(maxsize=1024)
def unit_of(code: str) -> str:
    """Return kWh, kW, kVArh, kVAr, kVAh, kVA or m3; empty where a code tells none."""
    found = _CODE.match(code)
    if not found:
        return ""
    medium, quantity, kind = (int(n or _ELECTRICITY) for n in found.groups())
    if medium == _GAS:
        if quantity == _GAS_ENERGY:
            return "kWh"
        return "m3" if 0 < quantity <= _LAST_VOLUME else ""
    if medium != _ELECTRICITY:
        return ""
    phase, quantity = (0, quantity) if quantity <= 20 else divmod(quantity, 20)
    name = {**dict.fromkeys(_ACTIVE, "W"), **dict.fromkeys(_REACTIVE, "VAr"),
            **dict.fromkeys(_APPARENT, "VA")}.get(quantity if phase < 4 else 0, "")  # fmt: skip
    return f"k{name}{'' if kind in _POWER else 'h'}" if name else ""


@lru_cache(maxsize=1024)
def is_gas(code: str) -> bool:
    """Tell whether a code is one of gas."""
    found = _CODE.match(code)
    return found is not None and found[1] == str(_GAS)


@lru_cache(maxsize=1024)
def extreme_of(code: str) -> str:
    """Return ``maximum`` or ``minimum`` where a code of electricity is one of a time, else empty.

    Over its time such a power is no mean, so that no energy comes of it.
    """
    found = _CODE.match(code)
    if not found:
        return ""
    medium, quantity, kind = (int(n or _ELECTRICITY) for n in found.groups())
    if medium != _ELECTRICITY or not 0 < quantity <= _LAST_PHASE:
        return ""
    return "maximum" if kind in _MAXIMA else "minimum" if kind in _MINIMA else ""

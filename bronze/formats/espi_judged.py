"""All values of a MeterReading -> whether its ReadingType can be right; what flowed which way."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from bronze.formats.joined import Value

# A home with this mean power uses 2.4 MWh a day.
_MOST_KW = 100
_KWH = {"Wh": Decimal("0.001"), "kWh": Decimal(1), "MWh": Decimal(1000)}


def too_much(power: int, values: Sequence[Value]) -> str:
    """Return why energy with a power of ten cannot be: it is on what are Wh already; or nothing.

    PECO (Opower) and CoServ send a powerOfTenMultiplier of 3 with values in Wh.
    """
    known = [value for value in values if value.value is not None]
    seconds = sum(value.ends_s - value.starts_s for value in known)
    energies = defaultdict[str, Decimal](Decimal)
    for value in known:
        energies[value.unit] += abs(Decimal(value.value or 0))
    energy_kwh = sum(energy * _KWH[unit] for unit, energy in energies.items())
    mean_kw = float(energy_kwh) * 3600 / seconds if seconds else 0
    if mean_kw <= _MOST_KW:
        return ""
    return (
        f"its powerOfTenMultiplier of {power} makes a mean power of {mean_kw:,.0f} kW: where the "
        "values are Wh, send it with a multiplier of 0"
    )


def is_no_register(values: Sequence[Value]) -> bool:
    """Tell whether what is called a register has the energy of intervals: it falls, and not once.

    A register that runs over, or is exchanged, begins again far below; one that is read at instants
    is one. The bulk files of SCE have quarter hours of such a type.
    """
    falls, before = 0, None
    if any(value.starts_s == value.ends_s for value in values if value.value is not None):
        return False
    for value in sorted(values, key=lambda value: value.starts_s):
        if value.value is None:
            continue
        reading = Decimal(value.value)
        if before is not None and reading < before[1] and value.starts_s > before[0]:
            falls += 1
            if falls > 1 or reading * 2 > before[1]:
                return True
        before = value.starts_s, reading
    return False


def split(values: Sequence[Value]) -> Iterator[Value]:
    """Yield what a home took, and as the meter ``-export`` what it gave, where it ever gave."""
    for value in values:
        yield value._replace(value="0") if _is_given(value) else value
    for value in values if any(map(_is_given, values)) else ():
        given = (value.value or "").lstrip("-") if _is_given(value) else "0"
        meter_id = f"{value.meter_id}-export"
        yield value._replace(meter_id=meter_id, value=None if value.value is None else given)


def _is_given(value: Value) -> bool:
    return value.value is not None and Decimal(value.value) < 0

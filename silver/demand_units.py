"""The unit of a power as sent -> its factor and the unit in which it is kept: kW, or kVA."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# Apparent power is not converted: no power factor is told.
_UNITS = {"kw": (1.0, "kW"), "w": (1e-3, "kW"), "kva": (1.0, "kVA")}


def factor_of() -> Column:
    """Return what a number of ``unit`` is multiplied by; null where it is no unit of power."""
    factor = F.lit(None).cast("double")
    for name, (scale, _) in _UNITS.items():
        factor = F.when(_said() == name, scale).otherwise(factor)
    return factor


def unit_of() -> Column:
    """Return kVA where that is said, else kW."""
    return F.when(_said() == "kva", "kVA").otherwise("kW")


def _said() -> Column:
    return F.lower(F.trim(F.coalesce("unit", F.lit("kW"))))

"""A country's published typical use -> a wide estimate where no model has passed its test.

Great Britain: Ofgem's Typical Domestic Consumption Values of April 2020, the quartiles of domestic
meters (electricity: profile class 1, so homes that do not heat with it). Their medians have been
lowered since (to 2,700 and 11,500 kWh in October 2023), well within the bounds, which take a
lognormal through the quartiles out to P10 and P90. Other countries have none here yet: such a home
is refused rather than given another country's figure.
"""

import math
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from models.usage.annual_use import HEATED_BY

_P75, _P90 = 0.6745, 1.2816


class Typical(NamedTuple):
    """The quartiles of a year's use in kWh, and the part of it that goes with the weather."""

    country_code: str
    fuel: str
    low_kwh: float
    median_kwh: float
    high_kwh: float
    heating_share: float


VERSION = "ofgem_tdcv_2020"
# Of gas about three quarters heat rooms, the rest water and meals (DESNZ, Energy Consumption in the
# UK, end use tables); of electricity that heats nothing the seasons are left out.
PUBLISHED = (
    Typical("GB", "elec", 1_800, 2_900, 4_300, 0.0),
    Typical("GB", "gas", 8_000, 12_000, 17_000, 0.75),
)


def published() -> Column:
    """Return the estimate of a row's ``country_code``, ``fuel`` and heating; null where none."""
    found = F.lit(None)
    for typical in PUBLISHED:
        is_heated_by_elec = F.col("heating_type_primary").isin(*HEATED_BY["elec"])
        fits = (F.col("country_code") == typical.country_code) & (F.col("fuel") == typical.fuel)
        if typical.fuel == "elec":
            fits = fits & ~F.coalesce(is_heated_by_elec, F.lit(False))
        found = F.when(fits, _struct(typical)).otherwise(found)
    return found


def bounds(typical: Typical) -> tuple[float, float]:
    """Return P10 and P90 (kWh) of the lognormal through the quartiles."""
    deviation = math.log(typical.high_kwh / typical.low_kwh) / (2 * _P75)
    factor = math.exp(_P90 * deviation)
    return typical.median_kwh / factor, typical.median_kwh * factor


def _struct(typical: Typical) -> Column:
    low, high = bounds(typical)
    figures = {
        "energy_kwh": typical.median_kwh,
        "low_kwh": low,
        "high_kwh": high,
        "heating_share": typical.heating_share,
        "weekend_ratio": 1.0,
    }
    return F.struct(*(F.lit(float(kwh)).alias(name) for name, kwh in figures.items()))

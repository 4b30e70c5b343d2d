"""An instant and a place -> irradiance above the atmosphere on the level, as column expressions."""

import math

from pyspark.sql import Column
from pyspark.sql import functions as F

SOLAR_CONSTANT_W_M2 = 1361.0


def above_the_atmosphere(at: Column, latitude: Column, longitude: Column) -> Column:
    """Return W/m² at ``at`` (UTC) above a point (degrees); 0 at night, null without a point.

    Spencer 1971, "Fourier series representation of the position of the sun", with the first two
    terms of declination and equation of time: within a degree.
    """
    year = F.lit(2 * math.pi / 365.2425) * (F.dayofyear(at) - 1)
    declination = (
        0.006918 - 0.399912 * F.cos(year) + 0.070257 * F.sin(year)
        - 0.006758 * F.cos(2 * year) + 0.000907 * F.sin(2 * year)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * F.cos(year) - 0.032077 * F.sin(year)
        - 0.014615 * F.cos(2 * year) - 0.040849 * F.sin(2 * year)
    )  # fmt: skip
    solar_hour = F.pmod(F.unix_seconds(at), F.lit(86400)) / 3600 + longitude / 15 + minutes / 60
    turn, place = F.radians(15 * (solar_hour - 12)), F.radians(latitude)
    height = F.sin(place) * F.sin(declination) + F.cos(place) * F.cos(declination) * F.cos(turn)
    nearness = 1 + 0.033 * F.cos(year)
    # greatest() passes over null.
    above = F.greatest(height, F.lit(0.0)) * nearness * SOLAR_CONSTANT_W_M2
    return F.when(height.isNotNull(), above)

"""A home's hours -> what the sky asks of it: lamps, sun and temperature, by hour and day."""

from dataclasses import dataclass

import numpy as np

from .habits import day_shape
from .home import Floats, Home, Hours, hours_of
from .sun import darkness, level_irradiance


@dataclass(frozen=True)
class Sky:
    """By the hour: share of the lamps that are on, and by day: dark hours and sun (W/m2)."""

    lamps: Floats
    lamps_mean: float
    lamps_daily: Floats
    sun_daily: Floats
    temperature_c: Floats

    @staticmethod
    def over(home: Home, hours: Hours) -> "Sky":
        """Return the sky over a home in its hours."""
        sun = level_irradiance(home, hours.starts)
        awake = day_shape("awake", hours.local_hour, is_weekend=hours.is_weekend)
        lamps = darkness(sun) * awake
        year = hours.starts[0] + 3600 * np.arange(8766, dtype=np.int64)
        of_year = hours_of(year, home.time_zone)
        mean = darkness(level_irradiance(home, year)) * day_shape("awake", of_year.local_hour)
        a_day = np.maximum(hours.daily(np.ones(len(hours))), 1)
        temperature = np.asarray(home.temperature_c.reindex(hours.days), dtype=np.float64)
        return Sky(
            lamps, float(mean.mean()), hours.daily(lamps) / a_day * 24, hours.daily(sun) / a_day,
            temperature,
        )  # fmt: skip

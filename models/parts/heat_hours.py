"""A day's heat -> its hours: as far as each hour of the day follows the heat of the days."""

import numpy as np

from .home import Floats, Hours
from .weather_response import Response

# An hour of the day takes so much of a mean one at least and at most.
_BOUNDS = (0.0, 5.0)
_LEAST_HOURS = 20


def hourly_heat(response: Response, hours: Hours, whole: Floats) -> Floats:
    """Return kWh by the hour; ``whole`` is what was used (NaN: unknown), with the heat in it."""
    daily = response.heating_kwh
    if not daily.any():
        return np.zeros(len(hours))
    heat, hour = daily[hours.day] / 24, hours.local_hour.astype(np.int64)
    slope = np.ones(24)
    for one in range(24):
        at = (hour == one) & ~np.isnan(whole)
        if at.sum() > _LEAST_HOURS and heat[at].var() > 0:
            slope[one] = np.cov(heat[at], whole[at])[0, 1] / heat[at].var(ddof=1)
    slope = np.clip(slope, *_BOUNDS)
    slope = (np.roll(slope, 1) + 2 * slope + np.roll(slope, -1)) / 4
    energy: Floats = heat * (slope / slope.mean())[hour]
    return energy

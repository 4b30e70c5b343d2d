"""A home -> whether it can be taken apart: the one rule of what is needed."""

import numpy as np

from .home import Home, hourly, hours_of
from .usage import metered
from .weather_response import silent

DAYS_NEEDED = 30
# A day counts with three quarters of its hours; of the days so many need a temperature.
HOURS_A_DAY = 18
TEMPERATURES_NEEDED = 0.8
# A swing below a thousandth of the highest hour is the meter's rounding.
FLAT = 1e-3


def lacking(home: Home, fuel: str) -> str:
    """Return the code of what is missing; empty: nothing.

    ``too_little_history``, ``house_type_unknown``, ``no_weather``, ``no_variation``.
    """
    if home.profile.house_type is None:
        return "house_type_unknown"
    return lacking_energy(home, fuel)


def lacking_energy(home: Home, fuel: str) -> str:
    """Return what is missing of energy and weather alone."""
    used = metered(home, fuel)
    if used is None:
        return "too_little_history"
    by_hour = hourly(used.steps)
    whole = by_hour.kwh[by_hour.is_whole]
    hours = hours_of(by_hour.starts, home.time_zone)
    is_day = hours.daily(by_hour.is_whole.astype(np.float64)) >= HOURS_A_DAY
    if is_day.sum() < DAYS_NEEDED:
        return "too_little_history"
    if whole.max() - whole.min() <= FLAT * abs(whole.max()) or whole.max() <= 0:
        return "no_variation"
    makes = any(("elec", way) in home.meters for way in ("export", "production"))
    is_dead = silent(np.where(is_day, hours.daily(by_hour.kwh), np.nan))
    if fuel == "elec" and not makes and (is_day & ~is_dead).sum() < DAYS_NEEDED:
        # Of a week without any draw nothing is known, however well it was metered (usage.py).
        return "no_variation"
    known = home.temperature_c.reindex(hours.days[is_day]).notna().mean()
    return "no_weather" if known < TEMPERATURES_NEEDED else ""

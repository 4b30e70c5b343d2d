"""A home's gas -> heating, hot water and cooking: change points, and summer's base by its hours."""

from dataclasses import dataclass

import numpy as np

from .blend import Sizes, sizes
from .habits import Expected, day_shape, water_heat_watts
from .heat_hours import hourly_heat
from .home import Flags, Floats, Home, Hours, Profile, hours_of
from .priors import PUBLISHED, Priors
from .sharing import Parts, parted_by_day
from .sky import Sky
from .usage import usage
from .weather_response import BEND_K, Response, silent, weather_response

# Seasonal efficiency of a condensing boiler that heats water (SAP 2012, table 4b: 74 to 84 %).
_WATER_EFFICIENCY = 0.78
# Where gas is laid on, about half of the homes cook with it, and so much (BREDEM 2012: 481 + 96 a
# person kWh a year).
_COOKS, _SEEN = 0.5, 0.2
_YEAR_H = 8.76
# Days that ask for less than so much of the coldest day's heat show the rest.
_WARM = 0.05
_LEAST_WARM_DAYS = 14
# Sun and people warm a home by 300 to 500 W more on one day than on another, which is this much of
# the temperature at which heating begins where a degree takes 150 to 250 W.
_BALANCE_MOVES_K = 2.0
_DOUBT = {"heating": 0.06, "water_heating": 0.3, "cooking": 0.8}


@dataclass(frozen=True)
class Gas:
    """The parts of a home's gas, and hot water with cooking (mean W): seen, and as published.

    ``seen_w`` is that of warm days where ``is_summer_seen``, else of the days that ask least.
    """

    parts: Parts
    response: Response
    seen_w: float
    published_w: float
    is_summer_seen: bool


def cooks_with_gas(parts: Parts | None) -> bool | None:
    """Tell whether meals were seen in the gas; None where there is no gas."""
    return None if parts is None else "cooking" in parts.categories


def gas(home: Home, *, priors: Priors = PUBLISHED) -> Gas | None:
    """Return the parts of the gas; None where none is metered, or none was used."""
    used = usage(home, "gas")
    if used is None or not np.nansum(used.hours.kwh) > 0:
        return None
    there = ~np.isnan(used.hours.kwh)
    kwh = np.maximum(used.hours.kwh[there], 0)
    hours = hours_of(used.hours.starts[there], home.time_zone)
    whole = np.where(used.hours.is_whole[there], kwh, np.nan)
    sky = Sky.over(home, hours)
    count = hours.daily((~np.isnan(whole)).astype(np.float64))
    daily = np.where(count >= 18, hours.daily(whole) * 24 / np.maximum(count, 1), np.nan)
    response = weather_response(
        daily, sky.temperature_c, dark_hours=sky.lamps_daily, sun_w_m2=sky.sun_daily,
        lighting_kwh_per_dark_hour=0.0, may_cool=False,
    )  # fmt: skip
    is_warm = _warm(daily, response)
    is_summer_seen = int(is_warm.sum()) >= _LEAST_WARM_DAYS
    size = _base(home, hours, whole, daily, response, is_warm if is_summer_seen else None)
    seen_w, published_w = float(size.watts.sum()), _published(home.profile)
    scale, doubt = 1.0, dict(_DOUBT)
    if not is_summer_seen:
        scale = priors.summer_w(seen_w, published_w) / max(seen_w, 1e-9)
        doubt |= {n: max(_DOUBT[n], priors.scatter) for n in ("water_heating", "cooking")}
    columns = {"heating": hourly_heat(response, hours, whole)}
    for name, watts in zip(size.names, size.watts, strict=True):
        columns[name] = scale * watts / 1000 * day_shape(name, hours.local_hour)
    doubt["heating"] += response.heating_error
    if not is_summer_seen:
        # What is not hot water is heat: both err by the same energy.
        base = sum(float(c.sum()) for n, c in columns.items() if n != "heating")
        off = priors.scatter * base / max(float(kwh.sum()) - base, 0.1 * float(kwh.sum()))
        doubt["heating"] = float(np.hypot(doubt["heating"], off))
    moves = {"heating": _moved(response)}
    parts = parted_by_day("gas", hours, kwh, columns, doubt, moves, source=used.source)
    return Gas(parts, response, seen_w, published_w, is_summer_seen)


def cooking_watts(profile: Profile) -> float:
    """Return what a gas hob and oven burn, mean W."""
    return (481 + 96 * (profile.persons or 2.3)) / _YEAR_H


def _moved(response: Response) -> Floats:
    """Return by how much a day's heat (kWh) differs where its balance point moved.

    The slope at a day's temperature: that of the line in the cold, none where nobody heats.
    """
    slope = response.heating_kwh_per_k
    cold: Floats = 1 - np.exp(-response.heating_kwh / max(slope * BEND_K, 1e-9))
    return _BALANCE_MOVES_K * slope * cold


def _published(profile: Profile) -> float:
    """Return hot water and cooking as published (mean W)."""
    return water_heat_watts(profile) / _WATER_EFFICIENCY + _COOKS * cooking_watts(profile)


def _warm(daily: Floats, response: Response) -> Flags:
    """Tell which known days hardly ask for heat; not those of weeks without any gas."""
    heat = response.heating_kwh
    is_known: Flags = ~np.isnan(np.where(silent(daily), np.nan, daily))
    return is_known & (heat <= _WARM * max(float(heat.max()), 1e-9))


def _base(
    home: Home, hours: Hours, whole: Floats, daily: Floats, response: Response,
    is_warm: Flags | None,
) -> Sizes:  # fmt: skip
    """Return hot water and cooking, from their hours on days that hardly ask for heat (W)."""
    heat = response.heating_kwh
    if is_warm is None:
        # No summer was seen: what is left on the days that ask least.
        is_known = ~np.isnan(np.where(silent(daily), np.nan, daily))
        # Of these alone: where a boiler rests all summer, its days are the quarter, and unknown.
        least = np.quantile(heat[is_known], 0.25) if is_known.any() else 0.0
        is_warm = is_known & (heat <= least)
    left = whole - heat[hours.day] / 24
    power = np.where(is_warm[hours.day], left, np.nan) * 1000
    water = Expected(water_heat_watts(home.profile) / _WATER_EFFICIENCY, 0.5)
    cooks = cooking_watts(home.profile)
    perhaps = {"water_heating": water, "cooking": Expected(_COOKS * cooks, 1.0)}
    found = _fit(power, hours, perhaps)
    if found.watts[1] < _SEEN * cooks:
        return _fit(power, hours, {"water_heating": water})
    # Meals were seen in it, so it is what homes use that cook with gas.
    return _fit(power, hours, perhaps | {"cooking": Expected(cooks, 0.4)})


def _fit(power_w: Floats, hours: Hours, expected: dict[str, Expected]) -> Sizes:
    return sizes(power_w, hours, {n: day_shape(n, hours.local_hour) for n in expected}, expected)

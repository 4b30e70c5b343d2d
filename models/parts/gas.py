"""A home's gas -> heating, hot water and cooking: change points, and summer's base by its hours."""

import numpy as np

from models.parts.blend import Sizes, sizes
from models.parts.habits import Expected, day_shape, water_heat_watts
from models.parts.heat_hours import hourly_heat
from models.parts.home import Floats, Home, Hours, Profile, hours_of
from models.parts.sharing import Parts, parted
from models.parts.sky import Sky
from models.parts.usage import usage
from models.parts.weather_response import Response, silent, weather_response

# Seasonal efficiency of a condensing boiler that heats water (SAP 2012, table 4b: 74 to 84 %).
_WATER_EFFICIENCY = 0.78
# Where gas is laid on, about half of the homes cook with it, and so much (BREDEM 2012: 481 + 96 a
# person kWh a year).
_COOKS, _SEEN = 0.5, 0.2
_YEAR_H = 8.76
# Days that ask for less than so much of the coldest day's heat show the rest.
_WARM = 0.05
_LEAST_WARM_DAYS = 14
_DOUBT = {"heating": 0.06, "water_heating": 0.3, "cooking": 0.8}


def cooks_with_gas(parts: Parts | None) -> bool | None:
    """Tell whether meals were seen in the gas; None where there is no gas."""
    return None if parts is None else "cooking" in parts.categories


def gas(home: Home) -> tuple[Parts, Response] | None:
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
    size = _base(home, hours, whole, daily, response)
    columns = {"heating": hourly_heat(response, hours, whole)}
    for name, watts in zip(size.names, size.watts, strict=True):
        columns[name] = watts / 1000 * day_shape(name, hours.local_hour)
    doubt = _DOUBT | {"heating": _DOUBT["heating"] + response.heating_error}
    return parted("gas", hours, kwh, columns, doubt, source=used.source), response


def cooking_watts(profile: Profile) -> float:
    """Return what a gas hob and oven burn, mean W."""
    return (481 + 96 * (profile.persons or 2.3)) / _YEAR_H


def _base(home: Home, hours: Hours, whole: Floats, daily: Floats, response: Response) -> Sizes:
    """Return hot water and cooking, from their hours on days that hardly ask for heat (W)."""
    heat = response.heating_kwh
    daily = np.where(silent(daily), np.nan, daily)
    is_warm = ~np.isnan(daily) & (heat <= _WARM * max(float(heat.max()), 1e-9))
    if is_warm.sum() < _LEAST_WARM_DAYS:
        # No summer was seen: what is left on the days that ask least.
        is_warm = ~np.isnan(daily) & (heat <= np.nanquantile(heat, 0.25))
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

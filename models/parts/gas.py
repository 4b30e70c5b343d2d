"""A home's gas -> heating, hot water and, where likely, cooking: change points and summer's base."""

import numpy as np

from models.parts.electricity import Parts, _hourly_heat, _Sky
from models.parts.habits import SURVEY_PERSONS, day_shape, water_heat_watts
from models.parts.home import Home, hours_of
from models.parts.sharing import SPREADS, agreed_totals, shared
from models.parts.usage import usage
from models.parts.weather_response import Response, weather_response

# Seasonal efficiency of a condensing boiler that heats water (SAP 2012, table 4b: 74 to 84 %).
_WATER_EFFICIENCY = 0.78
# A gas hob and oven of the survey's household (ECUK end use tables: about 2 % of domestic gas).
_COOKING_W = 48.0
# Where gas is laid on, about half of the homes cook with it (Eurostat nrg_d_hhq, GB, NL).
_COOKS = 0.5
_MOST_OF_BASE = 0.5
_DOUBT = {"heating": 0.06, "water_heating": 0.3, "cooking": 0.8}


def gas(home: Home) -> tuple[Parts, Response] | None:
    """Return the parts of the gas; None where none is metered, or none was used."""
    used = usage(home, "gas")
    if used is None or not np.nansum(used.hours.kwh) > 0:
        return None
    there = ~np.isnan(used.hours.kwh)
    kwh = np.maximum(used.hours.kwh[there], 0)
    hours = hours_of(used.hours.starts[there], home.time_zone)
    whole = np.where(used.hours.is_whole[there], kwh, np.nan)
    sky = _Sky.over(home, hours)
    count = hours.daily((~np.isnan(whole)).astype(np.float64))
    daily = np.where(count >= 18, hours.daily(whole) * 24 / np.maximum(count, 1), np.nan)
    response = weather_response(
        daily, sky.temperature_c, dark_hours=sky.lamps_daily, sun_w_m2=sky.sun_daily,
        lighting_kwh_per_dark_hour=0.0, may_cool=False,
    )  # fmt: skip
    # The base is what is used without heat; never more than the day had.
    base_w = _base_w(daily, response)
    cooking_w = min(
        _COOKS * _COOKING_W * ((home.profile.persons or 2.3) / SURVEY_PERSONS) ** 0.6,
        _MOST_OF_BASE * base_w,
    )
    water_w = min(base_w - cooking_w, 3 * water_heat_watts(home.profile) / _WATER_EFFICIENCY)
    columns = {
        "heating": _hourly_heat(response, hours, whole),
        "water_heating": water_w / 1000 * day_shape("water_heating", hours.local_hour),
        "cooking": cooking_w / 1000 * day_shape("cooking", hours.local_hour),
    }
    doubt = _DOUBT | {"heating": _DOUBT["heating"] + response.heating_error}
    names = tuple(n for n in columns if columns[n].sum() > 1e-9) or ("water_heating",)
    expected = np.column_stack([np.maximum(columns[n], 1e-9) for n in names])
    doubts = np.array([doubt[n] for n in names])
    totals = agreed_totals(float(kwh.sum()), expected.sum(axis=0), expected.sum(axis=0) * doubts)
    made = shared(kwh, expected, np.array([SPREADS[n] for n in names]), totals)
    return Parts("gas", hours, names, made.kwh, made.variance, doubts, kwh, used.source), response


def _base_w(daily: np.ndarray, response: Response) -> float:  # type: ignore[type-arg]
    """Return the mean power of what does not follow the weather (W)."""
    known = ~np.isnan(daily)
    if not known.any():
        return 0.0
    left = daily[known] - response.heating_kwh[known]
    warm = response.heating_kwh[known] < 0.05 * max(response.heating_kwh.max(), 1e-9)
    base = float(np.mean(left[warm])) if warm.sum() >= 14 else float(np.median(left))
    return float(max(base, 0)) * 1000 / 24

"""A home's electricity -> its parts by the hour, which add up to what was used, each with doubt.

In this order, since each leaves less to the next: the weather's part by change-point regression on
days, cars by their shape in what is left, the weather again without the cars, then habits fitted to
what remains, and all shared to the hours.
"""

from dataclasses import dataclass

import numpy as np

from models.parts.blend import sizes
from models.parts.charging import Charging, charging
from models.parts.habits import ELECTRIC, NOT_ELECTRIC, day_shape, habits
from models.parts.home import Floats, Home, Hours, Steps, hours_of
from models.parts.sharing import SPREADS, agreed_totals, shared
from models.parts.sun import darkness, level_irradiance
from models.parts.usage import METERED, Usage, usage
from models.parts.vehicles import Cars, cars
from models.parts.weather_response import Response, weather_response

# Electric heaters beside another heating are told from chance and lamps when they are so much.
_BESIDE_SHARE, _BESIDE_T = 0.06, 8.0
_LEAST_COOLING_SHARE = 0.01
# What regression does not know of heat: who opens a window, and when.
_HEAT_DOUBT = 0.12


@dataclass(frozen=True)
class Parts:
    """kWh by the hour (rows) and category (columns), adding up to ``whole_kwh``.

    ``variance`` is that of an hour's share (kWh2), ``doubt`` that of the size of a category, as a
    share of it, which is the same error in all hours.
    """

    fuel: str
    hours: Hours
    categories: tuple[str, ...]
    kwh: Floats
    variance: Floats
    doubt: Floats
    whole_kwh: Floats
    source: str


@dataclass(frozen=True)
class Study:
    """All that was inferred from the electricity of a home."""

    parts: Parts
    usage: Usage
    response: Response
    charging: Charging
    cars: Cars


def electricity(home: Home, *, cooks_with_gas: bool | None = None) -> Study | None:
    """Return the parts of the electricity; None where nothing is metered, or nothing was used.

    ``cooks_with_gas``: whether meals were seen in the gas meter; None: not known.
    """
    used = usage(home, "elec")
    if used is None or not np.nansum(used.hours.kwh) > 0:
        return None
    there = ~np.isnan(used.hours.kwh)
    starts, kwh = used.hours.starts[there], np.maximum(used.hours.kwh[there], 0)
    hours = hours_of(starts, home.time_zone)
    whole = np.where(used.hours.is_whole[there], kwh, np.nan)
    sky = _Sky.over(home, hours)
    expected = habits(home.profile, has_gas=home.has_gas, cooks_with_gas=cooks_with_gas)
    lamps_kwh = expected["lighting"].watts / 1000 / sky.lamps_mean

    is_metered = used.source == METERED
    first = _weather(home, hours, whole, sky, lamps_kwh, np.zeros(len(kwh)), is_metered=is_metered)
    usual = _on_steps(used.net, starts, _hourly_heat(first, hours, whole))
    found = charging(used.net.starts, used.net.kwh, usual, minutes=used.net.minutes)
    judged = cars(found, hours, home.profile)
    by_car = _on_hours(used.net, judged.kwh, starts)
    by_sauna = _on_hours(used.net, judged.sauna_kwh, starts)
    events = np.minimum(by_car + by_sauna, kwh)
    by_car = np.minimum(by_car, events)
    response = _weather(home, hours, whole, sky, lamps_kwh, events, is_metered=is_metered)

    heat, cold = _hourly_heat(response, hours, whole - events), _cold(response, hours)
    shapes = {name: _shape(name, hours, sky) for name in expected}
    size = sizes((whole - events - heat - cold) * 1000, hours, shapes, expected)
    columns = {n: w / 1000 * shapes[n] for n, w in zip(size.names, size.watts, strict=True)}
    doubt = {
        n: d / max(w, 1.0) for n, w, d in zip(size.names, size.watts, size.deviation, strict=True)
    }
    for name, energy, error in (
        ("heating", heat, response.heating_error + _HEAT_DOUBT),
        ("cooling", cold, response.cooling_error + 2 * _HEAT_DOUBT),
        ("electric_vehicle", by_car, 0.08),
        ("sauna", events - by_car, 0.2),
    ):
        if energy.sum() > 1e-6:
            columns[name], doubt[name] = energy, error
    parts = _parts(home, hours, kwh, columns, doubt, used)
    return Study(parts, used, response, found, judged)


@dataclass(frozen=True)
class _Sky:
    """By the hour: share of the lamps that are on, and by day: dark hours and sun (W/m2)."""

    lamps: Floats
    lamps_mean: float
    lamps_daily: Floats
    sun_daily: Floats
    temperature_c: Floats

    @staticmethod
    def over(home: Home, hours: Hours) -> "_Sky":
        sun = level_irradiance(home, hours.starts)
        awake = day_shape("awake", hours.local_hour, is_weekend=hours.is_weekend)
        lamps = darkness(sun) * awake
        year = hours.starts[0] + 3600 * np.arange(8766, dtype=np.int64)
        of_year = hours_of(year, home.time_zone)
        mean = darkness(level_irradiance(home, year)) * day_shape("awake", of_year.local_hour)
        a_day = np.maximum(hours.daily(np.ones(len(hours))), 1)
        temperature = home.temperature_c.reindex(hours.days).to_numpy(dtype=np.float64)
        return _Sky(
            lamps, float(mean.mean()), hours.daily(lamps) / a_day * 24, hours.daily(sun) / a_day,
            temperature,
        )  # fmt: skip


def _weather(
    home: Home, hours: Hours, whole: Floats, sky: _Sky, lamps_kwh: float, events: Floats, *,
    is_metered: bool,
) -> Response:  # fmt: skip
    """Regress the days of which nearly all hours are known, scaled to whole ones."""
    known = ~np.isnan(whole)
    count = hours.daily(known.astype(np.float64))
    daily = hours.daily(whole - events) * 24 / np.maximum(count, 1)
    daily = np.where(count >= 18, daily, np.nan)
    response = weather_response(
        daily, sky.temperature_c, dark_hours=sky.lamps_daily, sun_w_m2=sky.sun_daily,
        lighting_kwh_per_dark_hour=lamps_kwh, may_cool=True,
    )  # fmt: skip
    total = max(float(np.nansum(daily)), 1e-9)
    is_beside = home.profile.heating not in ELECTRIC and (
        home.profile.heating in NOT_ELECTRIC or home.has_gas
    )
    share = response.heating_kwh[~np.isnan(daily)].sum() / total
    # What panels are estimated to make has a season too.
    least = _BESIDE_SHARE if is_metered else 3 * _BESIDE_SHARE
    if is_beside and (share < least or response.heating_t < _BESIDE_T):
        response = response.without_heating()
    if response.cooling_kwh[~np.isnan(daily)].sum() / total < _LEAST_COOLING_SHARE:
        response = response.without_cooling()
    return response


def _hourly_heat(response: Response, hours: Hours, whole: Floats) -> Floats:
    """Share a day's heat to its hours as far as each hour of the day follows the days' heat."""
    daily = response.heating_kwh
    if not daily.any():
        return np.zeros(len(hours))
    heat, hour = daily[hours.day] / 24, hours.local_hour.astype(np.int64)
    slope = np.ones(24)
    for one in range(24):
        at = (hour == one) & ~np.isnan(whole)
        if at.sum() > 20 and heat[at].var() > 0:
            slope[one] = np.cov(heat[at], whole[at])[0, 1] / heat[at].var(ddof=1)
    slope = np.clip(slope, 0.2, 3.0)
    slope = (np.roll(slope, 1) + 2 * slope + np.roll(slope, -1)) / 4
    return heat * (slope / slope.mean())[hour]


def _cold(response: Response, hours: Hours) -> Floats:
    """Share a day's cooling to the hours in which it is warm outside and people are awake."""
    shape = np.clip(np.sin((hours.local_hour - 8) / 15 * np.pi), 0, 1) * (hours.local_hour >= 8)
    return response.cooling_kwh[hours.day] * shape / 9.55


def _shape(name: str, hours: Hours, sky: _Sky) -> Floats:
    if name == "lighting":
        return sky.lamps / sky.lamps_mean
    if name == "fridge_freezer":
        return 1 + 0.01 * np.nan_to_num(np.clip(sky.temperature_c[hours.day], 0, 30) - 10)
    if name == "always_on":
        return np.ones(len(hours))
    if name == "other":
        return 0.5 + 0.5 * day_shape("awake", hours.local_hour)
    shape = day_shape(name, hours.local_hour, is_weekend=hours.is_weekend)
    if name == "water_heating":
        # Mains water is colder in winter.
        cold = np.nan_to_num(10 - np.clip(sky.temperature_c[hours.day], -5, 25))
        shape = shape * (1 + 0.008 * cold)
    return shape


def _parts(
    home: Home, hours: Hours, kwh: Floats, columns: dict[str, Floats], doubt: dict[str, float],
    used: Usage,
) -> Parts:  # fmt: skip
    names = tuple(columns)
    expected = np.column_stack([columns[n] for n in names])
    doubts = np.array([doubt[n] for n in names])
    totals = agreed_totals(float(kwh.sum()), expected.sum(axis=0), expected.sum(axis=0) * doubts)
    made = shared(kwh, expected, np.array([SPREADS[n] for n in names]), totals)
    return Parts("elec", hours, names, made.kwh, made.variance, doubts, kwh, used.source)


def _on_steps(net: Steps, hour_starts: np.ndarray, by_hour: Floats) -> Floats:  # type: ignore[type-arg]
    """Spread hours evenly to steps."""
    at = np.searchsorted(hour_starts, net.starts // 3600 * 3600)
    at = np.minimum(at, len(hour_starts) - 1)
    is_there = hour_starts[at] == net.starts // 3600 * 3600
    return np.where(is_there, by_hour[at], 0) * net.minutes / 60


def _on_hours(net: Steps, by_step: Floats, hour_starts: np.ndarray) -> Floats:  # type: ignore[type-arg]
    """Add up steps to the hours."""
    hour = net.starts // 3600 * 3600
    at = np.minimum(np.searchsorted(hour_starts, hour), len(hour_starts) - 1)
    is_there = hour_starts[at] == hour
    sums: Floats = np.bincount(at[is_there], by_step[is_there], minlength=len(hour_starts))
    return sums

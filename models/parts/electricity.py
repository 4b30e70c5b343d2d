"""A home's electricity -> its parts by the hour, which add up to what was used, each with doubt.

In this order, since each leaves less to the next: the weather's part by change-point regression on
days, cars by their shape in what is left, the weather again without the cars, then habits fitted to
what remains, and all shared to the hours.
"""

from dataclasses import dataclass

import numpy as np

from .blend import sizes
from .charging import Charging, charging
from .habits import ELECTRIC, NOT_ELECTRIC, day_shape, habits
from .heat_hours import hourly_heat
from .home import HOUR, Flags, Floats, Home, Hours, Ints, Steps, hours_at, hours_of
from .sharing import Parts, parted
from .sky import Sky
from .usage import METERED, Usage, usage
from .vehicles import Cars, cars
from .weather_response import Response, silent, weather_response

# Electric heaters beside another heating are told from chance and lamps when they are so much.
_BESIDE_SHARE, _BESIDE_T = 0.06, 8.0
_LEAST_COOLING_SHARE = 0.01
# What regression does not know of heat: who opens a window, and when.
_HEAT_DOUBT = 0.12


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
    # What was estimated at nothing for hours is not known either.
    is_known = used.hours.is_whole[there] & ~silent(kwh, least=used.silent_hours)
    whole = np.where(is_known, kwh, np.nan)
    sky = Sky.over(home, hours)
    expected = habits(home.profile, has_gas=home.has_gas, cooks_with_gas=cooks_with_gas)
    lamps_kwh = expected["lighting"].watts / 1000 / sky.lamps_mean

    is_metered = used.source == METERED
    first = _weather(home, hours, whole, sky, lamps_kwh, np.zeros(len(kwh)), is_metered=is_metered)
    usual = _on_steps(used.net, starts, hourly_heat(first, hours, whole))
    found = charging(
        used.net.starts, used.net.kwh, usual, minutes=used.net.minutes,
        is_car_said=(home.profile.electric_cars or 0) > 0,
    )  # fmt: skip
    judged = cars(found, hours, home.profile)
    by_car = _on_hours(used.net, judged.kwh, starts)
    by_sauna = _on_hours(used.net, judged.sauna_kwh, starts)
    events = np.minimum(by_car + by_sauna, kwh)
    by_car = np.minimum(by_car, events)
    response = _weather(home, hours, whole, sky, lamps_kwh, events, is_metered=is_metered)

    heat, cold = hourly_heat(response, hours, whole - events), _cold(response, hours)
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
    parts = parted("elec", hours, kwh, columns, doubt, source=used.source)
    return Study(parts, used, response, found, judged)


def _weather(
    home: Home, hours: Hours, whole: Floats, sky: Sky, lamps_kwh: float, events: Floats, *,
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


def _cold(response: Response, hours: Hours) -> Floats:
    """Share a day's cooling to the hours in which it is warm outside and people are awake."""
    shape = np.clip(np.sin((hours.local_hour - 8) / 15 * np.pi), 0, 1) * (hours.local_hour >= 8)
    cold: Floats = response.cooling_kwh[hours.day] * shape / 9.55
    return cold


def _shape(name: str, hours: Hours, sky: Sky) -> Floats:
    if name == "lighting":
        return sky.lamps / sky.lamps_mean
    if name == "fridge_freezer":
        warmth: Floats = np.nan_to_num(np.clip(sky.temperature_c[hours.day], 0, 30) - 10)
        return 1 + 0.01 * warmth
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


def _on_steps(net: Steps, hour_starts: Ints, by_hour: Floats) -> Floats:
    """Spread hours evenly to steps."""
    at, is_there = _hour_of(net, hour_starts)
    energy: Floats = np.where(is_there, by_hour[at], 0) * net.minutes / 60
    return energy


def _on_hours(net: Steps, by_step: Floats, hour_starts: Ints) -> Floats:
    """Add up steps to the hours."""
    at, is_there = _hour_of(net, hour_starts)
    return np.bincount(at[is_there], by_step[is_there], minlength=len(hour_starts)).astype(
        np.float64
    )


def _hour_of(net: Steps, hour_starts: Ints) -> tuple[Ints, Flags]:
    """Return the number of each step's hour, and whether it is there."""
    # In zones half an hour off, hours do not begin where those of UTC do.
    hour = hours_at(net.starts, phase_s=int(hour_starts[0]) % HOUR)
    at = np.minimum(np.searchsorted(hour_starts, hour), len(hour_starts) - 1)
    return at, hour_starts[at] == hour

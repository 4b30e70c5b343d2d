"""A dwelling and the sky over it -> kWh an interval by category, PV, and the car's charging.

Heat is loss times temperature difference less gains (degree-hour method); heat pumps follow a share
of Carnot; water is 1.6 kWh of heat a person and day; what people switch on follows daily profiles,
and events keep their energy at any resolution.
"""

from dataclasses import dataclass

import numpy as np

from samples.dwellings import HEAT_PUMPS, Dwelling
from samples.instants import Floats, Seconds
from samples.ticks import Clock

HOUR = 3600
DECIMALS = 4  # of a kWh, for every part: so that parts add up to the meter exactly
GAS_EFFICIENCY = 0.9

# Shares of the day by local hour, 0 to 23.
AWAKE = np.array(
    [
        0.3,
        0.1,
        0,
        0,
        0,
        0.1,
        0.5,
        1,
        0.9,
        0.5,
        0.4,
        0.4,
        0.5,
        0.5,
        0.4,
        0.5,
        0.7,
        0.9,
        1,
        1,
        1,
        1,
        0.9,
        0.6,
    ]
)
SCREENS = (
    np.array([3, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 6, 8, 10, 10, 10, 8, 5]) / 103
)
HOT_WATER = (
    np.array([1, 0, 0, 0, 0, 1, 6, 11, 9, 5, 4, 3, 3, 3, 2, 2, 3, 5, 7, 8, 9, 9, 6, 3]) / 100
)


@dataclass(frozen=True)
class Energy:
    """kWh an interval by category, kWh produced, and the car's events (start and end, kWh)."""

    elec: dict[str, Floats]
    gas: dict[str, Floats]
    production: Floats
    charging: list[tuple[float, float, float]]


def energy(home: Dwelling, ticks: Clock, rng: np.random.Generator) -> Energy:
    """Return what the home uses and makes in each interval."""
    hour = ticks.local_hour.astype(np.int64)
    people = home.persons**0.7
    awake = np.clip(AWAKE[hour] + 0.15 * ticks.is_weekend, 0, 1)
    dark = np.clip(1 - ticks.sun.irradiance_w_m2 / 90, 0, 1)

    def use(mean_w: Floats, choppy: float) -> Floats:
        """Scatter a mean power (W) as people and thermostats do, more in short intervals."""
        shape = ticks.hours / choppy
        kwh: Floats = mean_w / 1000 * ticks.hours * rng.gamma(shape, 1 / shape, len(mean_w))
        return kwh

    heat, cold = _thermal(home, ticks, awake)
    water = use((1.6 * home.persons + 0.6) * HOT_WATER[hour] * 1000, 0.25)
    cooking = _events(
        ticks, rng, [(7.2, 0.5, 0.2), (12.5, 0.35, 0.35), (18.2, 0.85, 0.65)], scale=people
    )
    chores = _events(
        ticks,
        rng,
        [(10.5, 0.18 * people, 1.1), (13.5, 0.12 * people, 1.6), (20.3, 0.3 * people, 1.0)],
    )
    charging, charged = _charging(home, ticks, rng)
    elec = {
        "always_on": np.full(len(hour), home.always_on_w / 1000 * ticks.hours),
        "fridge_freezer": use(home.fridges_w * (1 + 0.012 * (ticks.smooth_c - 10)), 0.05),
        "lighting": use((20 + 1.3 * home.living_area_m2) * awake * dark * people / 2, 0.1),
        "washing": chores,
        "consumer_electronics": use(
            900 * people * SCREENS[hour] * (1 + 0.2 * ticks.is_weekend), 0.15
        ),
        "other": use(np.full(len(hour), 12.0 * people), 0.4),
    }
    gas: dict[str, Floats] = {}
    if home.heating == "gas_boiler":
        gas = {"heating": heat / GAS_EFFICIENCY, "water_heating": water / GAS_EFFICIENCY}
    elif home.heating != "district_heating":
        cop = _heat_pump_cop(home, ticks)
        elec |= {
            "heating": heat / cop,
            "water_heating": water
            / np.where(cop > 1, 2.6 - (home.heating == "air_air_pump") * 1.6, 1),
        }
    (gas if home.cooks_with_gas else elec)["cooking"] = cooking * (
        1.8 if home.cooks_with_gas else 1
    )
    if home.has_cooling:
        elec["cooling"] = cold / 3.2
    if home.ev_kw:
        elec["electric_vehicle"] = charged
    if home.has_sauna:
        elec["sauna"] = _events(ticks, rng, [(19.0, 0.25, 6.0)])
    made = _production(home, ticks)
    return Energy(_rounded(elec), _rounded(gas), np.round(made, DECIMALS), charging)


def _rounded(parts: dict[str, Floats]) -> dict[str, Floats]:
    return {name: np.round(part, DECIMALS) for name, part in parts.items()}


def _thermal(home: Dwelling, ticks: Clock, awake: Floats) -> tuple[Floats, Floats]:
    """Return kWh of heat to bring in and take out; walls smooth the outdoor temperature."""
    outside = 0.75 * ticks.smooth_c + 0.25 * ticks.temperature_c
    is_night = (ticks.local_hour < 5.5) | (ticks.local_hour >= 23)
    wanted = home.set_point_c - home.night_setback_c * is_night
    gains_w = 2.2 * home.living_area_m2 + 60 * home.persons * awake
    solar_w = 0.025 * home.living_area_m2 * ticks.sun.irradiance_w_m2
    to_kwh = ticks.hours / 1000
    heat = np.maximum(home.heat_loss_w_per_k * (wanted - outside) - gains_w - solar_w, 0) * to_kwh
    warm = (
        np.maximum(home.heat_loss_w_per_k * (outside - 23.5) + 0.5 * (gains_w + solar_w), 0)
        * to_kwh
    )
    return heat, np.where((outside > 22) & (awake > 0), np.minimum(warm, 5 * ticks.hours), 0.0)


def _heat_pump_cop(home: Dwelling, ticks: Clock) -> Floats:
    """Return the coefficient of performance: 0.45 of Carnot's to the flow, 1 for radiators."""
    if home.heating not in HEAT_PUMPS:
        return np.ones(len(ticks.starts))
    source = (
        np.full(len(ticks.starts), 18.0)
        if home.heating == "exhaust_air_heat_pump"
        else ticks.temperature_c
    )
    flow = (
        32.0 if home.heating == "air_air_pump" else np.clip(42 - 0.5 * ticks.temperature_c, 28, 55)
    )
    return np.clip(0.45 * (flow + 273.15) / (flow - source + 6), 1.2, 6.0)


def _events(
    ticks: Clock,
    rng: np.random.Generator,
    kinds: list[tuple[float, float, float]],
    *,
    scale: float = 1.0,
) -> Floats:
    """Return kWh an interval of daily events of (local hour, chance a day, mean kWh)."""
    days, total = len(ticks.midnights) - 1, np.zeros(len(ticks.starts))
    for at, chance, mean_kwh in kinds:
        happens = rng.random(days) < np.minimum(chance * (1 + 0.15 * ticks.day_is_weekend), 1)
        begins = ticks.midnights[:-1] + HOUR * np.clip(rng.normal(at, 0.8, days), 0, 21)
        lasts = HOUR * rng.uniform(0.7, 1.5, days)
        kwh = scale * mean_kwh * rng.gamma(16, 1 / 16, days)
        total += _spread(ticks.edges, begins[happens], (begins + lasts)[happens], kwh[happens])
    return total


def _charging(
    home: Dwelling, ticks: Clock, rng: np.random.Generator
) -> tuple[list[tuple[float, float, float]], Floats]:
    """Charge at full power from plugging in until what was driven since last time is back."""
    events: list[tuple[float, float, float]] = []
    owed, free_from = 0.0, float(ticks.midnights[0])
    for midnight in ticks.midnights[:-1].tolist() if home.ev_kw else ():
        owed = min(owed + home.ev_kwh_per_day * float(rng.gamma(3, 1 / 3)), 60.0)
        begins = max(midnight + HOUR * (home.ev_plugs_in_at + float(rng.normal(0, 0.6))), free_from)
        ends = begins + owed / home.ev_kw * HOUR
        if owed > 4 and rng.random() < 0.7 and ends <= ticks.midnights[-1]:
            events.append((begins, ends, owed))
            owed, free_from = 0.0, ends + HOUR
    begins_at, ends_at, kwh = np.array(events).reshape(-1, 3).T
    return events, _spread(ticks.edges, begins_at, ends_at, kwh)


def _spread(edges: Seconds, begins: Floats, ends: Floats, kwh: Floats) -> Floats:
    """Share the energy of events that follow one another among the intervals that they touch."""
    if not len(begins):
        return np.zeros(len(edges) - 1)
    instants = np.column_stack([begins, ends]).ravel()
    counter = np.column_stack([np.cumsum(kwh) - kwh, np.cumsum(kwh)]).ravel()
    return np.diff(np.interp(edges, instants, counter))


def _production(home: Dwelling, ticks: Clock) -> Floats:
    """Return kWh of the panels: beam and even sky on their plane, -0.4 % a degree, 14 % lost."""
    if not home.pv_kw:
        return np.zeros(len(ticks.starts))
    tilt, turn, sky = np.radians(home.pv_tilt), np.radians(home.pv_azimuth), ticks.sun
    up = np.maximum(np.sin(sky.elevation), 0.03)
    towards = np.sin(sky.elevation) * np.cos(tilt) + np.cos(sky.elevation) * np.sin(tilt) * np.cos(
        sky.azimuth - turn
    )
    beam = (sky.irradiance_w_m2 - sky.diffuse_w_m2) * np.maximum(towards, 0) / up
    plane = np.minimum(beam, 1050) + sky.diffuse_w_m2 * (1 + np.cos(tilt)) / 2
    cell_c = ticks.temperature_c + plane * 0.03
    kwh: Floats = home.pv_kw * plane / 1000 * 0.86 * (1 - 0.004 * (cell_c - 25)) * ticks.hours
    return kwh

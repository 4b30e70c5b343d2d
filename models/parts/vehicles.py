"""Events of a home -> is it a car, a sauna, or neither: a probability from signs, each a log odds.

Signs are added as if independent (Good 1950, weight of evidence). Prior: what the profile says; if
it says nothing, one home in eight; of those who say that they have none, one in 400 has one.
"""

from dataclasses import dataclass

import numpy as np

from .charging import Charging, Event
from .home import Floats, Hours, Profile

# Where a sauna stands in many homes (Statistics Finland: 3.3 million saunas).
_SAUNA_COUNTRIES = ("FI", "SE", "EE", "NO", "LV", "LT")
# Electric heaters of home saunas have 6 to 10 kW, and run for an hour or two.
_ALIKE_ENERGY = 0.5
_SAUNA_KWH, _SAUNA_HOURS, _SAUNA_KW = (3.0, 16.0), 2.6, (3.0, 10.5)


@dataclass(frozen=True)
class Cars:
    """Whether a car is charged there, and its events; energy by the step."""

    probability: float
    events: tuple[Event, ...]
    kwh: Floats
    sauna_kwh: Floats
    sauna_events: int
    evidence: dict[str, float]


def cars(found: Charging, hours: Hours, profile: Profile) -> Cars:
    """Judge the events of a home."""
    nothing = np.zeros(len(found.kwh))
    said = profile.electric_cars
    prior = -2.0 if said is None else (2.5 if said > 0 else -6.0)
    weeks = max(len(hours.days) / 7, 1.0)
    if not found.events:
        return Cars(share_of(prior - 3.0), (), nothing, nothing, 0, {"events_a_week": 0.0})
    energy = np.array([event.energy_kwh for event in found.events])
    lasts = np.array([event.ends_at - event.starts_at for event in found.events]) / 3600
    a_week = len(energy) / weeks
    odds = prior
    # A dish washer and an oven at once come to 3 kWh now and then; a car takes more, each week.
    odds += np.clip(2.2 * (np.median(energy) - 4.0), -3.0, 3.0)
    odds += np.clip(3.0 * (a_week - 0.6), -2.0, 2.0)
    odds += np.clip(2.5 * (found.power_kw - 2.6), -2.0, 3.0)
    odds += 3.0 * (found.alike - 0.5)
    evidence = {
        "events_a_week": float(a_week), "median_kwh": float(np.median(energy)),
        "power_kw": found.power_kw, "alike_share": found.alike,
        "median_hours": float(np.median(lasts)),
    }  # fmt: skip
    is_sauna = _are_saunas(found, hours, profile, a_week)
    if is_sauna:
        return Cars(share_of(min(odds - 5.0, -1.0)), (), nothing, found.kwh, len(energy), evidence)
    probability = share_of(odds)
    if probability < 0.5:
        return Cars(probability, (), nothing, nothing, 0, evidence)
    return Cars(probability, found.events, found.kwh, nothing, 0, evidence)


def _are_saunas(found: Charging, hours: Hours, profile: Profile, a_week: float) -> bool:
    """Tell whether all is short, in the evening, and of a heater's power, where saunas are."""
    if profile.electric_cars or profile.country_code not in _SAUNA_COUNTRIES:
        return False
    low, energy, high = np.quantile([e.energy_kwh for e in found.events], (0.25, 0.5, 0.75))
    lasts = np.median([event.ends_at - event.starts_at for event in found.events]) / 3600
    at = np.array([event.starts_at for event in found.events])
    local = hours.local_hour[np.clip(np.searchsorted(hours.starts, at), 0, len(hours) - 1)]
    evening = float(np.mean((local >= 14) & (local < 22.5)))
    fits = (
        _SAUNA_KWH[0] <= energy <= _SAUNA_KWH[1],
        lasts <= _SAUNA_HOURS,
        _SAUNA_KW[0] <= found.power_kw <= _SAUNA_KW[1],
        evening > 0.8,
        a_week <= 4,
        # It is heated for as long each time; a car was driven far or not.
        (high - low) / energy < _ALIKE_ENERGY,
    )
    return all(fits)


def share_of(log_odds: float) -> float:
    """Return the probability of log odds."""
    return float(1 / (1 + np.exp(-log_odds)))

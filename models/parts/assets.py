"""What a home's electricity tells -> what stands in it: car, panels, heat pump, heaters.

Each asset has a probability (a sum of signs, as in vehicles.py) and a size with an interval that
holds 80 of 100.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from .electricity import Study
from .habits import ELECTRIC, NOT_ELECTRIC, PUMPS
from .home import Home, Steps, hourly
from .solar import Panels
from .usage import in_step
from .vehicles import share_of

ASSETS = ("electric_vehicle", "solar_panels", "heat_pump", "electric_heating")
_Z = 1.2816
# A home whose meter counts no export may have panels, but few do.
_UNSEEN_PANELS = 0.03
# A load that is metered to a quarter hour shows its power to a twentieth or so.
_POWER_DOUBT = 0.05


@dataclass(frozen=True)
class Asset:
    """One asset: ``size`` in ``unit`` with its bounds (None: not there, or not known)."""

    asset: str
    probability: float
    size: float | None
    low: float | None
    high: float | None
    unit: str
    evidence: dict[str, float]
    since: date | None


def assets(home: Home, study: Study) -> tuple[Asset, ...]:
    """Return a row an asset of ASSETS."""
    return (_car(home, study), _panels(home, study), _pump(home, study), _heaters(home, study))


def _car(home: Home, study: Study) -> Asset:
    found = study.cars
    since, power, doubt = None, None, 0.0
    if found.events:
        first = np.datetime64(int(found.events[0].starts_at), "s").astype("datetime64[D]")
        since, power = first.astype(object), study.charging.power_kw
        doubt = max(study.charging.spread_kw, _POWER_DOUBT * power)
    yearly = float(found.kwh.sum()) * 365 / max(len(study.parts.hours.days), 1)
    return _asset("electric_vehicle", found.probability, power, doubt, "kW",
                  found.evidence | {"kwh_a_year": yearly}, since)  # fmt: skip


def _panels(home: Home, study: Study) -> Asset:
    panels, meters = study.usage.panels, home.meters
    fed = meters.get(("elec", "export"))
    made = meters.get(("elec", "production"))
    seen = [m for m in (fed, made) if m is not None and np.nansum(m.kwh) > 1.0]
    if not seen:
        return _asset("solar_panels", _UNSEEN_PANELS, None, 0.0, "kWp", {}, None)
    if panels is None:
        return _asset("solar_panels", 0.6, None, 0.0, "kWp", {}, None)
    odds = 1.0 + np.clip(panels.kwp / max(panels.error_kwp, 1e-9) - 3, -3, 6)
    evidence = {
        "tilt_degrees": panels.tilt, "azimuth_degrees": panels.azimuth, "r2": panels.r2,
        "is_production_metered": float(panels.is_metered),
    }  # fmt: skip
    self_used = _self_used(home, panels)
    if self_used is not None:
        evidence["self_consumption_share"] = self_used
    begin = min(int(m.starts[np.flatnonzero(np.nan_to_num(m.kwh) > 0)[0]]) for m in seen)
    since = np.datetime64(begin, "s").astype("datetime64[D]").astype(object)
    return _asset("solar_panels", share_of(float(odds)), panels.kwp, panels.error_kwp, "kWp",
                  evidence, since)  # fmt: skip


def _self_used(home: Home, panels: Panels) -> float | None:
    """Return the share of what panels made that was not fed in, of the hours that tell both."""
    meters = {way: hourly(steps) for way, steps in in_step(home, "elec").items()}
    if "export" not in meters:
        return None
    fed, made = meters["export"], meters.get("production")
    if made is None:
        starts = fed.starts
        made = Steps(60, starts, panels.made_kwh(home, starts), np.ones(len(starts), dtype=bool))
    _, at, of = np.intersect1d(fed.starts, made.starts, return_indices=True)
    is_known = fed.is_whole[at] & made.is_whole[of]
    whole = float(made.kwh[of][is_known].sum())
    if whole <= 0:
        return None
    return float(np.clip(1 - float(fed.kwh[at][is_known].sum()) / whole, 0, 1))


def _pump(home: Home, study: Study) -> Asset:
    response, said = study.response, home.profile.heating
    heats = share_of(_heat_odds(home, study))
    prior = 3.0 if said in PUMPS else (-3.0 if said in ELECTRIC or said in NOT_ELECTRIC else -0.5)
    curve = float(np.clip(response.heat_pump_log_odds, -4, 4))
    # A pump needs electricity for its heat, and more of it for each degree as it gets colder.
    probability = heats * share_of(prior + curve)
    coldest = float(np.max(response.heating_kwh, initial=0.0)) / 24
    size = coldest if probability >= 0.5 and coldest > 0 else None
    evidence = {"curve_log_odds": response.heat_pump_log_odds, "heats_probability": heats}
    return _asset("heat_pump", probability, size, (size or 0) * 0.15, "kW", evidence, None)


def _heaters(home: Home, study: Study) -> Asset:
    response = study.response
    probability = share_of(_heat_odds(home, study))
    days = max(len(study.parts.hours.days), 1)
    yearly = float(response.heating_kwh.sum()) * 365 / days
    size = yearly if probability >= 0.5 and yearly > 0 else None
    evidence = {"share": _heat_share(study), "t": response.heating_t}
    if response.heating_balance_c is not None:
        evidence["balance_c"] = response.heating_balance_c
    doubt = (size or 0) * (0.1 + response.heating_error)
    return _asset("electric_heating", probability, size, doubt, "kWh/a", evidence, None)


def _heat_share(study: Study) -> float:
    parts = study.parts
    if "heating" not in parts.categories:
        return 0.0
    column = parts.kwh[:, parts.categories.index("heating")]
    return float(column.sum() / max(parts.whole_kwh.sum(), 1e-9))


def _heat_odds(home: Home, study: Study) -> float:
    said = home.profile.heating
    prior = 2.0 if said in ELECTRIC else (-2.5 if said in NOT_ELECTRIC or home.has_gas else 0.0)
    strength = np.clip((study.response.heating_t - 8) / 4, -3, 3)
    size = np.clip(25 * (_heat_share(study) - 0.08), -3, 3)
    return float(prior + strength + size)


def _asset(
    name: str, probability: float, size: float | None, doubt: float, unit: str,
    evidence: dict[str, float], since: date | None,
) -> Asset:  # fmt: skip
    low = None if size is None else max(size - _Z * doubt, 0.0)
    high = None if size is None else size + _Z * doubt
    rounded = {key: round(value, 4) for key, value in evidence.items()}
    return Asset(name, float(probability), size, low, high, unit, rounded, since)

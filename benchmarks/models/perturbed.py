"""A simulated home -> the same with other loads, chargers, meters and gaps than its simulator's."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.models.simulated_homes import Simulated
from models.parts.home import Floats, Home, Profile, Steps, hourly

Change = Callable[[Simulated, np.random.Generator], Simulated]
_OTHER_KW = (2.3, 6.6, 22.0)


def more_always_on(sim: Simulated, rng: np.random.Generator) -> Simulated:
    """Draw 20 to 300 W more at all times."""
    watts = float(rng.uniform(20, 300))
    home = _drawing(
        sim.home, lambda steps: np.full(len(steps.starts), watts / 60_000 * steps.minutes)
    )
    table = sim.categories.copy()
    table.loc[table["category"] == "always_on", "energy_kwh"] += watts / 1000
    return replace(sim, home=home, categories=table)


def other_chargers(sim: Simulated, rng: np.random.Generator) -> Simulated:
    """Charge the same energy from the same instants at 2.3, 6.6 or 22 kW."""
    if sim.charging.empty:
        return sim
    power = float(rng.choice(_OTHER_KW))
    begin, end = (_seconds(sim.charging[name]) for name in ("starts_at", "ends_at"))
    energy = sim.charging["energy_kwh"].to_numpy(dtype=np.float64)
    # One that would run into the next is cut.
    later = np.minimum(begin + energy / power * 3600, np.append(begin[1:] - 600, np.inf))
    new_energy = (later - begin) / 3600 * power

    def change(steps: Steps) -> Floats:
        return _spread(steps, begin, later, new_energy) - _spread(steps, begin, end, energy)

    charged = sim.charging.assign(
        ends_at=pd.to_datetime(later, unit="s", utc=True), energy_kwh=new_energy, power_kw=power
    )
    table = sim.categories.copy()
    is_car = table["category"] == "electric_vehicle"
    table.loc[is_car, "energy_kwh"] *= new_energy.sum() / energy.sum()
    return replace(sim, home=_drawing(sim.home, change), charging=charged, categories=table)


def by_the_hour(sim: Simulated, rng: np.random.Generator) -> Simulated:
    """Read the meters by the hour."""
    del rng
    meters = {key: hourly(steps) for key, steps in sim.home.meters.items()}
    return replace(sim, home=replace(sim.home, meters=meters))


def with_gaps(sim: Simulated, rng: np.random.Generator) -> Simulated:
    """Lose a tenth of the hours, in all meters alike, in gaps of one to twelve."""
    starts = next(iter(sim.home.meters.values())).starts
    hours = np.unique(starts // 3600)
    gone = np.zeros(len(hours), dtype=bool)
    while gone.mean() < 0.1:
        at = int(rng.integers(len(hours)))
        gone[at : at + int(rng.integers(1, 13))] = True
    lost = set(hours[gone].tolist())

    def kept(steps: Steps) -> Steps:
        is_kept = np.array([hour not in lost for hour in (steps.starts // 3600).tolist()])
        return Steps(
            steps.minutes, steps.starts[is_kept], steps.kwh[is_kept], steps.is_whole[is_kept]
        )

    meters = {key: kept(steps) for key, steps in sim.home.meters.items()}
    return replace(sim, home=replace(sim.home, meters=meters))


def with_little_said(sim: Simulated, rng: np.random.Generator) -> Simulated:
    """Know of the profile the house type alone."""
    del rng
    said = sim.home.profile
    return replace(
        sim,
        home=replace(sim.home, profile=Profile(said.house_type, country_code=said.country_code)),
    )


CONDITIONS: Mapping[str, Change] = {
    "20 to 300 W more always on": more_always_on,
    "cars at 2.3, 6.6 and 22 kW": other_chargers,
    "meters by the hour": by_the_hour,
    "a tenth of the hours missing": with_gaps,
    "only the house type known": with_little_said,
}


def _drawing(home: Home, more: Callable[[Steps], Floats]) -> Home:
    """Return the home with more drawn in each step; what it feeds in is met first."""
    meters = dict(home.meters)
    drawn = meters["elec", "import"]
    fed = meters.get(("elec", "export"))
    net = drawn.kwh - (fed.kwh if fed else 0) + more(drawn)
    meters["elec", "import"] = replace(drawn, kwh=np.maximum(net, 0))
    if fed:
        meters["elec", "export"] = replace(fed, kwh=np.maximum(-net, 0))
    return replace(home, meters=meters)


def _spread(steps: Steps, begin: Floats, end: Floats, energy: Floats) -> Floats:
    """Share events among the steps that they touch."""
    edges = np.append(steps.starts, steps.starts[-1] + steps.minutes * 60).astype(np.float64)
    instants = np.column_stack([begin, end]).ravel()
    counter = np.column_stack([np.cumsum(energy) - energy, np.cumsum(energy)]).ravel()
    return np.diff(np.interp(edges, instants, counter))


def _seconds(times: "pd.Series[pd.Timestamp]") -> Floats:
    return pd.DatetimeIndex(times).as_unit("us").asi8 / 1e6

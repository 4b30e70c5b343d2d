"""Plain answers to the same questions: national shares by profile, and a threshold for cars."""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.models.simulated_homes import Simulated
from models.parts.gas import cooking_watts
from models.parts.habits import ELECTRIC, PUMPS, habits, water_heat_watts
from models.parts.home import Home

# Space heat of a dwelling (EU mean by floor area, Odyssee-Mure), a car's year (12,000 km, 0.18
# kWh/km): what a table of averages would say.
_HEAT_KWH_M2, _CAR_KWH, _PUMP = 110.0, 2_160.0, 3.0
_LEAST_KW, _LEAST_KWH = 3.0, 3.0
Shares = "pd.Series[float]"


def average_shares(home: Home, fuel: str) -> "pd.Series[Any]":
    """Return each category's share as a table of averages by profile would have it."""
    said = home.profile
    heat_w = _HEAT_KWH_M2 * (said.living_area_m2 or 95.0) / 8.76
    if fuel == "gas":
        water = water_heat_watts(said)
        watts = {"heating": heat_w, "water_heating": water, "cooking": 0.5 * cooking_watts(said)}
    else:
        watts = {n: one.watts for n, one in habits(said, has_gas=home.has_gas).items()}
        if said.heating in ELECTRIC and not home.has_gas:
            watts["heating"] = heat_w / (_PUMP if said.heating in PUMPS else 1.0)
        if said.electric_cars:
            watts["electric_vehicle"] = said.electric_cars * _CAR_KWH / 8.76
    shares = pd.Series(watts)
    return shares / shares.sum()


def threshold_events(sim: Simulated) -> list[tuple[float, float]]:
    """Return as charges all runs above 3 kW of at least 3 kWh; seconds UTC."""
    steps = sim.home.meters["elec", "import"].on_grid()
    hours = steps.minutes / 60
    power = np.nan_to_num(steps.kwh) / hours
    edges = np.diff(np.concatenate([[0], (power > _LEAST_KW).astype(np.int8), [0]]))
    found = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [
        (float(steps.starts[first]), float(steps.starts[last - 1] + steps.minutes * 60))
        for first, last in found
        if power[first:last].sum() * hours >= _LEAST_KWH
    ]

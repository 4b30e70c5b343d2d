"""What is known of homes without a meter -> what they use in a year, with bounds.

A ridge regression a fuel of the logarithm of annual use, so what a home has multiplies its use: its
size, people and climate count by elasticity, and size and climate once more where the fuel heats
the home. The penalty is that of the least leave-one-out error, which has a closed form (Golub,
Heath & Wahba 1979; Allen 1974); the quantiles of the same errors are the bounds (Barber et al.
2021, "Predictive inference with the jackknife+"). Imports nothing of the project: the file is
logged beside the model and loads it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

NUMBERS = ("living_area_m2", "persons", "degree_days")
INPUTS = ("fuel", "house_type", "heating_type_primary", *NUMBERS, "electric_cars")
OUTPUTS = ("energy_kwh", "low_kwh", "high_kwh", "heating_share", "weekend_ratio")
# Main ways of heating, by what they take; radiators without a boiler named are electric ones.
HEATED_BY: Mapping[str, tuple[str, ...]] = {
    "elec": ("radiators", "air_air_pump", "air_water_pump", "exhaust_air_heat_pump", "floor_heat"),
    "gas": ("gas_boiler",),
    "district_heating": ("district_heating",),
}
# P10 to P90.
COVERED = 0.8
# Fewer homes of a fuel tell neither eight slopes nor a tenth.
LEAST_HOMES = 40
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_LEAST_KWH = 10.0
_FORMAT = 1
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AnnualUse:
    """By fuel: the columns with their middle and spread, slopes, bounds and how the year goes."""

    fuels: Mapping[str, Mapping[str, Any]]

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return OUTPUTS (kWh, low <= energy <= high) for rows with INPUTS; empty: not learned."""
        found = pd.DataFrame(math.nan, index=rows.index, columns=list(OUTPUTS))
        for fuel, fitted in self.fuels.items():
            is_fuel = (rows["fuel"] == fuel).to_numpy(dtype=bool)
            if not is_fuel.any():
                continue
            mine = rows[is_fuel]
            middle = _standard(_matrix(mine, fitted), fitted) @ np.array(fitted["slopes"])
            middle += fitted["level"]
            heats = np.where(_heats(mine, fuel), *fitted["heating_shares"])
            found.loc[is_fuel, list(OUTPUTS)] = np.column_stack(
                [
                    np.exp(middle),
                    np.exp(middle + fitted["low"]),
                    np.exp(middle + fitted["high"]),
                    heats,
                    np.full(len(mine), fitted["weekend_ratio"]),
                ]
            )
        return found

    def dumps(self) -> dict[str, bytes]:
        """Return the model as a named text file, no pickle; ``loads`` and MLflow read it."""
        said = {"format": _FORMAT, "inputs": INPUTS, "fuels": self.fuels}
        return {"model.json": json.dumps(said).encode()}

    @classmethod
    def loads(cls, files: Mapping[str, bytes]) -> "AnnualUse":
        """Read what ``dumps`` wrote; TypeError where it was of another version of this file."""
        said = json.loads(files["model.json"])
        if said["format"] != _FORMAT or tuple(said["inputs"]) != INPUTS:
            raise TypeError("the model was written by another version of annual_use.py")
        return cls(said["fuels"])


def fit_annual_use(frame: pd.DataFrame) -> AnnualUse:
    """Fit each fuel that enough homes have: INPUTS, ``annual_kwh``, ``heating_share`` and so on."""
    fuels = {}
    for fuel, homes in frame[frame["annual_kwh"] > 0].groupby("fuel", sort=True):
        if len(homes) >= LEAST_HOMES:
            fuels[str(fuel)] = _fitted(homes, str(fuel))
    return AnnualUse(fuels)


def _fitted(homes: pd.DataFrame, fuel: str) -> dict[str, Any]:
    known: dict[str, Any] = {"fuel": fuel, "numbers": {}}
    for name in NUMBERS:
        values = homes[name].to_numpy(dtype=float)
        values = values[np.isfinite(values) & (values > 0)]
        ends = (values.min(), values.max(), np.median(values)) if len(values) else (1.0, 1.0, 1.0)
        # As it is stored, so that what was judged is what scores.
        known["numbers"][name] = [float(end) for end in ends]
    for name in ("house_type", "heating_type_primary"):
        known[name] = sorted({str(v) for v in homes[name].dropna()})
    matrix = _matrix(homes, known)
    spread = matrix.std(axis=0)
    known["middles"] = matrix.mean(axis=0).tolist()
    known["spreads"] = np.where(spread > 1e-9, spread, 0.0).tolist()
    target = np.log(np.maximum(homes["annual_kwh"].to_numpy(dtype=float), _LEAST_KWH))
    known["level"] = float(target.mean())
    columns, wanted = _standard(matrix, known), target - target.mean()
    tried = [_ridge(columns, wanted, penalty) for penalty in PENALTIES]
    slopes, errors = min(tried, key=lambda one: float((one[1] ** 2).mean()))
    low, high = _bounds(errors)
    heats = _heats(homes, fuel)
    share = homes["heating_share"].to_numpy(dtype=float)
    ratios = homes["weekend_ratio"].dropna().to_numpy(dtype=float)
    return known | {
        "slopes": slopes.tolist(),
        "low": min(low, 0.0),
        "high": max(high, 0.0),
        "heating_shares": [_mean(share[heats]), _mean(share[~heats])],
        "weekend_ratio": float(np.median(ratios)) if len(ratios) else 1.0,
    }


def _ridge(columns: Numbers, wanted: Numbers, penalty: float) -> tuple[Numbers, Numbers]:
    """Return the slopes, and what each home would be missed by if it were not there."""
    gram = columns.T @ columns + penalty * np.eye(columns.shape[1])
    solved = np.linalg.solve(gram, columns.T)
    slopes = solved @ wanted
    # The level is fitted without a penalty, which is the 1 / n.
    leverage = np.einsum("ij,ji->i", columns, solved) + 1 / len(wanted)
    return slopes, (wanted - columns @ slopes) / np.maximum(1 - leverage, 1e-6)


def _bounds(errors: Numbers) -> tuple[float, float]:
    """Return the quantiles with the finite-sample correction: ranks of n + 1, away from zero."""
    ordered, n = np.sort(errors), len(errors)
    below = max(math.floor((1 - COVERED) / 2 * (n + 1)), 1)
    return float(ordered[below - 1]), float(ordered[n - below])


def _matrix(rows: pd.DataFrame, known: Mapping[str, Any]) -> Numbers:
    """Return a column a feature; a number beyond those learned from is taken as the nearest."""
    logs = {}
    columns: list[Numbers] = []
    for name in NUMBERS:
        least, most, median = known["numbers"][name]
        values = rows[name].to_numpy(dtype=float)
        is_known = np.isfinite(values) & (values > 0)
        logs[name] = np.log(np.clip(np.where(is_known, values, median), least, most) / median)
        columns += [logs[name], (~is_known).astype(float)]
    heats = _heats(rows, known["fuel"]).astype(float)
    cars = rows["electric_cars"].to_numpy(dtype=float) > 0
    columns += [heats, heats * logs["living_area_m2"], heats * logs["degree_days"]]
    columns.append(cars.astype(float))
    for name in ("house_type", "heating_type_primary"):
        columns += [(rows[name] == value).to_numpy(dtype=float) for value in known[name]]
    return np.column_stack(columns)


def _standard(matrix: Numbers, fitted: Mapping[str, Any]) -> Numbers:
    spread = np.array(fitted["spreads"])
    from_middle = matrix - np.array(fitted["middles"])
    standard: Numbers = np.where(spread > 0, from_middle / np.where(spread > 0, spread, 1.0), 0.0)
    return standard


def _heats(rows: pd.DataFrame, fuel: str) -> npt.NDArray[np.bool_]:
    heats: npt.NDArray[np.bool_] = (
        rows["heating_type_primary"].isin(HEATED_BY.get(fuel, ())).to_numpy(dtype=bool)
    )
    return heats


def _mean(shares: Numbers) -> float:
    known = shares[np.isfinite(shares)]
    return float(known.mean()) if len(known) else 0.0


def _load_pyfunc(path: str) -> AnnualUse:
    """MLflow's way in (flavour python_function, loader_module)."""
    return AnnualUse.loads({file.name: file.read_bytes() for file in Path(path).iterdir()})

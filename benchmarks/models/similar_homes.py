"""Similar homes and the no-meter estimate, each beside the mean by house type.

Similar homes: how much of the variance of annual use the mean of a home's group explains (1 less
the squared errors over those of the mean of all; the home itself never counts), against the mean of
the other homes of its type. Estimate: the homes are cut in four by chance, ten times over; each
quarter is told from the other three.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.models.annual_homes import ideal_homes, simulated_homes
from models.backtests.usage import by_house_type
from models.similar.neighbours import compared
from models.usage.annual_use import INPUTS, fit_annual_use
from models.usage.published import PUBLISHED, bounds

SIMULATED, SEED = 240, 11
_PARTS, _TIMES, _RESAMPLES = 4, 10, 2_000


@dataclass(frozen=True)
class Explained:
    """The share of the variance explained by the group and by house type, of so many homes."""

    homes: int
    by_group: float
    by_house_type: float
    by_group_log: float
    by_house_type_log: float
    contributors: float
    # Share of 2,000 resamples of the homes in which the group explains more than house type.
    better_in: float


@dataclass(frozen=True)
class Told:
    """Median absolute error over the true year, and how many years the bounds hold."""

    homes: int
    error_share: float
    error_share_house_type: float
    coverage: float
    error_share_published: float
    coverage_published: float


def measured(data: Path, folder: Path) -> dict[str, dict[str, object]]:
    """Return the figures of IDEAL, and of simulated homes that are named so."""
    real = ideal_homes(data / "ideal")
    made = simulated_homes(folder, homes=SIMULATED, seed=SEED)
    fuels = {str(f): rows for f, rows in real.groupby("fuel")}
    return {
        "similar homes, IDEAL": {f: asdict(explained(rows)) for f, rows in fuels.items()},
        "estimate, IDEAL": {f: asdict(told(rows)) for f, rows in fuels.items()},
        "estimate, simulated homes": {
            str(f): asdict(told(rows)) for f, rows in made.groupby("fuel") if len(rows) >= 60
        },
    }


def explained(homes: pd.DataFrame) -> Explained:
    """Compare the homes of each house type with one another, as a partner's match cells are."""
    asking = homes.rename(columns={"annual_kwh": "energy_kwh"}).assign(is_asking=True)
    found = pd.concat([compared(c) for _, c in asking.groupby("house_type")])
    both = homes.merge(found[["location_id", "mean_kwh", "contributors"]], on="location_id")
    use = both["annual_kwh"].to_numpy(dtype=float)
    of_type = both.groupby("house_type")["annual_kwh"]
    others = of_type.transform("count") - 1
    typed = ((of_type.transform("sum") - both["annual_kwh"]) / others).to_numpy(dtype=float)
    group = both["mean_kwh"].to_numpy(dtype=float)
    log = np.log(use)
    return Explained(
        homes=len(both),
        by_group=_share(use, group),
        by_house_type=_share(use, typed),
        by_group_log=_share(log, np.log(group)),
        by_house_type_log=_share(log, np.log(typed)),
        contributors=float(both["contributors"].median()),
        better_in=_better_in((use - group) ** 2, (use - typed) ** 2),
    )


def told(homes: pd.DataFrame) -> Told:
    """Tell each home from homes that do not include it, by the model and by house type."""
    rng = np.random.default_rng(SEED)
    homes = homes.reset_index(drop=True)
    errors: list[pd.DataFrame] = []
    for _ in range(_TIMES):
        part = rng.permutation(len(homes)) % _PARTS
        for held in range(_PARTS):
            learned, asked = homes[part != held], homes[part == held]
            true = asked["annual_kwh"].to_numpy(dtype=float)
            found = fit_annual_use(learned).predict(asked[list(INPUTS)])
            low, high, published = _published(asked)
            errors.append(
                pd.DataFrame(
                    {
                        "model": np.abs(found["energy_kwh"].to_numpy(dtype=float) - true) / true,
                        "naive": np.abs(by_house_type(learned, asked) - true) / true,
                        "inside": found["low_kwh"].le(true) & found["high_kwh"].ge(true),
                        "published": np.abs(published - true) / true,
                        "inside_published": np.where(
                            np.isnan(published), np.nan, (low <= true) & (true <= high)
                        ),
                    }
                )
            )
    all_of = pd.concat(errors)
    return Told(
        homes=len(homes),
        error_share=float(all_of["model"].median()),
        error_share_house_type=float(all_of["naive"].median()),
        coverage=float(all_of["inside"].mean()),
        error_share_published=_median(all_of["published"]),
        coverage_published=float(all_of["inside_published"].mean()),
    )


def lines(found: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the figures as text, a line a data set and fuel."""
    said = []
    for what, fuels in found.items():
        for fuel, figures in fuels.items():
            assert isinstance(figures, dict)
            told_of = ", ".join(
                f"{name} {value:.3g}"
                for name, value in figures.items()
                if not (isinstance(value, float) and math.isnan(value))
            )
            said.append(f"{what}, {fuel}: {told_of}")
    return said


def _share(use: np.ndarray, forecast: np.ndarray) -> float:
    return float(1 - ((use - forecast) ** 2).sum() / ((use - use.mean()) ** 2).sum())


def _better_in(group: np.ndarray, typed: np.ndarray) -> float:
    """Return in which share of the resamples the squared errors of the group add up to less."""
    rng = np.random.default_rng(SEED)
    some = rng.integers(0, len(group), (_RESAMPLES, len(group)))
    return float((group[some].sum(axis=1) < typed[some].sum(axis=1)).mean())


def _median(errors: "pd.Series[float]") -> float:
    known = errors.dropna()
    return float(known.median()) if len(known) else math.nan


def _published(asked: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the bounds and the middle of Great Britain's published values, where they apply."""
    low, high, middle = (np.full(len(asked), np.nan) for _ in range(3))
    if not (asked["partner_id"] == "ideal").all():
        return low, high, middle
    for typical in PUBLISHED:
        is_fuel = (asked["fuel"] == typical.fuel).to_numpy(dtype=bool)
        low[is_fuel], high[is_fuel] = bounds(typical)
        middle[is_fuel] = typical.median_kwh
    return low, high, middle

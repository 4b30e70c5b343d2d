"""The homes of one match cell -> for each home that asks, its nearest ones and what they use.

Nearness looks at the profile, the climate and the shape of the days, never at how much a home uses:
a group that is chosen by use finds every home normal. Each feature counts in standard deviations
of the cell, those of the shape together as much as one of the others. Knows neither Spark nor the
lake.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from gold.contracts import LARGEST_SHARE, SMALLEST_GROUP
from models.contracts import DECILES, DECILES_FROM, LARGEST_GROUP, decile_column

PROFILE = ("living_area_m2", "persons", "electric_cars", "has_pv", "degree_days")
SHAPE = ("night_share", "day_share", "evening_share", "weekend_ratio")
COMPARED = (
    "contributors", "mean_kwh", *(decile_column(d) for d in DECILES), "efficient_kwh", "own_decile",
)  # fmt: skip
_BEST = 0.2
_FARTHEST = 3.0
_ROWS_AT_ONCE = 256
Numbers = npt.NDArray[np.float64]


def compared(cell: pd.DataFrame) -> pd.DataFrame:
    """Return a row with COMPARED a home that asks, where its group may be told.

    ``cell`` has a row a home: ``location_id``, ``energy_kwh``, ``is_asking``, PROFILE and SHAPE (a
    number or nothing). The order of its rows settles ties. Energy in kWh.
    """
    asking = np.flatnonzero(cell["is_asking"].to_numpy(dtype=bool))
    energy = cell["energy_kwh"].to_numpy(dtype=float)
    places = _places(cell)
    told: list[dict[str, float]] = []
    of: list[int] = []
    for first in range(0, len(asking), _ROWS_AT_ONCE):
        some = asking[first : first + _ROWS_AT_ONCE]
        for home, group in zip(some, _nearest(places, some), strict=True):
            contributing = undominated(energy[group])
            if len(contributing) >= SMALLEST_GROUP:
                told.append(_told(contributing, float(energy[home])))
                of.append(int(home))
    rows = pd.DataFrame(told, columns=list(COMPARED))
    rows.insert(0, "location_id", cell["location_id"].to_numpy()[of])
    return rows


def group_size(others: int) -> int:
    """Return how many of the others are asked: between the smallest group and all, as a product.

    The nearest of a few are hardly nearer than the rest; of many, a hundred are enough.
    """
    wanted = math.ceil(math.sqrt(SMALLEST_GROUP * others))
    return min(max(wanted, SMALLEST_GROUP), LARGEST_GROUP, others)


def undominated(energy: Numbers) -> Numbers:
    """Leave out homes, the largest first, until none is over a fifth of their sum."""
    kept = np.sort(energy)
    while len(kept) and kept[-1] > LARGEST_SHARE * kept.sum():
        kept = kept[:-1]
    return kept


def _places(cell: pd.DataFrame) -> Numbers:
    """Return where each home is: a column a feature, in standard deviations, 0 for the unknown."""
    values = cell[[*PROFILE, *SHAPE]].to_numpy(dtype=float, na_value=np.nan)
    area = PROFILE.index("living_area_m2")
    # Twice as large is as far from a flat as from a house.
    values[:, area] = np.log(np.where(values[:, area] > 0, values[:, area], np.nan))
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    from_mean = np.where(known, values - mean, 0.0)
    deviation = np.sqrt((from_mean**2).sum(axis=0) / count)
    places = from_mean / np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, np.inf)
    places = np.clip(places, -_FARTHEST, _FARTHEST)
    places[:, len(PROFILE) :] /= math.sqrt(len(SHAPE))
    found: Numbers = places
    return found


def _nearest(places: Numbers, some: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return for each of ``some`` the homes of its group, itself left out."""
    ones = places[some]
    square = (ones**2).sum(axis=1)[:, None] + (places**2).sum(axis=1) - 2 * ones @ places.T
    # Rounded, so that equally near ones stay in the order of the rows.
    square = square.round(9)
    square[np.arange(len(some)), some] = np.inf
    count = group_size(len(places) - 1)
    order: npt.NDArray[np.intp] = np.argsort(square, axis=1, kind="stable")[:, :count]
    return order


def _told(energy: Numbers, own: float) -> dict[str, float]:
    is_large = len(energy) >= DECILES_FROM
    quantiles = np.percentile(energy, DECILES)
    deciles = {
        decile_column(d): float(kwh) if is_large or d == 50 else math.nan
        for d, kwh in zip(DECILES, quantiles, strict=True)
    }
    best = energy[: max(int(_BEST * len(energy)), 1)]
    return {
        "contributors": len(energy),
        "mean_kwh": float(energy.mean()),
        **deciles,
        "efficient_kwh": float(best.mean()) if is_large else math.nan,
        # By the deciles that stand beside it, also where they are not told.
        "own_decile": int((quantiles < own).sum()) + 1,
    }

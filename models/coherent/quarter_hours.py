"""Forecast of a home's hours + its own recent quarter-hours -> quantiles and means of quarters.

The quarters of an hour share its mean as they did lately. How far a quarter strays is taken from
what the hours did: each recent hour, at its rank among those of its time of day, is put at the same
rank of the forecast and split as it was then (ensemble copula coupling: Schefzik et al. 2013,
"Uncertainty quantification in complex simulation models"; Clark et al. 2004, the Schaake shuffle),
so that high hours keep their peaks. Knows neither Spark nor the lake.
"""

import numpy as np
import numpy.typing as npt

from models.contracts import QUANTILES

LEAST_DAYS = 7
# Hours of the day before and after that are split alike.
_AROUND = 1
# Where the tails that no quantile tells end, in parts of the nearest quantiles' distance.
_TAIL = 0.5
Numbers = npt.NDArray[np.float64]


def in_parts(
    recent: Numbers, local_hour: npt.NDArray[np.intp], quantiles: Numbers, mean: Numbers
) -> tuple[Numbers, Numbers]:
    """Return quantiles (hours, parts, quantile) and means (hours, parts), kWh, of parts of hours.

    ``recent`` has the home's days, (days, 24, parts), NaN for gaps; ``quantiles`` (hours, 7) and
    ``mean`` (hours,) are of the hours that are forecast, at ``local_hour`` each. The means of an
    hour's parts add up to its own; the quantiles do not cross.
    """
    shares = own_shares(recent)
    hours: Numbers = recent.sum(axis=2)
    rank = _ranks(hours)
    split = recent / np.where(hours > 0, hours, np.nan)[:, :, None]
    # An hour without energy has no shares, and needs none.
    split = np.where(np.equal(hours, 0.0)[:, :, None], shares[None], split)
    odd = split / shares[None]
    told = np.empty((len(mean), recent.shape[2], len(QUANTILES)))
    for hour in np.unique(local_hour):
        near = (hour + np.arange(-_AROUND, _AROUND + 1)) % 24
        there = np.isfinite(rank[:, near]) & np.isfinite(odd[:, near]).all(axis=2)
        ranks, odds = rank[:, near][there], odd[:, near][there].ravel()
        for row in np.flatnonzero(local_hour == hour):
            kwh = np.repeat(_at_rank(quantiles[row], ranks), recent.shape[2]) * odds
            told[row] = np.quantile(kwh, QUANTILES) * shares[hour][:, None]
    means: Numbers = mean[:, None] * shares[local_hour]
    return told, means


def own_shares(recent: Numbers) -> Numbers:
    """Return the part of each hour's energy that falls in each of its parts, (24, parts).

    Drawn to even shares as far as they differ no more than chance would have it (James & Stein
    1961; the variance of a ratio of sums by days).
    """
    parts = recent.shape[2]
    whole = np.asarray(np.isfinite(recent).all(axis=2))
    kwh = np.where(whole[:, :, None], recent, 0.0)
    total = kwh.sum(axis=(0, 2))
    seen = kwh.sum(axis=0) / np.where(total > 0, total, 1.0)[:, None]
    seen = np.where(total[:, None] > 0, seen, 1 / parts)
    off = kwh - seen[None] * kwh.sum(axis=2)[:, :, None]
    chance = (off**2).sum(axis=0) / np.where(total > 0, total, 1.0)[:, None] ** 2
    differ = float(((seen - 1 / parts) ** 2).sum())
    trust = max(1 - float(chance.sum()) / differ, 0.0) if differ > 0 else 0.0
    shares: Numbers = 1 / parts + trust * (seen - 1 / parts)
    # None is so small that one reading in it is hundreds of times what is usual.
    shares = np.maximum(shares, 0.1 / parts)
    whole_hours: Numbers = shares / shares.sum(axis=1, keepdims=True)
    return whole_hours


def enough(recent: Numbers) -> bool:
    """Tell whether every hour of the day is known by its parts on LEAST_DAYS days."""
    whole = np.asarray(np.isfinite(recent).all(axis=2))
    return bool((whole.sum(axis=0) >= LEAST_DAYS).all())


def _ranks(hours: Numbers) -> Numbers:
    """Return the rank of each hour among those of its time of day, between 0 and 1; equal: mean."""
    below = (hours[None] < hours[:, None]).sum(axis=1) + 0.5
    level = (hours[None] == hours[:, None]).sum(axis=1)
    count = np.isfinite(hours).sum(axis=0)
    ranks = (below - 0.5 + level / 2) / np.maximum(count, 1)
    return np.where(np.isfinite(hours), ranks, np.nan)


def _at_rank(quantiles: Numbers, ranks: Numbers) -> Numbers:
    """Return the forecast hour's energy (kWh) at ranks, between its quantiles in proportion."""
    least = max(quantiles[0] - _TAIL * (quantiles[2] - quantiles[0]), 0.0)
    most = quantiles[-1] + _TAIL * (quantiles[-1] - quantiles[-3])
    kwh: Numbers = np.interp(ranks, (0.0, *QUANTILES, 1.0), (least, *quantiles, most))
    return kwh

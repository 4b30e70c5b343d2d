"""Parts by the hour -> by local day and month: energy, interval, share, and how sure it is.

An interval holds 80 of 100 (P10 to P90) of a lognormal around the part: the doubt about the size of
a category, which is one error in all hours, and the scatter of its hours, which evens out. Hours
near one another err alike, so theirs counts ALIKE times.
"""

from typing import Literal

import numpy as np
import pandas as pd

from .home import Floats, Ints
from .sharing import ALIKE, Parts

_Z = 1.2816
# Accuracy: half the interval's width over the energy.
HIGH_WIDTH, MEDIUM_WIDTH = 0.2, 0.5
# What is less than this share of the whole is judged as if it were as much.
_LEAST_SHARE = 0.01


def by_period(parts: Parts, resolution: Literal["P1D", "P1M"]) -> pd.DataFrame:
    """Return a row a period and category: kWh add up to what was used in the period.

    Columns: ``local_date`` (its first local day), ``category``, ``energy_kwh``, ``low_kwh``,
    ``high_kwh``, ``share`` (null where nothing was used), ``accuracy``, ``hours``.
    """
    number, dates = _periods(parts, resolution)
    kwh, variance = (_sums(values, number, len(dates)) for values in (parts.kwh, parts.variance))
    whole = kwh.sum(axis=1, keepdims=True)
    relative = np.sqrt((parts.doubt * kwh) ** 2 + ALIKE * variance) / np.maximum(kwh, 1e-9)
    spread = np.sqrt(np.log1p(np.minimum(relative, 10.0) ** 2))
    low = np.minimum(kwh * np.exp(-_Z * spread), kwh)
    high = np.maximum(np.minimum(kwh * np.exp(_Z * spread), whole), kwh)
    width = (high - low) / 2 / np.maximum(kwh, _LEAST_SHARE * np.maximum(whole, 1e-9))
    word = np.where(width <= HIGH_WIDTH, "high", np.where(width <= MEDIUM_WIDTH, "medium", "low"))
    share = np.where(whole > 0, kwh / np.maximum(whole, 1e-300), np.nan)
    hours = np.bincount(number, minlength=len(dates))
    count = len(parts.categories)
    return pd.DataFrame(
        {
            "local_date": np.repeat(dates, count),
            "category": np.tile(np.array(parts.categories), len(dates)),
            "energy_kwh": kwh.ravel(),
            "low_kwh": low.ravel(),
            "high_kwh": high.ravel(),
            "share": share.ravel(),
            "accuracy": word.ravel(),
            "hours": np.repeat(hours, count),
        }
    )


def _periods(parts: Parts, resolution: str) -> tuple[Ints, Ints]:
    """Return the number of each hour's period, and the first days of the periods."""
    days = parts.hours.days
    if resolution == "P1D":
        return parts.hours.day, np.asarray(days.values, dtype="datetime64[D]")
    months = days.values.astype("datetime64[M]")
    firsts, number = np.unique(months, return_inverse=True)
    return number[parts.hours.day], firsts.astype("datetime64[D]")


def _sums(values: Floats, number: Ints, count: int) -> Floats:
    return np.column_stack([np.bincount(number, column, minlength=count) for column in values.T])

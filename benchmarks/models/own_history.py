"""A home's hours of the past -> its next hours, by models that know this home alone.

What the global model has to beat: statsforecast's MSTL (Bandara, Hyndman & Bergmeir 2021, "MSTL: a
seasonal-trend decomposition algorithm") with AutoETS for what is left, and one LightGBM a home.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

MSTL_DAYS, MSTL_LEAST_DAYS = 28, 14
_LAGS, _ROUNDS = 28, 100
_LIGHTGBM = {
    "objective": "regression_l1", "learning_rate": 0.08, "num_leaves": 15,
    "min_data_in_leaf": 40, "seed": 7, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
Numbers = npt.NDArray[np.float64]


def by_mstl(hours: "pd.Series[float]", *, known_until: pd.Timestamp, wanted: pd.Series) -> Numbers:
    """Return the forecast (kWh) of the ``wanted`` instants from the last 28 days; NaN: too few.

    ``hours`` is kWh by instant, an hour apart; gaps take the same hour of the day before.
    """
    from statsforecast.models import MSTL, AutoETS  # noqa: PLC0415 - takes seconds

    last = known_until - pd.Timedelta(hours=1)
    grid = pd.date_range(
        last - pd.Timedelta(days=MSTL_DAYS) + pd.Timedelta(hours=1), last, freq="h"
    )
    past = hours.reindex(grid)
    if past.notna().sum() < MSTL_LEAST_DAYS * 24:
        return np.full(len(wanted), np.nan)
    for _ in range(MSTL_DAYS):
        past = past.fillna(past.shift(24))
    past = past.bfill()
    ahead = ((wanted - known_until) // pd.Timedelta(hours=1)).to_numpy(dtype=int)
    model: Any = MSTL(season_length=[24, 168], trend_forecaster=AutoETS(model="ZZN"))
    found = model.forecast(y=past.to_numpy(dtype=float), h=int(ahead.max()) + 1)["mean"]
    expected: Numbers = np.maximum(np.asarray(found, dtype=float)[ahead], 0.0)
    return expected


def by_own_lightgbm(days: Numbers, *, first_test_day: int, asked: pd.DataFrame) -> Numbers:
    """Return the forecast (kWh) of ``asked`` (day, hour, days_ahead) by a model of this home alone.

    ``days`` has shape (day, local hour); the model learns from the days before ``first_test_day``,
    and looks at the same hour of 28 days until the last known one, their mean and median, the
    hours beside it, weekday and hour.
    """
    import lightgbm  # noqa: PLC0415 - takes seconds

    grid = np.stack(
        np.meshgrid(np.arange(_LAGS + 2, first_test_day), np.arange(24), [1, 2], indexing="ij"), -1
    ).reshape(-1, 3)
    wanted = days[grid[:, 0], grid[:, 1]]
    grid, wanted = grid[~np.isnan(wanted)], wanted[~np.isnan(wanted)]
    if len(wanted) < 24 * 28:
        return np.full(len(asked), np.nan)
    rows = lightgbm.Dataset(_looked_at(days, grid), wanted, params=_LIGHTGBM)
    model = lightgbm.train(_LIGHTGBM, rows, num_boost_round=_ROUNDS)
    places = asked[["day", "local_hour", "days_ahead"]].to_numpy(dtype=int)
    expected: Numbers = np.maximum(model.predict(_looked_at(days, places), num_threads=1), 0.0)
    return expected


def _looked_at(days: Numbers, places: npt.NDArray[np.int_]) -> Numbers:
    day, hour, ahead = places.T
    known = day - ahead
    back = known[:, None] - np.arange(_LAGS)
    lags = np.where(back >= 0, days[back, hour[:, None]], np.nan)
    beside = [
        np.where(back[:, :7] >= 0, days[back[:, :7], (hour[:, None] + step) % 24], np.nan)
        for step in (-1, 1)
    ]
    with np.errstate(all="ignore"):
        means = [_mean(lags), _median(lags), *map(_mean, beside)]
    return np.column_stack([lags[:, :7], lags[:, 7:28:7], *means, day % 7, hour, ahead])


def _mean(values: Numbers) -> Numbers:
    there = ~np.isnan(values)
    mean: Numbers = np.where(there, values, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return mean


def _median(values: Numbers) -> Numbers:
    empty: npt.NDArray[np.bool_] = np.all(np.isnan(values), axis=1, keepdims=True)
    found: Numbers = np.nanmedian(np.where(empty, 0.0, values), axis=1)
    return found

"""Past rows with what came true -> HourlyQuantiles: boosters on early rows, errors on later ones.

One global model for all homes predicts, directly for each horizon (Montero-Manso & Hyndman 2021,
"Principles and algorithms for forecasting groups of time series"), how far the energy will be from
the home's own median of the hour, in deviations of that hour. A row weighs as its deviation does in
the home's level, so that what is minimised is the absolute error as a share of the level. A second
booster tells from calendar, weather and sun what the first missed; a third how large the error is.
Held-out errors over that size give the quantiles by group (Lei et al. 2018, "Distribution-free
predictive inference for regression", section 5.2; Romano et al. 2019 for quantiles), so they cannot
cross; a fourth tells the mean, for the expected value.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .inputs import GROUPS, Group, Numbers, Seen, by_the_sun, centred, level
from .quantiles import LEAST_SIZE, QUANTILES, HourlyQuantiles

PARAMETERS = {
    "objective": "regression_l1",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 300,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    # A second thread waits for the first more than it helps, on rows as few as these.
    "num_threads": 1,
    "verbosity": -1,
}
ROUNDS, ROUNDS_OF_AROUND, ROUNDS_OF_MEAN = 150, 60, 60
# Learned from apart, in few leaves: all homes of a place have the same weather.
_AROUND = {"num_leaves": 8, "min_data_in_leaf": 500}
_CARRIES = np.linspace(0.0, 0.9, 10)
_TRUSTS = np.linspace(0.0, 1.0, 5)
_ENOUGH = 300
# Deviations of an hour from its median that an error counts with at most in the mean.
_MOST = 30.0


def fit_quantiles(
    early: pd.DataFrame, late: pd.DataFrame, *, target: str = "energy_kwh",
    tuned: Mapping[str, float] | None = None,
) -> HourlyQuantiles:  # fmt: skip
    """Fit the boosters on ``early`` rows and the quantiles on the errors made on ``late`` ones.

    Both have INPUTS and ``target`` (kWh). The same rows in the same order give the same model;
    ``tuned`` parameters go before PARAMETERS.
    """
    import lightgbm  # noqa: PLC0415 - takes seconds

    carry = _carry(pd.concat([early, late]), target)
    then, now = Seen.of(early, carry=carry), Seen.of(late, carry=carry)
    left, left_late = _deviations(early[target], then), _deviations(late[target], now)
    weight, weight_late = then.scale / then.level, now.scale / now.level

    def boosted(matrix: Numbers, wanted: Numbers, rounds: int = ROUNDS, **other: str | int) -> Any:
        parameters = {**PARAMETERS, **(tuned or {}), **other}
        rows = lightgbm.Dataset(matrix, wanted, weight=weight, params=parameters)
        return lightgbm.train(parameters, rows, num_boost_round=rounds)

    trust, boosters = [], []
    for matrix, matrix_late, rounds, other in (
        (then.matrix, now.matrix, ROUNDS, {}),
        (then.surroundings, now.surroundings, ROUNDS_OF_AROUND, _AROUND),
    ):
        booster = boosted(matrix, left, rounds, **other)
        said, said_late = booster.predict(matrix), booster.predict(matrix_late)
        taken = _trust(now.group, left_late, said_late, weight_late)
        left = left - _of(taken, then.group) * said
        left_late = left_late - _of(taken, now.group) * said_late
        boosters.append(booster)
        trust.append(taken)

    size = boosted(then.matrix, np.abs(left))
    # The mean of the squares is at the mercy of a few rows.
    capped = np.clip(left, -_MOST, _MOST)
    lean = boosted(then.matrix, capped, ROUNDS_OF_MEAN, objective="regression")
    expected = np.maximum(size.predict(now.matrix, num_threads=1), LEAST_SIZE)
    spread = _spread(left_late / expected, now.group)
    median, around = boosters
    return HourlyQuantiles(median, around, size, lean, spread, np.stack(trust), carry)


def _deviations(kwh: "pd.Series[float]", seen: Seen) -> Numbers:
    deviations: Numbers = (kwh.to_numpy(dtype=float) - seen.centre) / seen.scale
    return deviations


def _of(trust: Numbers, group: Group) -> Numbers:
    fuel, direction, *_ = group
    return trust[fuel, direction]


def _carry(rows: pd.DataFrame, target: str) -> float:
    """Return the carry of production that errs least: climatology and persistence in one.

    Yang 2019, "Making reference solar forecasts with climatology, persistence, and their optimal
    convex combination" (doi 10.1016/j.solener.2019.10.006).
    """
    made = by_the_sun(rows[rows["direction"] == "production"])
    if made.empty:
        return 0.0
    true, home = made[target].to_numpy(dtype=float), level(made)
    errors = [np.mean(np.abs(true - centred(made, carry)) / home) for carry in _CARRIES]
    return float(_CARRIES[int(np.argmin(errors))])


def _trust(group: Group, wanted: Numbers, said: Numbers, weight: Numbers) -> Numbers:
    """Return how much of what trees say of a fuel and direction errs least on later rows.

    What there is little of has trees that were grown for others.
    """
    trust = np.ones(GROUPS[:2])
    fuel, direction, *_ = group
    for one, other in set(zip(fuel.tolist(), direction.tolist(), strict=True)):
        at = (fuel == one) & (direction == other)
        errors = [np.mean(weight[at] * np.abs(wanted[at] - share * said[at])) for share in _TRUSTS]
        trust[one, other] = _TRUSTS[int(np.argmin(errors))]
    return trust


def _spread(errors: Numbers, group: Group) -> Numbers:
    """Return the errors' quantiles by group; a group of few takes those of the next wider one."""
    spread = np.empty((*GROUPS, len(QUANTILES)))
    spread[:] = _quantiles(errors)
    for depth in range(1, len(GROUPS) + 1):
        within = pd.DataFrame({n: group[n] for n in range(depth)})
        for place, rows in within.groupby(list(within), sort=True).indices.items():
            if len(rows) >= _ENOUGH:
                spread[place if isinstance(place, tuple) else (place,)] = _quantiles(errors[rows])
    # As it is stored, so that what was judged is what scores.
    return spread.round(5)


def _quantiles(errors: Numbers) -> Numbers:
    """Return QUANTILES with the finite-sample correction (n + 1) away from the middle."""
    n = max(len(errors), 1)
    levels = [min(max(0.5 + (q - 0.5) * (n + 1) / n, 0.0), 1.0) for q in QUANTILES]
    around: Numbers = np.quantile(errors, levels) if len(errors) else np.zeros(len(QUANTILES))
    middle = QUANTILES.index(0.5)
    around[middle] = 0.0
    around[:middle] = np.minimum(around[:middle], 0.0)
    around[middle + 1 :] = np.maximum(around[middle + 1 :], 0.0)
    return around

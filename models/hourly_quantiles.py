"""Rows of recent load -> quantiles and mean of an hour's energy: LightGBM, conformal around it.

One global model for all homes predicts, directly for each horizon (Montero-Manso & Hyndman 2021,
"Principles and algorithms for forecasting groups of time series"), how far the energy will be from
the home's own median of the hour, in deviations of that hour; so trees learn what moves it, not
what it is. A row weighs as its deviation does in the home's level, so that what is minimised is the
absolute error as a share of the level. A second model predicts how large the error of the first is;
held-out errors over that size give the quantiles by group (Lei et al. 2018, "Distribution-free
predictive inference for regression", section 5.2; Romano et al. 2019 for quantiles), so they
cannot cross; a third predicts its mean, for the expected value. Imports nothing of the project: the
file is logged beside the model and loads it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
_SCALED = (
    "week_before_kwh",
    *(f"lag_{days}d_kwh" for days in range(1, 8)),
    "mean_7d_kwh",
    "mean_28d_kwh",
    "median_28d_kwh",
    "deviation_28d_kwh",
    *(f"p{share}_28d_kwh" for share in (10, 25, 75, 90)),
    "kind_mean_28d_kwh",
    "kind_median_28d_kwh",
    "hour_before_kwh",
    "hour_after_kwh",
    "week_level_kwh",
    "last_day_kwh",
    "highest_hour_kwh",
    "lowest_hour_kwh",
)
# How the last hours differ from what is usual at them: in the home's level, being other hours.
LAST_HOURS = (1, 3, 6, 24)
_OFF = tuple(f"last_{hours}h_off_kwh" for hours in LAST_HOURS)
_PLAIN = (
    "days_ahead", "horizon_h", "local_hour", "weekday", "day_of_year", "days_observed", "silent_h",
    "day_above", "week_above",
)  # fmt: skip
# Of the hour and its place: null where nothing is known of it (models.surroundings).
SURROUNDINGS = (
    "is_holiday", "temperature_c", "irradiance_w_m2", "temperature_28d_c", "irradiance_28d_w_m2",
    "temperature_1d_c", "irradiance_1d_w_m2", "sun_w_m2", "sun_28d_w_m2",
)  # fmt: skip
_FUELS = ("elec", "gas", "district_heating")
_DIRECTIONS = ("import", "export", "consumption", "production")
INPUTS = ("fuel", "direction", "level_kwh", *_SCALED, *_OFF, *_PLAIN, *SURROUNDINGS)
_FORMAT = 4
_BANDS = (48, 168)
_GROUPS = (len(_FUELS) + 1, len(_DIRECTIONS) + 1, len(_BANDS) + 1, 24)
_ENOUGH = 300
_LEAST = 1e-6
_OF_ROOFS = ("production", "export")
_LEAST_LIGHT_W_M2, _MOST_LIGHT, _MOST_SUN = 5.0, 5.0, 2.0
_CARRIES = np.linspace(0.0, 0.9, 10)
_TRUSTS = np.linspace(0.0, 1.0, 5)
_LEAST_SCALE, _MOST_SCALE = 0.05, 0.5
# Deviations of an hour from its median that an error counts with at most in the mean.
_MOST = 30.0
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
_AROUND = {"num_leaves": 8, "min_data_in_leaf": 500}
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HourlyQuantiles:
    """Boosters for the median, the size of its error and its mean, and the error's quantiles.

    ``spread`` has shape (fuel, direction, horizon band, local hour, quantile), in sizes of the
    error; ``lean`` tells how far the mean lies from the median, in deviations of the hour.
    ``trust`` (booster, fuel, direction) is how much of ``median`` is taken, and of ``around``,
    which tells from calendar, weather and sun what the median missed; ``carry`` is how much of a
    day's difference from the median of production lasts to the next.
    """

    median: Any
    around: Any
    size: Any
    lean: Any
    spread: Numbers
    trust: Numbers
    carry: float

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return p05_kwh to p95_kwh (never crossing) and mean_kwh, all >= 0, for rows with INPUTS.

        Medians of hours do not add up to the median of a day; means do.
        """
        rows = _seen(rows)
        centre, scale = _centre(rows, self.carry), _scale(rows)
        matrix, surroundings = _matrix(rows, centre, scale), _surroundings(rows, centre, scale)
        middle, size = self._middle_and_size(matrix, surroundings, rows)
        mean = middle + self.lean.predict(matrix, num_threads=1)
        middle, size, mean = centre + scale * middle, scale * size, centre + scale * mean
        around = middle[:, None] + size[:, None] * self.spread[_group(rows)]
        kwh = np.maximum(np.maximum.accumulate(around, axis=1), 0.0)
        forecast = pd.DataFrame(
            kwh, columns=[f"p{round(q * 100):02d}_kwh" for q in QUANTILES], index=rows.index
        )
        return forecast.assign(mean_kwh=np.maximum(mean, 0.0))

    def dumps(self) -> dict[str, bytes]:
        """Return the model as named text files, no pickles; ``loads`` and MLflow read them."""
        said = {"format": _FORMAT, "inputs": INPUTS, "spread": self.spread.tolist(),
                "trust": self.trust.tolist(), "carry": self.carry}  # fmt: skip
        files = {
            "median.txt": self.median.model_to_string(),
            "around.txt": self.around.model_to_string(),
            "size.txt": self.size.model_to_string(),
            "lean.txt": self.lean.model_to_string(),
            "model.json": json.dumps(said),
        }
        return {name: text.encode() for name, text in files.items()}

    @classmethod
    def loads(cls, files: Mapping[str, bytes]) -> "HourlyQuantiles":
        """Read what ``dumps`` wrote; TypeError where it was of another version of this file."""
        import lightgbm  # noqa: PLC0415 - takes seconds

        said = json.loads(files["model.json"])
        if said["format"] != _FORMAT or tuple(said["inputs"]) != INPUTS:
            raise TypeError("the model looks at other inputs than this version: train a new one")
        median, around, size, lean = (
            lightgbm.Booster(model_str=files[f"{name}.txt"].decode())
            for name in ("median", "around", "size", "lean")
        )
        spread, trust = np.array(said["spread"]), np.array(said["trust"])
        return cls(median, around, size, lean, spread, trust, said["carry"])

    def _middle_and_size(
        self, matrix: Numbers, surroundings: Numbers, rows: pd.DataFrame
    ) -> tuple[Numbers, Numbers]:
        # One thread: that is what a Spark worker has.
        fuel, direction, *_ = _group(rows)
        own, around = (trust[fuel, direction] for trust in self.trust)
        middle = own * self.median.predict(matrix, num_threads=1)
        middle = middle + around * self.around.predict(surroundings, num_threads=1)
        return middle, np.maximum(self.size.predict(matrix, num_threads=1), _LEAST)


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
    then, now = _Learned.of(early, target, carry), _Learned.of(late, target, carry)

    def boosted(matrix: Numbers, wanted: Numbers, rounds: int = ROUNDS, **other: str | int) -> Any:
        parameters = {**PARAMETERS, **(tuned or {}), **other}
        rows = lightgbm.Dataset(matrix, wanted, weight=then.weight, params=parameters)
        return lightgbm.train(parameters, rows, num_boost_round=rounds)

    def trusted(booster: Any, matrices: tuple[Numbers, Numbers]) -> Numbers:
        """Take off what is trusted of a booster, from what is wanted of both."""
        old, new = (booster.predict(matrix) for matrix in matrices)
        trust = _trust(late, now.wanted, new, now.weight)
        then.wanted -= trust[_group(early)[:2]] * old
        now.wanted -= trust[_group(late)[:2]] * new
        return trust

    median = boosted(then.matrix, then.wanted)
    of_median = trusted(median, (then.matrix, now.matrix))
    around = boosted(then.surroundings, then.wanted, ROUNDS_OF_AROUND, **_AROUND)
    of_around = trusted(around, (then.surroundings, now.surroundings))
    errors = then.wanted
    size = boosted(then.matrix, np.abs(errors))
    # The mean of the squares is at the mercy of a few rows.
    capped = np.clip(errors, -_MOST, _MOST)
    lean = boosted(then.matrix, capped, ROUNDS_OF_MEAN, objective="regression")
    expected = np.maximum(size.predict(now.matrix, num_threads=1), _LEAST)
    spread = _spread(now.wanted / expected, _group(late))
    trust = np.stack([of_median, of_around])
    return HourlyQuantiles(median, around, size, lean, spread, trust, carry)


@dataclass
class _Learned:
    """What boosters see of rows, what is wanted of them, and how much each row weighs."""

    matrix: Numbers
    surroundings: Numbers
    wanted: Numbers
    weight: Numbers

    @classmethod
    def of(cls, rows: pd.DataFrame, target: str, carry: float) -> "_Learned":
        rows = _seen(rows)
        centre, scale = _centre(rows, carry), _scale(rows)
        wanted = (rows[target].to_numpy(dtype=float) - centre) / scale
        matrix, around = _matrix(rows, centre, scale), _surroundings(rows, centre, scale)
        return cls(matrix, around, wanted, scale / _level(rows))


def _carry(rows: pd.DataFrame, target: str) -> float:
    """Return the carry of production that errs least: climatology and persistence in one.

    Yang 2019, "Making reference solar forecasts with climatology, persistence, and their optimal
    convex combination" (doi 10.1016/j.solener.2019.10.006).
    """
    made = _seen(rows[rows["direction"] == "production"])
    if made.empty:
        return 0.0
    true, level = made[target].to_numpy(dtype=float), _level(made)
    errors = [np.mean(np.abs(true - _centre(made, carry)) / level) for carry in _CARRIES]
    return float(_CARRIES[int(np.argmin(errors))])


def _trust(rows: pd.DataFrame, wanted: Numbers, said: Numbers, weight: Numbers) -> Numbers:
    """Return how much of what trees say of a fuel and direction errs least on later rows.

    What there is little of has trees that were grown for others.
    """
    trust = np.ones(_GROUPS[:2])
    fuel, direction, *_ = _group(rows)
    for one, other in set(zip(fuel.tolist(), direction.tolist(), strict=True)):
        at = (fuel == one) & (direction == other)
        errors = [np.mean(weight[at] * np.abs(wanted[at] - share * said[at])) for share in _TRUSTS]
        trust[one, other] = _TRUSTS[int(np.argmin(errors))]
    return trust


def _spread(errors: Numbers, group: tuple[npt.NDArray[np.intp], ...]) -> Numbers:
    """Return the errors' quantiles by group; a group of few takes those of the next wider one."""
    spread = np.empty((*_GROUPS, len(QUANTILES)))
    spread[:] = _quantiles(errors)
    for depth in range(1, len(_GROUPS) + 1):
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


def _matrix(rows: pd.DataFrame, centre: Numbers, scale: Numbers) -> Numbers:
    level = _level(rows)
    columns = [(rows[name].to_numpy(dtype=float) - centre) / scale for name in _SCALED]
    columns += [rows[name].to_numpy(dtype=float) / level for name in _OFF]
    columns += [rows[name].to_numpy(dtype=float) for name in _PLAIN]
    fuel, direction, *_ = _group(rows)
    own = (centre / level, scale / level, np.log(level))
    return np.column_stack([*columns, *own, fuel, direction])


def _surroundings(rows: pd.DataFrame, centre: Numbers, scale: Numbers) -> Numbers:
    """Return what calendar, weather and sun say of the hour, as differences from the last weeks.

    Panels make energy as they get light, so what roofs made is told once more in the light ahead.
    All homes of a place have the same weather, so it is learned from apart and in few leaves.
    """
    level = _level(rows)
    fuel, direction, *_ = _group(rows)
    said = {name: rows[name].to_numpy(dtype=float) for name in SURROUNDINGS}
    light = _in_light(said["irradiance_w_m2"], said["irradiance_28d_w_m2"])
    usual = rows["mean_28d_kwh"].to_numpy(dtype=float)
    has_roof = rows["direction"].isin(_OF_ROOFS).to_numpy()
    columns = [
        said["is_holiday"],
        said["temperature_c"],
        said["temperature_c"] - said["temperature_28d_c"],
        said["temperature_1d_c"] - said["temperature_28d_c"],
        light,
        _in_light(said["irradiance_1d_w_m2"], said["irradiance_28d_w_m2"]),
        _in_light(said["sun_w_m2"], said["sun_28d_w_m2"]),
        said["sun_w_m2"],
        np.where(has_roof, (usual * light - centre) / scale, np.nan),
        *(rows[name].to_numpy(dtype=float) for name in ("local_hour", "horizon_h", "weekday")),
        centre / level,
        scale / level,
        fuel,
        direction,
    ]
    return np.column_stack(columns)


def _in_light(now: Numbers, usual: Numbers) -> Numbers:
    """Return how much more light there is than usual; null where it is usually dark."""
    known = np.where(usual >= _LEAST_LIGHT_W_M2, usual, np.nan)
    return np.minimum(now / known, _MOST_LIGHT)


def _centre(rows: pd.DataFrame, carry: float) -> Numbers:
    """What to expect of the hour (kWh) before anything else is looked at."""
    both = rows[["median_28d_kwh", "kind_median_28d_kwh"]].to_numpy(dtype=float)
    centre: Numbers = both.mean(axis=1)
    lasting = carry ** rows["days_ahead"].to_numpy(dtype=float)
    lasting = np.where((rows["direction"] == "production").to_numpy(), lasting, 0.0)
    return centre + lasting * np.nan_to_num(rows["lag_1d_kwh"].to_numpy(dtype=float) - centre)


def _scale(rows: pd.DataFrame) -> Numbers:
    """How far the hour strays (kWh): its deviation, bounded lest one wild reading sets it."""
    level, deviation = _level(rows), rows["deviation_28d_kwh"].to_numpy(dtype=float)
    between = rows["p90_28d_kwh"].to_numpy(dtype=float) - rows["p10_28d_kwh"].to_numpy(dtype=float)
    scale: Numbers = np.maximum(
        np.minimum(deviation, np.maximum(between, _MOST_SCALE * level)), _LEAST_SCALE * level
    )
    return scale


def _seen(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with production by the sun: it keeps no week, and its days grow longer."""
    is_production = (rows["direction"] == "production").to_numpy()
    if not is_production.any():
        return rows
    told = {f"kind_{n}_28d_kwh": np.where(is_production, rows[f"{n}_28d_kwh"],
                                          rows[f"kind_{n}_28d_kwh"])
            for n in ("mean", "median")}  # fmt: skip
    dates = {n: np.where(is_production, np.nan, rows[n])
             for n in ("weekday", "day_of_year", "is_holiday")}  # fmt: skip
    sun = _in_light(*(rows[name].to_numpy(dtype=float) for name in ("sun_w_m2", "sun_28d_w_m2")))
    longer = np.where(is_production & ~np.isnan(sun), np.minimum(sun, _MOST_SUN), 1.0)
    rows = rows.assign(**told, **dates)
    return rows.assign(**{name: rows[name].to_numpy(dtype=float) * longer for name in _SCALED})


def _level(rows: pd.DataFrame) -> Numbers:
    level: Numbers = np.maximum(rows["level_kwh"].to_numpy(dtype=float), _LEAST)
    return level


def _group(rows: pd.DataFrame) -> tuple[npt.NDArray[np.intp], ...]:
    def coded(name: str, values: tuple[str, ...]) -> npt.NDArray[np.intp]:
        # What is not among the values has code -1, which is the last place: that of the others.
        codes = pd.Categorical(rows[name], categories=list(values)).codes
        return np.asarray(codes, dtype=np.intp) % (len(values) + 1)

    band = np.searchsorted(_BANDS, rows["horizon_h"].to_numpy(dtype=float), side="right")
    hour = rows["local_hour"].to_numpy(dtype=np.intp)
    return coded("fuel", _FUELS), coded("direction", _DIRECTIONS), band, hour


def _load_pyfunc(path: str) -> HourlyQuantiles:
    """MLflow's way in (flavour python_function, loader_module)."""
    return HourlyQuantiles.loads({file.name: file.read_bytes() for file in Path(path).iterdir()})

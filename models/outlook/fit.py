"""Past questions with what came true -> OutlookQuantiles: priors, boosters, held-out errors.

The quantiles are of a rolling origin: each time the model is fitted on what was known until then,
and its errors on later questions are kept, so that they are of weather that it had not seen. The
model that is kept is fitted on all of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .climate import Numbers
from .known import DAYS, DIRECTIONS, FUELS, MONTHS, Known, known_of
from .quantiles import (
    DAY_BANDS,
    MONTH_BANDS,
    QUANTILES,
    OutlookQuantiles,
    boosted_share,
    groups,
    started,
)
from .regression import Prior, Sums, kind, learned, sums
from .seen import Seen, seen, terms_of

PARAMETERS = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 127,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    # A second thread waits for the first more than it helps, on rows as few as these.
    "num_threads": 1,
    "verbosity": -1,
}
ROUNDS = 100
SERIES = ["partner_id", "location_id", "fuel", "direction"]
# Where the model is fitted to make errors on what follows, as shares of the issues.
_ORIGINS = (0.5, 0.65, 0.8)
_ENOUGH_DAYS, _ENOUGH_MONTHS = 300, 60
# A day of many times the level would weigh as much as hundreds of others.
_HIGHEST = 8.0
# Of a month's days so many have to be metered whole; its total is their mean times its days.
MONTH_NEEDS = 2 / 3
# Every so many-th question is learned from as if there were no weather.
_BLIND = 8
Places = tuple[npt.NDArray[np.intp], ...]


class _Asked(NamedTuple):
    """A question, what it says, and what is learned from it: some as if there were no weather."""

    row: Any
    seen: Seen
    learned: Seen


class Truth(NamedTuple):
    """What came true of the days and months of a question; NaN where it is not known (kWh)."""

    day: Numbers
    month: Numbers


def fit_outlooks(
    frame: pd.DataFrame, *, until: int, tuned: Mapping[str, float] | None = None
) -> OutlookQuantiles:
    """Fit on questions (INPUTS, SERIES, ``true_kwh``) and what came true before day ``until``.

    ``true_kwh`` is of the days from ``first_day`` on, NaN where one was not metered whole;
    ``tuned`` goes before PARAMETERS.
    """
    parameters = {**PARAMETERS, **(tuned or {})}
    frame = frame[frame["first_day"] < until].sort_values(["first_day", *SERIES], ignore_index=True)
    asked = _seen(frame)
    cuts = [int(frame["first_day"].quantile(share)) for share in _ORIGINS]
    bounds = [*dict.fromkeys(cuts), until]
    day_errors, month_errors = [], []
    for cut, following in pairwise(bounds):
        model = _fitted(asked, cut, parameters)
        after = [one for one in asked if cut <= int(one.row.first_day) < following]
        if model is None or not after:
            continue
        homes = [known_of(one.seen, model.priors) for one in after]
        for one, home, totals in zip(after, homes, model.totals(homes), strict=True):
            row = one.row
            truth = came_true(row, home, until)
            series = (str(row.fuel), str(row.direction))
            day_errors.append(_errors(truth.day, totals.day, totals.day_size, series, DAY_BANDS))
            month_errors.append(
                _errors(truth.month, totals.month, totals.month_size, series, MONTH_BANDS)
            )
    model = _fitted(asked, until, parameters)
    if model is None:
        raise ValueError("no question has an answer: lacking() tells")
    return OutlookQuantiles(
        model.priors, model.middle, model.size,
        _spread(day_errors, len(DAY_BANDS) + 1, _ENOUGH_DAYS, _quantiles),
        _spread(month_errors, len(MONTH_BANDS) + 1, _ENOUGH_MONTHS, _even_quantiles),
    )  # fmt: skip


def came_true(row: Any, home: Known, until: int) -> Truth:
    """Return what was known before day ``until``; of the first month what was then to come."""
    true = _days_true(row, len(home.base) - len(home.observed), until)
    first = home.first.astype("M8[D]")
    month = (first + np.arange(len(true))).astype("M8[M]").astype(np.int64)
    place, has = month - month[0], np.isfinite(true)
    days, whole = np.bincount(place, minlength=MONTHS), np.bincount(place, has, MONTHS)
    total = np.bincount(place, np.where(has, true, 0.0), MONTHS)
    # A month that is not over yet has no total.
    is_over = np.cumsum(days) <= until - int(row.first_day)
    enough = is_over & (whole >= MONTH_NEEDS * days) & (days > 0)
    scaled = np.divide(total * days, whole, out=np.full(MONTHS, np.nan), where=enough)
    return Truth(true[:DAYS], scaled)


def _days_true(row: Any, count: int, until: int) -> Numbers:
    """Return the first days (kWh) as known before day ``until``; NaN where they were not."""
    true = np.full(count, np.nan)
    there = np.asarray(row.true_kwh[: max(until - int(row.first_day), 0)], dtype=float)
    true[: len(there)] = there[:count]
    return true


def _seen(frame: pd.DataFrame) -> list[_Asked]:
    """Return what each question says, looked at once for all that learn from it."""
    asked = []
    rows: Iterable[Any] = frame.itertuples(index=False)
    for number, row in enumerate(rows):
        of = seen(row)
        is_blind = number % _BLIND == 0
        asked.append(_Asked(row, of, seen(row._replace(climate_days=None)) if is_blind else of))
    return asked


def _priors(asked: Sequence[_Asked]) -> dict[str, Prior]:
    """Return what the homes of each kind have in common, from the last question of each series."""
    last = {tuple(getattr(one.row, name) for name in SERIES): one for one in asked}
    homes: dict[str, list[Sums]] = {}
    for _, (row, of, _) in sorted(last.items()):
        if len(of.history.ago):
            named = kind(of.fuel, of.direction, has_weather=False)
            blind = terms_of(row, of.history, None) if of.has_climate else of.terms
            homes.setdefault(named, []).append(sums(blind, of.history.kwh))
            if of.has_climate:
                named = kind(of.fuel, of.direction, has_weather=True)
                homes.setdefault(named, []).append(sums(of.terms, of.history.kwh))
    return {named: learned(of_kind) for named, of_kind in sorted(homes.items())}


def _fitted(
    asked: Sequence[_Asked], cut: int, parameters: Mapping[str, object]
) -> OutlookQuantiles | None:
    """Return a model of what was known before day ``cut``, without quantiles yet."""
    import lightgbm  # noqa: PLC0415 - takes seconds

    before = [one for one in asked if int(one.row.first_day) < cut]
    priors = _priors(before)
    features, wanted, starts = [], [], []
    for one in before:
        home = known_of(one.learned, priors)
        day = _days_true(one.row, DAYS, cut) / home.level
        has = np.isfinite(day)
        features.append(home.features[has])
        wanted.append(np.clip(day[has], 0.0, _HIGHEST))
        starts.append(started(home)[has])
    if not wanted or not sum(map(len, wanted)):
        return None
    matrix = np.vstack(features)
    more = np.concatenate(wanted) - np.concatenate(starts)

    def boosted(target: Numbers) -> Any:
        said = dict(parameters)
        rows = lightgbm.Dataset(matrix, target, params=said, free_raw_data=True)
        return lightgbm.train(said, rows, num_boost_round=ROUNDS)

    middle = boosted(more)
    said = boosted_share(middle.predict(matrix, num_threads=1))
    size = boosted(np.abs(more - said))
    return OutlookQuantiles(priors, middle, size, np.empty(0), np.empty(0))


def _errors(
    true: Numbers, mean: Numbers, size: Numbers, series: tuple[str, str], bands: tuple[int, ...]
) -> Numbers:
    """Return a row a known total: fuel, band, direction, error over its expected size."""
    has = np.isfinite(true)
    fuel, band, direction = groups(*series, np.arange(len(true)), bands)
    rows = np.column_stack(
        [np.full(len(true), fuel), band, np.full(len(true), direction), (true - mean) / size]
    )
    return rows[has]


def _spread(
    errors: Sequence[Numbers], bands: int, enough: int, of: Callable[[Numbers], Numbers]
) -> Numbers:
    """Return the errors' quantiles by fuel, band and direction.

    A band of few takes those of the nearer band, a direction of few those of all directions.
    """
    rows = np.vstack(errors) if errors else np.empty((0, 4))
    spread = np.empty((len(FUELS) + 1, bands, len(DIRECTIONS) + 1, len(QUANTILES)))
    spread[:] = of(rows[:, 3])
    for fuel in range(len(FUELS) + 1):
        of_fuel = rows[rows[:, 0] == fuel]
        if len(of_fuel) >= enough:
            spread[fuel] = of(of_fuel[:, 3])
        for band in range(bands):
            of_band = of_fuel[of_fuel[:, 1] == band]
            if len(of_band) >= enough:
                spread[fuel, band:] = of(of_band[:, 3])
        for band in range(bands):
            for direction in range(len(DIRECTIONS) + 1):
                of_all = of_fuel[(of_fuel[:, 1] == band) & (of_fuel[:, 2] == direction), 3]
                if len(of_all) >= enough:
                    spread[fuel, band:, direction] = of(of_all)
    # As it is stored, so that what was judged is what scores.
    return spread.round(5)


def _quantiles(errors: Numbers) -> Numbers:
    """Return QUANTILES with the finite-sample correction (n + 1) away from the middle."""
    n = max(len(errors), 1)
    levels = [min(max(0.5 + (q - 0.5) * (n + 1) / n, 0.0), 1.0) for q in QUANTILES]
    around: Numbers = np.quantile(errors, levels) if len(errors) else np.zeros(len(QUANTILES))
    # That all errors of a season went one way says nothing of the next: the middle stays.
    middle = QUANTILES.index(0.5)
    around[middle] = 0.0
    around[:middle] = np.minimum(around[:middle], 0.0)
    around[middle + 1 :] = np.maximum(around[middle + 1 :], 0.0)
    return around


def _even_quantiles(errors: Numbers) -> Numbers:
    """Return QUANTILES as far below as above, from the size of the errors alone.

    A year has few months: that all were colder than usual says how far weather goes, not where to.
    """
    size = np.abs(errors)
    return np.array([np.sign(q - 0.5) * _within(size, abs(2 * q - 1)) for q in QUANTILES])


def _within(size: Numbers, share: float) -> float:
    n = max(len(size), 1)
    return float(np.quantile(size, min(share * (n + 1) / n, 1.0))) if len(size) else 0.0

"""A home's last year of days -> its regression, and what is known of each day to come."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .climate import Climate, Numbers
from .regression import ALIKE, Prior, basis, prior_of, regressed

# What a question says. Days are counted since 1970; `days_ago` of the energy (kWh) and the
# temperature (°C, may lack) of whole days, 1 is the day before first_day; the climate of the home's
# weather point as count, sum and sum of squares of its temperatures before (climate.STEP_DAYS);
# forecast_c of the days from first_day on, as issued by then (may lack).
INPUTS = (
    "fuel", "direction", "latitude", "first_day", "days_ago", "kwh", "temperature_c",
    "climate_days", "climate_c", "climate_c2", "forecast_c",
)  # fmt: skip
DAYS, MONTHS, YEAR = 31, 13, 365
FUELS = ("elec", "gas", "district_heating")
DIRECTIONS = ("import", "export", "consumption", "production")
# A year, of which a sixth may lack: then the home's own days tell the season.
_OWN_YEAR_DAYS = 304
# So old a day weighs half.
_HALF_LIFE = 120.0
# Of what the last four weeks were off, half stays: habits last, chance does not.
_LATELY, _KEPT = 28, 0.5
_LEAST = 1e-3


class Known(NamedTuple):
    """One home at one time.

    ``base`` and ``doubt`` (over ``level``, kWh a day) reach from the first of the month of
    ``first`` to the end of the twelfth month after; the first ``len(observed)`` are past, and
    ``observed`` is their energy (kWh), NaN where it was not metered whole. ``carried`` is what the
    days to come keep of how the last ones were off the regression.
    """

    level: float
    first: np.datetime64
    base: Numbers
    doubt: Numbers
    carried: float
    observed: Numbers
    features: Numbers
    method: str


class _History(NamedTuple):
    ago: npt.NDArray[np.int64]
    kwh: Numbers
    warmth: Numbers


def questions(rows: pd.DataFrame, priors: Mapping[str, Prior]) -> list[Known]:
    """Return what each of ``rows`` (INPUTS) tells."""
    return [known(row, priors) for row in rows[list(INPUTS)].itertuples(index=False)]


def known(row: Any, priors: Mapping[str, Prior]) -> Known:
    """Return what one row tells of its home."""
    first = np.datetime64(int(row.first_day), "D")
    history, climate = history_of(row)
    prior = prior_of(priors, row.fuel, row.direction, climate is not None)
    there = terms_of(row, history, climate)
    weight = 0.5 ** (history.ago / _HALF_LIFE)
    level, own, covariance = regressed(there, history.kwh, weight, prior)
    month = first.astype("M8[M]")
    days = np.arange(month.astype("M8[D]"), (month + MONTHS).astype("M8[D]"))
    past = int((first - days[0]).astype(int))
    forecast = None if row.forecast_c is None else np.concatenate(
        [np.full(past, np.nan), np.asarray(row.forecast_c, dtype=float)]
    )  # fmt: skip
    ahead = basis(days, row.latitude, climate, forecast_c=forecast)
    base = np.maximum(ahead @ own, 0.0)
    unsure = np.einsum("ij,jk,ik->i", ahead, covariance, ahead)
    doubt = np.sqrt(np.maximum(unsure, 0.0) + prior.noise / ALIKE)
    observed = np.full(past, np.nan)
    is_now = history.ago <= past
    observed[past - history.ago[is_now]] = history.kwh[is_now]
    over = _History(history.ago, history.kwh / level, history.warmth)
    residual = over.kwh - np.maximum(there @ own, 0.0)
    lately = _mean(residual[history.ago <= _LATELY])
    carried = 0.0 if np.isnan(lately) else _KEPT * lately
    near = slice(past, past + DAYS)
    features = np.column_stack(
        [
            base[near],
            doubt[near],
            ahead[near],
            _recent(row, first, over, residual, climate, level),
        ]
    )
    year = "own_year" if len(history.ago) >= _OWN_YEAR_DAYS else "other_homes_year"
    method = year if climate else f"{year}_without_weather"
    return Known(level, first, base, doubt, carried, observed, features, method)


def history_of(row: Any) -> tuple[_History, Climate | None]:
    """Return the days of the last year, and the climate; without it temperatures say nothing.

    Where half of the days or more have no temperature, they are looked at without any.
    """
    ago = np.asarray(row.days_ago, dtype=np.int64)
    kwh, warmth = (np.asarray(v, dtype=float) for v in (row.kwh, row.temperature_c))
    climate = Climate.of(row.climate_days, row.climate_c, row.climate_c2)
    seen = np.isfinite(warmth)
    if climate is None or seen.sum() * 2 <= len(ago):
        return _History(ago, kwh, np.full(len(ago), np.nan)), None
    return _History(ago[seen], kwh[seen], warmth[seen]), climate


def terms_of(row: Any, history: _History, climate: Climate | None) -> Numbers:
    """Return the regression's terms of the days of a history."""
    days = np.datetime64(int(row.first_day), "D") - history.ago
    return basis(days, row.latitude, climate, measured=history.warmth)


def _recent(
    row: Any, first: np.datetime64, over: _History, residual: Numbers, climate: Climate | None,
    level: float,
) -> Numbers:  # fmt: skip
    """Return what the last days and weekdays say of each of DAYS, over the home's level."""
    ago, kwh, warmth = over
    steps = np.arange(DAYS)
    by_ago = np.full(2 * 366, np.nan)
    by_ago[ago] = kwh
    week = 7 * (1 + steps // 7) - steps
    year = np.stack([by_ago[364 - steps + off] for off in range(-3, 4)])
    weekday = (first.astype(np.int64) - ago) % 7
    eight = ago <= 56
    usual = _mean(residual[eight])
    of_weekday = np.array([_mean(residual[eight & (weekday == d)]) for d in range(7)]) - usual
    days = first.astype(np.int64) + steps
    unusual = (np.nan, np.nan)
    if climate is not None:
        off_season = warmth - climate.expected(first - ago)
        unusual = (_mean(off_season[ago <= 4]), _mean(off_season[ago <= 28]))
    means = [
        _mean(values[ago <= n])
        for values, of in ((kwh, (2, 7, 28, 91, 365)), (residual, (7, 28, 91)))
        for n in of
    ]
    last = ago <= 28
    swing = float(kwh[last].std()) if last.any() else np.nan
    constant = [
        *means, *unusual, swing, float(len(ago)), float(ago.min()), np.log(max(level, _LEAST)),
        float(code(row.fuel, FUELS)), float(code(row.direction, DIRECTIONS)),
    ]  # fmt: skip
    varying = [
        steps.astype(float),
        (days % 7).astype(float),
        of_weekday[days % 7],
        by_ago[week],
        np.array([_mean(of_day) for of_day in year.T]),
    ]
    return np.column_stack([*varying, *(np.full(DAYS, value) for value in constant)])


def code(word: str, words: tuple[str, ...]) -> int:
    """Return a word's place; the place after the last for one that is not among them."""
    return words.index(word) if word in words else len(words)


def _mean(values: Numbers) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")

"""What a question says, and what homes have in common -> its regression and features."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .climate import Numbers
from .regression import ALIKE, Prior, prior_of, regressed
from .seen import DAYS, DIRECTIONS, FUELS, LATELY, MONTHS, YEAR, Seen, by_weekday, means_of, seen

__all__ = ["DAYS", "DIRECTIONS", "FUELS", "INPUTS", "MONTHS", "YEAR", "Known", "code", "known",
           "known_of", "questions"]  # fmt: skip
# What a question says. Days are counted since 1970; `days_ago` of the energy (kWh) and the
# temperature (°C, may lack) of whole days, 1 is the day before first_day; the climate of the home's
# weather point as count, sum and sum of squares of its temperatures before (climate.STEP_DAYS);
# forecast_c of the days from first_day on, as issued by then (may lack).
INPUTS = (
    "fuel", "direction", "latitude", "first_day", "days_ago", "kwh", "temperature_c",
    "climate_days", "climate_c", "climate_c2", "forecast_c",
)  # fmt: skip
# So old a day weighs half.
_HALF_LIFE = 120.0
# Of what the last four weeks were off, half stays: habits last, chance does not.
_KEPT = 0.5
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


def questions(rows: pd.DataFrame, priors: Mapping[str, Prior]) -> list[Known]:
    """Return what each of ``rows`` (INPUTS) tells."""
    return [known(row, priors) for row in rows[list(INPUTS)].itertuples(index=False)]


def known(row: Any, priors: Mapping[str, Prior]) -> Known:
    """Return what one row tells of its home."""
    return known_of(seen(row), priors)


def known_of(home: Seen, priors: Mapping[str, Prior]) -> Known:
    """Return what a home tells, drawn to those that it is like."""
    ago, kwh, _ = home.history
    prior = prior_of(priors, home.fuel, home.direction, home.has_climate)
    weight = 0.5 ** (ago / _HALF_LIFE)
    level, own, covariance = regressed(home.terms, kwh, weight, prior)
    base = np.maximum(home.ahead @ own, 0.0)
    unsure = ((home.ahead @ covariance) * home.ahead).sum(axis=1)
    doubt = np.sqrt(np.maximum(unsure, 0.0) + prior.noise / ALIKE)
    residual = kwh / level - np.maximum(home.terms @ own, 0.0)
    off = means_of(ago, residual, (7, LATELY, 91))
    carried = 0.0 if np.isnan(off[1]) else _KEPT * float(off[1])
    near = slice(home.past, home.past + DAYS)
    features = np.column_stack(
        [base[near], doubt[near], home.ahead[near], _recent(home, residual, off, level)]
    )
    return Known(level, home.first, base, doubt, carried, home.observed, features, home.method)


def _recent(home: Seen, residual: Numbers, off: Numbers, level: float) -> Numbers:
    """Return what the last days and weekdays say of each of DAYS, over the home's level."""
    steps = np.arange(DAYS)
    weekday = (home.first.astype(np.int64) + steps) % 7
    ago = home.history.ago
    constant = [
        *home.means / level, *off, *home.unusual, home.swing / level, float(len(ago)),
        float(ago.min()), np.log(max(level, _LEAST)), float(code(home.fuel, FUELS)),
        float(code(home.direction, DIRECTIONS)),
    ]  # fmt: skip
    recent = np.empty((DAYS, 5 + len(constant)))
    recent[:, 0], recent[:, 1] = steps, weekday
    recent[:, 2] = by_weekday(home, residual)[weekday]
    recent[:, 3], recent[:, 4] = home.week / level, home.year / level
    recent[:, 5:] = constant
    return recent


def code(word: str, words: tuple[str, ...]) -> int:
    """Return a word's place; the place after the last for one that is not among them."""
    return words.index(word) if word in words else len(words)

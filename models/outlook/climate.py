"""Temperatures known at the issue -> what is to be expected of each day of the year to come."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# A year in steps of ten days; nearly each of them has to have been seen.
STEP_DAYS, STEPS = 10, 37
_STEPS_NEEDED = 34
# A forecast issued by then is off by so much (°C); the climate by what its days differ.
_FORECAST_DEVIATION_C = 2.0
_LEAST_C = 0.5
Numbers = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Climate:
    """The mean temperature by the season, and how far days are from it (°C)."""

    season: Numbers
    deviation_c: float

    @classmethod
    def of(cls, days: Any, degrees: Any, squares: Any) -> "Climate | None":
        """Fit two waves of a year to sums by STEP_DAYS of the year; None where parts are unseen."""
        if days is None or len(days) != STEPS:
            return None
        count = np.asarray(days, dtype=float)
        seen = count > 0
        if seen.sum() < _STEPS_NEEDED:
            return None
        mean = np.divide(degrees, count, out=np.zeros(STEPS), where=seen)
        middle = np.arange(STEPS, dtype=np.float64) * STEP_DAYS + (STEP_DAYS + 1) / 2
        waves = _waves(middle)
        # A year of one point is not its climate: the second wave has to be asked for by many days.
        held = np.diag([0.0, 1.0, 1.0, 30.0, 30.0])
        season = np.linalg.solve((waves.T * count) @ waves + held, (waves.T * count) @ mean)
        fitted = waves @ season
        off = np.sum(squares) - 2 * np.sum(fitted * degrees) + np.sum(count * fitted**2)
        return cls(season, float(np.sqrt(max(off / count.sum(), _LEAST_C**2))))

    def expected(self, days: Days) -> Numbers:
        """Return the mean temperature (°C) of days of the year."""
        warmth: Numbers = _waves(day_of_year(days)) @ self.season
        return warmth


def day_of_year(days: Days) -> Numbers:
    """Return 1 for the first of January."""
    year = days.astype("M8[Y]").astype("M8[D]")
    number: Numbers = (days - year).astype(np.float64) + 1.0
    return number


def degrees(warmth: Numbers, deviation: Numbers | float, balance_c: float) -> Numbers:
    """Return the expected degrees below a balance point, of a normal temperature.

    ``deviation`` 0 is a temperature that was measured. Of an uncertain one the degree days are more
    than those of its mean: E max(0, b - T) = (b - m) F(z) + s f(z), z = (b - m) / s.
    """
    spread = np.maximum(deviation, 1e-6)
    z = (balance_c - warmth) / spread
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    expected: Numbers = (balance_c - warmth) * _below(z) + spread * density
    return expected


def with_forecast(warmth: Numbers, deviation_c: float, forecast_c: Any) -> tuple[Numbers, Numbers]:
    """Put the weather forecast, where it reaches, in the place of the climate."""
    spread = np.full(len(warmth), deviation_c)
    if forecast_c is None or not len(forecast_c):
        return warmth, spread
    said = np.asarray(forecast_c, dtype=float)[: len(warmth)]
    has = np.zeros(len(warmth), dtype=bool)
    has[: len(said)] = np.isfinite(said)
    warmth = warmth.copy()
    warmth[has] = said[has[: len(said)]]
    spread[has] = _FORECAST_DEVIATION_C
    return warmth, spread


def _below(z: Numbers) -> Numbers:
    """Return the normal distribution function: Abramowitz & Stegun 7.1.26, to 1.5e-7."""
    x = np.abs(z) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    upper = 0.5 * poly * np.exp(-x * x)
    share: Numbers = np.where(z >= 0, 1.0 - upper, upper)
    return share


def _waves(day: Numbers) -> Numbers:
    angle = 2 * np.pi * day / 365.25
    return np.column_stack(
        [np.ones(len(day)), np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]
    )

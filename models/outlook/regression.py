"""Days of a home -> its coefficients on degree days and season, drawn to those of other homes.

Empirical Bayes (Laird & Ware 1982, "Random-effects models for longitudinal data"): what a home's
own days do not tell, a winter in its first summer, is told by the homes that had one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .climate import Climate, Days, Numbers, day_of_year, degrees, with_forecast

# Balance points between which those of most homes are (CalTRACK 2.0 searches from 30 to 90 °F).
_HEATING_C, _COOLING_C = (17.0, 12.0), 20.0
TERMS = 6
# Days of one week resemble one another: seven say as much as one that is independent.
ALIKE = 7.0
_HOMES_NEEDED, _ROUNDS = 5, 30
_LEAST = 1e-3
OTHERS = "other"


class Prior(NamedTuple):
    """What homes have in common: mean coefficients, how they differ, the variance of a day."""

    mean: Numbers
    covariance: Numbers
    noise: float


class Sums(NamedTuple):
    """What the regression needs of a home's days: products of the terms and of the energy."""

    terms: Numbers
    energy: Numbers
    square: float
    days: float


FLAT = Prior(np.eye(TERMS)[0], 0.05 * np.eye(TERMS), 0.1)


def basis(
    days: Days, latitude: float, climate: Climate | None, *, measured: Numbers | None = None,
    forecast_c: Any = None,
) -> Numbers:  # fmt: skip
    """Return the terms of each day, (days, TERMS): the season, and degree days in tens of °C.

    With ``measured`` temperatures they are those of the day, else expected ones. Without a climate
    there is a second wave of the year in their place. South of the equator it is half a year off.
    """
    shift = 182.625 if latitude < 0 else 0.0
    angle = 2 * np.pi * (day_of_year(days) + shift) / 365.25
    one, first = np.ones(len(days)), [np.cos(angle), np.sin(angle)]
    if climate is None:
        second = [np.cos(2 * angle), np.sin(2 * angle), np.zeros(len(days))]
        return np.column_stack([one, *second, *first])
    if measured is None:
        expected = climate.expected(days)
        warmth, spread = with_forecast(expected, climate.deviation_c, forecast_c)
    else:
        warmth, spread = measured, np.zeros(len(days))
    heating = [degrees(warmth, spread, balance) / 10 for balance in _HEATING_C]
    cooling = degrees(-warmth, spread, -_COOLING_C) / 10
    return np.column_stack([one, *heating, cooling, *first])


def regressed(
    terms: Numbers, kwh: Numbers, weight: Numbers, prior: Prior
) -> tuple[float, Numbers, Numbers]:
    """Return a home's level (kWh a day), its coefficients over it, and their covariance."""
    shape = np.maximum(terms @ prior.mean, 0.05)
    level = max(float((weight * kwh * shape).sum() / (weight * shape * shape).sum()), _LEAST)
    precise = np.linalg.inv(prior.covariance)
    weighed = (terms.T * weight) / (prior.noise * ALIKE)
    covariance = np.linalg.inv(precise + weighed @ terms).astype(np.float64)
    off = covariance @ (weighed @ (kwh / level - terms @ prior.mean))
    return level, prior.mean + off, covariance


def sums(terms: Numbers, kwh: Numbers) -> Sums:
    """Return what learned() needs of a home."""
    return Sums(terms.T @ terms, terms.T @ kwh, float(kwh @ kwh), float(len(kwh)))


def learned(homes: Sequence[Sums]) -> Prior:
    """Return what homes have in common, by EM over their sums; FLAT where they are too few."""
    homes = [h for h in homes if h.days >= 28 and h.square > 0 and h.energy[0] / h.days > _LEAST]
    if len(homes) < _HOMES_NEEDED:
        return FLAT
    # All homes at once, the first axis being theirs.
    terms, energy = np.stack([h.terms for h in homes]), np.stack([h.energy for h in homes])
    square, days = np.array([h.square for h in homes]), np.array([h.days for h in homes])
    held = 1e-3 * np.eye(TERMS) * days.sum()
    left = terms.sum(axis=0) + held
    levels = energy[:, 0] / days
    for _ in range(_ROUNDS):
        right = (energy / levels[:, None]).sum(axis=0)
        mean = np.linalg.solve(left, right + held @ FLAT.mean)
        levels = np.maximum((energy @ mean) / (terms @ mean @ mean), _LEAST)
    shares, expected = energy / levels[:, None], terms @ mean
    covariance, noise = FLAT.covariance, FLAT.noise
    for _ in range(_ROUNDS):
        precise = np.linalg.inv(covariance)
        inner = np.linalg.inv(precise + terms / (noise * ALIKE))
        off = (inner @ (shares - expected)[:, :, None])[:, :, 0] / (noise * ALIKE)
        own = mean + off
        errors = square / levels**2 - 2 * (own * shares).sum(axis=1)
        errors += ((terms @ own[:, :, None])[:, :, 0] * own).sum(axis=1)
        errors += (terms * inner.transpose(0, 2, 1)).sum(axis=(1, 2))
        covariance = (inner.sum(axis=0) + off.T @ off) / len(homes)
        noise = max(float(errors.sum() / days.sum()), _LEAST)
    return Prior(mean, covariance, float(noise))


def kind(fuel: str, direction: str, *, has_weather: bool) -> str:
    """Name the homes that a home is like."""
    return f"{fuel} {direction} {'weather' if has_weather else 'season'}"


def prior_of(priors: Mapping[str, Prior], fuel: str, direction: str, has_weather: bool) -> Prior:
    """Return the prior of a kind of series; of a kind never seen, a flat year."""
    return priors.get(kind(fuel, direction, has_weather=has_weather), FLAT)

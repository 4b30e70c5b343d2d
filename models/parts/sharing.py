"""What is expected of each category in each hour, and the meter -> parts that add up to it.

If categories scatter around what is expected of them independently, the most probable parts of a
known sum are the expected ones plus what is left over, shared by their variances (a normal
distribution conditioned on its sum). What would fall below nothing is set to it; then rows are
scaled to the meter and columns to the totals of the window by turns (iterative proportional
fitting, Deming & Stephan 1940), rows last, so that parts add up to the meter in every hour.

A boiler burns for minutes and rests for hours, so of gas the days are shared first, by how days
scatter, and each day's parts are the totals for its hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .home import Floats, Hours

_ROUNDS = 12
# Hours near one another err alike: a day's scatter is that of an hour over the root of 24 by this.
ALIKE = 4.0
# Spread of an hour around what is expected of it, as a share of that: what runs all the time hardly
# scatters, what is switched on now and then does by more than its mean.
SPREADS = {
    "always_on": 0.04, "fridge_freezer": 0.25, "lighting": 0.5, "consumer_electronics": 0.6,
    "other": 0.8, "cooking": 1.3, "washing": 1.8, "water_heating": 0.8, "heating": 0.35,
    "cooling": 0.7, "electric_vehicle": 0.1, "sauna": 0.1,
}  # fmt: skip


@dataclass(frozen=True)
class Shared:
    """kWh by hour and category, adding up to the meter, and the variance of each (kWh2)."""

    kwh: Floats
    variance: Floats


@dataclass(frozen=True)
class Parts:
    """kWh by the hour (rows) and category (columns), adding up to ``whole_kwh``.

    ``variance`` is that of an hour's share (kWh2), ``doubt`` that of the size of a category, as a
    share of it, which is the same error in all hours.
    """

    fuel: str
    hours: Hours
    categories: tuple[str, ...]
    kwh: Floats
    variance: Floats
    doubt: Floats
    whole_kwh: Floats
    source: str


def parted(
    fuel: str, hours: Hours, whole_kwh: Floats, expected: Mapping[str, Floats],
    doubt: Mapping[str, float], *, source: str,
) -> Parts:  # fmt: skip
    """Return the parts of ``whole_kwh`` (hours), from what is expected of each category (kWh)."""
    names = tuple(n for n in expected if expected[n].sum() > 1e-9) or tuple(expected)
    # Where nothing was used nothing is expected: it would be looked for in other hours.
    columns = np.column_stack([np.maximum(expected[n], 0) * (whole_kwh > 0) for n in names])
    doubts = np.array([doubt[n] for n in names])
    totals = columns.sum(axis=0)
    agreed = agreed_totals(float(whole_kwh.sum()), totals, totals * doubts)
    made = shared(whole_kwh, columns, np.array([SPREADS[n] for n in names]), agreed)
    return Parts(fuel, hours, names, made.kwh, made.variance, doubts, whole_kwh, source)


def parted_by_day(
    fuel: str, hours: Hours, whole_kwh: Floats, expected: Mapping[str, Floats],
    doubt: Mapping[str, float], deviation: Mapping[str, Floats], *, source: str,
) -> Parts:  # fmt: skip
    """Return the parts of ``whole_kwh`` as parted() does, days first and then the hours of each.

    ``deviation`` is by how much more (kWh) a category's days scatter than its hours say.
    """
    names = tuple(n for n in expected if expected[n].sum() > 1e-9) or tuple(expected)
    by_day = hours.daily(whole_kwh)
    is_used = by_day[hours.day] > 0
    columns = np.column_stack([np.maximum(expected[n], 0) * is_used for n in names])
    spreads = np.array([SPREADS[n] for n in names])
    a_day = _daily(columns, hours)
    variance = (spreads * a_day + 1e-4) ** 2 * ALIKE / 24
    for number, name in enumerate(names):
        variance[:, number] += deviation[name] ** 2 if name in deviation else 0.0
    parts = _conditioned(by_day, a_day, variance)
    parts *= (by_day / np.maximum(parts.sum(axis=1), 1e-300))[:, None]
    # Of an hour without any use nothing is expected; its day holds what it did not take.
    columns = columns * (whole_kwh > 0)[:, None]
    of_hours = (spreads * columns + 1e-4) ** 2
    kwh = _conditioned(whole_kwh, columns, of_hours)
    for _ in range(_ROUNDS):
        kwh *= (parts / np.maximum(_daily(kwh, hours), 1e-12))[hours.day]
        kwh *= (whole_kwh / np.maximum(kwh.sum(axis=1), 1e-300))[:, None]
    weight = of_hours / of_hours.sum(axis=1, keepdims=True)
    doubts = np.array([doubt[n] for n in names])
    return Parts(fuel, hours, names, _exact(kwh, whole_kwh), of_hours * (1 - weight), doubts,
                 whole_kwh, source)  # fmt: skip


def shared(whole_kwh: Floats, expected_kwh: Floats, spreads: Floats, totals: Floats) -> Shared:
    """Share ``whole_kwh`` (hours, none NaN or below 0) among categories (columns).

    ``spreads`` a column, ``totals`` a column (kWh of all hours, adding up to the whole).
    """
    variance = (spreads * expected_kwh + 1e-4) ** 2
    weight = variance / variance.sum(axis=1, keepdims=True)
    parts = _conditioned(whole_kwh, expected_kwh, variance)
    for _ in range(_ROUNDS):
        parts *= totals / np.maximum(parts.sum(axis=0), 1e-12)
        parts *= (whole_kwh / np.maximum(parts.sum(axis=1), 1e-300))[:, None]
    return Shared(_exact(parts, whole_kwh), variance * (1 - weight))


def agreed_totals(whole_kwh: float, totals: Floats, deviations: Floats) -> Floats:
    """Return totals that add up to the whole: what is left over goes where the doubt is."""
    variance = np.maximum(deviations, 1e-9) ** 2
    agreed = np.maximum(totals + variance / variance.sum() * (whole_kwh - totals.sum()), 0)
    total = agreed.sum()
    if total <= 0:
        return np.full(len(totals), whole_kwh / len(totals))
    scaled: Floats = agreed * whole_kwh / total
    return scaled


def _conditioned(whole_kwh: Floats, expected_kwh: Floats, variance: Floats) -> Floats:
    """Return what is most probable given the sum of a row, none below nothing."""
    weight = variance / variance.sum(axis=1, keepdims=True)
    left = whole_kwh - expected_kwh.sum(axis=1)
    parts: Floats = np.maximum(expected_kwh + weight * left[:, None], 0)
    # A trace of all that is expected, so that scaling can bring it back.
    parts += 1e-3 * expected_kwh + 1e-12
    return parts


def _daily(columns: Floats, hours: Hours) -> Floats:
    return np.column_stack([hours.daily(column) for column in columns.T])


def _exact(parts: Floats, whole_kwh: Floats) -> Floats:
    """Give what rounding left over to the largest part."""
    largest = parts.argmax(axis=1)
    parts[np.arange(len(parts)), largest] += whole_kwh - parts.sum(axis=1)
    return np.maximum(parts, 0)

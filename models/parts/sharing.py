"""What is expected of each category in each hour, and the meter -> parts that add up to it.

If categories scatter around what is expected of them independently, the most probable parts of a
known sum are the expected ones plus what is left over, shared by their variances (a normal
distribution conditioned on its sum). What would fall below nothing is set to it; then rows are
scaled to the meter and columns to the totals of the window by turns (iterative proportional
fitting, Deming & Stephan 1940), rows last, so that parts add up to the meter in every hour.
"""

from dataclasses import dataclass

import numpy as np

from models.parts.home import Floats

_ROUNDS = 12
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


def shared(whole_kwh: Floats, expected_kwh: Floats, spreads: Floats, totals: Floats) -> Shared:
    """Share ``whole_kwh`` (hours, none NaN or below 0) among categories (columns).

    ``spreads`` a column, ``totals`` a column (kWh of all hours, adding up to the whole).
    """
    variance = (spreads * expected_kwh + 1e-4) ** 2
    weight = variance / variance.sum(axis=1, keepdims=True)
    left = whole_kwh - expected_kwh.sum(axis=1)
    parts = np.maximum(expected_kwh + weight * left[:, None], 0)
    # A trace of all that is expected, so that scaling can bring it back.
    parts += 1e-3 * expected_kwh + 1e-12
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


def _exact(parts: Floats, whole_kwh: Floats) -> Floats:
    """Give what rounding left over to the largest part."""
    largest = parts.argmax(axis=1)
    parts[np.arange(len(parts)), largest] += whole_kwh - parts.sum(axis=1)
    return np.maximum(parts, 0)

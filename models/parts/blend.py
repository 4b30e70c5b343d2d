"""Hours of a home and its habits -> the size of each category that fits both best, and how sure.

A category is a shape over the hours of the year times a size. What is expected of homes of this
profile is a normal prior of the sizes, the home's own mean days (by month, hour and kind of day)
say the rest: the most probable sizes that are not below nothing, which is least squares with the
prior as further rows (Tikhonov; Lawson & Hanson 1974). Shapes are not exact, so a mean hour is
trusted to a fifth of what is expected in it, however often it was seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from .habits import Expected
from .home import Floats, Hours, Ints

_TRUST = 0.2
_LEAST_W = 8.0
_ALIKE = 20.0
# The quiet hours, and how low in them what is always on is looked for.
NIGHT = (1.0, 5.0)
_QUIET = 0.15
_FLOOR_TRUST = 0.12
_WHOLE_TRUST = 0.02


@dataclass(frozen=True)
class Sizes:
    """Mean power of each category (W) and its standard deviation."""

    names: tuple[str, ...]
    watts: Floats
    deviation: Floats


def sizes(
    power_w: Floats, hours: Hours, shapes: Mapping[str, Floats], expected: Mapping[str, Expected]
) -> Sizes:
    """Return the sizes that ``power_w`` (W by the hour, NaN: unknown) and ``expected`` agree on."""
    names = tuple(shapes)
    known = ~np.isnan(power_w)
    prior = np.array([expected[n].watts for n in names])
    scatter = np.array([expected[n].watts * expected[n].scatter for n in names])
    if not known.any():
        return Sizes(names, prior, scatter)
    cell = (hours.month % 12 * 24 + hours.local_hour.astype(np.int64)) * 2 + hours.is_weekend
    cells, count = cell[known], np.bincount(cell[known], minlength=576)
    used = count > 2
    mean = _means(power_w[known], cells, count)[used]
    design = np.column_stack([_means(shapes[n][known], cells, count)[used] for n in names])
    level = design @ prior
    # By what is expected, not by what was seen: an hour that came out high would count for less.
    seen = float(np.std(power_w[known])) * np.sqrt(level / level.mean() / count[used])
    noise = np.sqrt(seen**2 + (_TRUST * level) ** 2 + _LEAST_W**2)
    # Neighbouring mean hours, and the same hour of other months, err alike: they count for fewer.
    noise = noise * np.sqrt(_ALIKE)
    rows, answers = [design / noise[:, None]], [mean / noise]
    total = float(np.mean(power_w[known]))
    whole = np.array([shapes[n][known].mean() for n in names])
    rows.append(whole[None, :] / (_WHOLE_TRUST * abs(total) + 1))
    answers.append(np.array([total / (_WHOLE_TRUST * abs(total) + 1)]))
    floor = _floor(power_w, hours) if "always_on" in shapes else 0.0
    if floor:
        quiet = np.array([_QUIET_SHARE.get(n, 0.0) for n in names])
        rows.append(quiet[None, :] / (_FLOOR_TRUST * floor + 5))
        answers.append(np.array([floor / (_FLOOR_TRUST * floor + 5)]))
    rows.append(np.diag(1 / scatter))
    answers.append(prior / scatter)
    matrix, right = np.vstack(rows), np.concatenate(answers)
    watts, _ = nnls(matrix, right)
    deviation = np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix)))
    return Sizes(names, watts, deviation)


# What of a category runs in the quietest hours.
_QUIET_SHARE = {
    "always_on": 1.0, "fridge_freezer": 0.9, "other": 0.4, "consumer_electronics": 0.15,
}  # fmt: skip


def _floor(power_w: Floats, hours: Hours) -> float:
    """Return the low power of the nights (W); 0: no night is known."""
    is_night = (hours.local_hour >= NIGHT[0]) & (hours.local_hour < NIGHT[1]) & ~np.isnan(power_w)
    return max(float(np.quantile(power_w[is_night], _QUIET)), 0.0) if is_night.sum() > 20 else 0.0


def _means(values: Floats, cells: Ints, count: Ints) -> Floats:
    sums = np.bincount(cells, values, minlength=len(count))
    means: Floats = sums / np.maximum(count, 1)
    return means

"""Homes with a summer -> what a home's winter alone says of it: the priors for those without.

Half of the year is hidden of homes that were seen all year; the rest is told, and summer says what
it should have been.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from .enough import lacking
from .gas import Gas, gas
from .home import Flags, Home, Steps, hours_of
from .priors import PUBLISHED, Priors, over

# Fewer homes tell no slope.
LEAST_HOMES = 10
# The errors between which four of five lie are so many deviations apart from the middle.
_Z, _COVERED = 1.2816, 0.8
# May to September, and south of the equator November to March.
_WARM_MONTHS = {True: (5, 6, 7, 8, 9), False: (11, 12, 1, 2, 3)}


def learned(homes: Iterable[Home]) -> Priors:
    """Return the priors that homes with a summer say; PUBLISHED where they are fewer than ten."""
    pairs = np.array([said for home in homes if (said := pair(home)) is not None])
    if len(pairs) < LEAST_HOMES:
        return PUBLISHED
    cold, summer = pairs.T
    weight = float(np.clip(np.cov(cold, summer)[0, 1] / max(cold.var(ddof=1), 1e-9), 0, 1))
    level = float(np.median(summer - weight * cold))
    errors = np.sort(np.abs(summer - level - weight * cold))
    # Ranks of n + 1: the errors of homes that are still to come (Lei et al. 2018).
    rank = min(int(np.ceil(_COVERED * (len(errors) + 1))), len(errors))
    return Priors(level, weight, float(errors[rank - 1]) / _Z, len(pairs))


def cold_half(home: Home) -> Home:
    """Return the home as if its meters had been read in the cold half of the year alone."""
    warm = _WARM_MONTHS[home.latitude >= 0]

    def kept(steps: Steps) -> Steps:
        month = hours_of(steps.starts, home.time_zone).month % 12 + 1
        is_kept: Flags = ~np.isin(month, warm)
        return replace(
            steps, starts=steps.starts[is_kept], kwh=steps.kwh[is_kept],
            is_whole=steps.is_whole[is_kept],
        )  # fmt: skip

    return replace(home, meters={key: kept(steps) for key, steps in home.meters.items()})


def burned(home: Home) -> Gas | None:
    """Return a home's gas; None where it lacks what is needed."""
    return gas(home) if home.has_gas and not lacking(home, "gas") else None


def pair(home: Home) -> tuple[float, float] | None:
    """Return what is left in the cold and what summer says, over what is published."""
    seen = burned(home)
    if seen is None or not seen.is_summer_seen:
        return None
    hidden = burned(cold_half(home))
    if hidden is None or hidden.is_summer_seen:
        return None
    return over(hidden.seen_w, hidden.published_w), over(seen.seen_w, seen.published_w)

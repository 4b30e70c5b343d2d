"""Hours of similar homes + a few days of a home's own, or none -> quantiles of its next 14 days.

The shape is the mean of the homes', each scaled to its own level; level and shape of the home's own
days count by credibility, so with the days that there are (Bühlmann 1967, "Experience rating and
credibility"; of the logarithm of the level, which homes differ in by factors). Each home of the
group is then told from the others as if it were new, on the fortnight after; what it used over what
was told gives the quantiles (Barber et al. 2021, "Predictive inference with the jackknife+").
Knows neither Spark nor the lake.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gold.contracts import LARGEST_SHARE
from models.contracts import DECILES_FROM, QUANTILES

# A fortnight tells shape and level, the one after it how far off they were.
PAST_DAYS = 14
DAYS = 2 * PAST_DAYS
OWN_DAYS = 6
# Below so many homes the quantiles of one hour would be those of one home: all hours share them.
BY_HOUR_FROM = DECILES_FROM
# An hour of less than this part of the level is too little to divide by.
_LEAST = 0.02
# A home at a fiftieth of the others' level, or at fifty times theirs, is told no further from it.
_MOST_LOG = 4.0
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """What homes have in common, in parts of their level (mean kWh of an hour).

    ``shape`` is by kind of day (workday, weekend) and local hour. ``log_level`` is the mean of the
    logarithm of level at the middle ``log_use``, ``lean`` what the logarithm of the mean has more
    (Duan 1983, "Smearing estimate"), ``between`` its variance. ``within`` is by days known the
    variance of a level told by so many days, ``shift`` how far it is off on the mean. After
    ``shape_days`` days their own shape counts as much as the group's. ``spread`` (days known, local
    hour, quantile) is in parts of the mean.
    """

    shape: Numbers
    log_level: float
    log_use: float
    lean: float
    between: float
    within: Numbers
    shift: Numbers
    shape_days: float
    spread: Numbers

    def mean(self, own: Numbers, is_weekend: Flags, *, log_use: float = math.nan) -> Numbers:
        """Return the expected kWh of an hour by kind of day and local hour, (2, 24).

        ``own`` has the home's days, (days, 24), NaN for gaps, of which the last OWN_DAYS count;
        ``log_use`` is the logarithm of the year's use that its profile tells, NaN: none.
        """
        own, is_weekend = own[-OWN_DAYS:], is_weekend[-OWN_DAYS:]
        more = log_use - self.log_use
        told = self.log_level + (more if math.isfinite(more) else 0.0)
        days = min(days_known(own), OWN_DAYS)
        if days == 0:
            like_all: Numbers = self.shape * np.exp(told + self.lean)
            return like_all
        trust = self.between / max(self.between + self.within[days], 1e-12)
        own_log = float(_log_level(own, self.shape, is_weekend)) - self.shift[days]
        level = told + trust * np.clip(own_log - told, -_MOST_LOG, _MOST_LOG)
        like_group = self.shape * np.exp(level + self.lean * (1 - trust))
        expected = np.where(np.isnan(own), 0.0, like_group[is_weekend.astype(int)]).sum(axis=0)
        used = np.nansum(own, axis=0)
        # The level has been told already: what is left is how the day goes.
        ratio = _over(used, expected * used.sum() / max(expected.sum(), 1e-12))
        trust_shape = days / (days + self.shape_days)
        mean: Numbers = like_group * (1 + trust_shape * (ratio - 1))
        return mean

    def quantiles(self, mean: Numbers, *, days: int) -> Numbers:
        """Return the quantiles (kWh) around a ``mean`` (2, 24), as an array (2, 24, quantile)."""
        around: Numbers = mean[:, :, None] * self.spread[min(days, OWN_DAYS)][None]
        return around


def days_known(own: Numbers) -> int:
    """Return how many whole days of hours there are, gaps added up."""
    return int(np.isfinite(own).sum() // 24)


def group_of(kwh: Numbers, is_weekend: Flags, *, log_use: Numbers, least: int = 2) -> Group | None:
    """Return the group of homes with DAYS of hours, (homes, DAYS, 24), NaN for gaps.

    ``log_use`` as in ``Group.mean``, a number a home; not looked at where half of them have none.
    Homes without a reading or without use in one of the fortnights do not count; None where fewer
    than ``least`` do.
    """
    fortnights = kwh[:, :PAST_DAYS], kwh[:, PAST_DAYS:]
    counts = np.all([np.nansum(part, axis=(1, 2)) > 0 for part in fortnights], axis=0)
    if counts.sum() < least:
        return None
    past, then = (part[counts] for part in fortnights)
    use, known = log_use[counts], np.isfinite(log_use[counts])
    use = np.where(known, use, use[known].mean()) if known.mean() > 0.5 else np.zeros(len(use))
    weekend_past, weekend_then = is_weekend[:PAST_DAYS], is_weekend[PAST_DAYS:]
    ratios = _ratios(past, then, weekend_past, weekend_then, use)
    group = _alike(then, weekend_then, use)
    is_told = known.mean() > 0.5
    return replace(
        group, spread=_spread(ratios, group.shape), log_use=group.log_use if is_told else math.nan
    )


def _alike(kwh: Numbers, is_weekend: Flags, log_use: Numbers) -> Group:
    """Return what a fortnight says, without the spread."""
    homes = len(kwh)
    by_kind = np.stack(
        [_mean(kwh[:, is_weekend == kind], axis=1) for kind in (False, True)], axis=1
    )
    by_kind = np.where(np.isnan(by_kind), by_kind[:, ::-1], by_kind)
    # As many workdays as there are in a week.
    level = (_mean(by_kind, axis=2) * (5 / 7, 2 / 7)).sum(axis=1)
    level = np.maximum(np.nan_to_num(level), 1e-9)
    relative = by_kind / level[:, None, None]
    shape = np.nan_to_num(_mean(_undominated(relative), axis=0))
    # Nor may one home be more than a fifth of what they use on the mean.
    bounded = _undominated(level[:, None])[:, 0]
    logs = np.log(np.maximum(bounded, _LEAST * bounded.mean())) - log_use + log_use.mean()
    lean = float(np.log(np.exp(logs - logs.mean()).mean()))
    between = float(logs.var(ddof=1)) * (1 + 1 / homes)
    return Group(
        shape, float(logs.mean()), float(log_use.mean()), lean, between,
        *_within(kwh, shape, is_weekend, np.log(level)),
        _shape_days(kwh, relative, shape, level, is_weekend),
        np.zeros((OWN_DAYS + 1, 24, len(QUANTILES))),
    )  # fmt: skip


def _undominated(relative: Numbers) -> Numbers:
    """Let no home be more than a fifth of an hour's sum: what one has more is not the group's."""
    there = np.nan_to_num(relative)
    ordered = np.sort(there, axis=0)[::-1]
    most = np.full(relative.shape[1:], np.inf)
    for above in range(1, math.ceil(1 / LARGEST_SHARE)):
        rest = ordered[above:].sum(axis=0)
        limit = LARGEST_SHARE * rest / (1 - LARGEST_SHARE * above)
        most = np.where(ordered[above - 1] > limit, limit, most)
    capped: Numbers = np.minimum(relative, most)
    return capped


def _within(
    kwh: Numbers, shape: Numbers, is_weekend: Flags, log_level: Numbers
) -> tuple[Numbers, Numbers]:
    """Return variance and mean of what a level is off that days tell, from every run of days."""
    within, shift = np.full(OWN_DAYS + 1, 1e9), np.zeros(OWN_DAYS + 1)
    like = np.where(np.isfinite(kwh), shape[is_weekend.astype(int)], 0.0).sum(axis=2)
    used = np.nansum(kwh, axis=2)
    for days in range(1, OWN_DAYS + 1):
        runs = [slice(at, at + days) for at in range(kwh.shape[1] - days + 1)]
        told = [_log(used[:, run].sum(axis=1), like[:, run].sum(axis=1)) for run in runs]
        errors = np.clip(np.array(told) - log_level, -_MOST_LOG, _MOST_LOG)
        shift[days] = float(np.nanmean(errors))
        within[days] = float(np.nanvar(errors))
    return within, shift


def _shape_days(
    kwh: Numbers, relative: Numbers, shape: Numbers, level: Numbers, is_weekend: Flags
) -> float:
    """Return Bühlmann's k of the hours: variance from day to day over that from home to home."""
    kind = is_weekend.astype(int)
    scaled = kwh / level[:, None, None]
    of_home = relative[:, kind]
    days = np.maximum(np.isfinite(kwh).sum(axis=1).mean(), 1.0)
    from_day_to_day = float(np.nanmean((scaled - of_home) ** 2))
    seen = float(np.nanmean((relative - shape) ** 2))
    from_home_to_home = max(seen - from_day_to_day / days, 0.02 * seen, 1e-9)
    return float(from_day_to_day / from_home_to_home)


def _ratios(
    past: Numbers, then: Numbers, weekend_past: Flags, weekend_then: Flags, log_use: Numbers
) -> Numbers:
    """Return what homes used over what was told of each without it, (days known, homes, days, 24).

    What moved all homes alike between the fortnights, as weather does, may as well go the other
    way next: it is taken out and counts both ways.
    """
    homes = len(past)
    told = np.full((OWN_DAYS + 1, homes, 2, 24), np.nan)
    for home in range(homes):
        others = np.arange(homes) != home
        group = _alike(past[others], weekend_past, log_use[others])
        for days in range(OWN_DAYS + 1):
            own = past[home, PAST_DAYS - days :]
            if days_known(own) == days:
                told[days, home] = group.mean(
                    own, weekend_past[PAST_DAYS - days :], log_use=float(log_use[home])
                )
    least = _LEAST * _mean(told, axis=(2, 3))
    expected = np.maximum(told, least[:, :, None, None])[:, :, weekend_then.astype(int)]
    is_seen = np.isfinite(expected) & np.isfinite(then)[None]
    used = np.where(is_seen, then[None], 0.0).sum(axis=(1, 2, 3))
    moved = _over(used, np.where(is_seen, expected, 0.0).sum(axis=(1, 2, 3)))
    moved = np.clip(moved, 0.2, 5.0)[:, None, None, None]
    alone = then[None] / expected / moved
    return np.concatenate([alone * moved, alone / moved], axis=2)


def _spread(ratios: Numbers, shape: Numbers) -> Numbers:
    """Return the quantiles of the ratios by days known and hour, for a home that is none of these.

    The correction for finite samples counts homes as far as they differ, hours as far as they do
    not (Kish 1965, "Survey Sampling", on clusters).
    """
    homes = ratios.shape[1]
    spread = np.zeros((OWN_DAYS + 1, 24, len(QUANTILES)))
    is_used = shape.mean(axis=0) > _LEAST
    for days in range(OWN_DAYS + 1):
        of_days = ratios[days] if np.isfinite(ratios[days]).any() else ratios[0]
        used = of_days[:, :, is_used]
        low, high = np.nanquantile(used, (0.1, 0.9))
        inside = np.where(np.isnan(used), np.nan, (used >= low) & (used <= high))
        differ = float(np.nanvar(_mean(inside, axis=(1, 2)), ddof=1))
        count = max(homes * min(0.16 / max(differ, 1e-9), 1_000.0), homes)
        levels = [min(max(0.5 + (q - 0.5) * (1 + 1 / count), 0.0), 1.0) for q in QUANTILES]
        pooled = np.nanquantile(used, levels)
        spread[days] = pooled
        if homes >= BY_HOUR_FROM:
            by_hour = np.nanquantile(of_days, levels, axis=(0, 1)).T
            spread[days] = np.where(np.isfinite(by_hour), by_hour, pooled)
    return spread


def _log_level(own: Numbers, shape: Numbers, is_weekend: Flags) -> Numbers:
    """Return the logarithm of the level that days tell, the hours that they lack allowed for."""
    like = np.where(np.isnan(own), 0.0, shape[is_weekend.astype(int)])
    return _log(np.asarray(np.nansum(own)), np.asarray(like.sum()))


def _log(used: Numbers, like: Numbers) -> Numbers:
    """Return the logarithm of used over like; NaN where there is nothing to compare with."""
    is_told = like > 0
    level = np.maximum(used, 1e-9) / np.where(is_told, like, 1.0)
    return np.where(is_told, np.log(level), np.nan)


def _mean(values: Numbers, *, axis: int | tuple[int, ...]) -> Numbers:
    """Return the mean of those that are there; NaN, without a warning, where none is."""
    there = np.isfinite(values)
    count = there.sum(axis=axis)
    total = np.where(there, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _over(some: Numbers, of: Numbers) -> Numbers:
    return np.where(of > 0, some / np.where(of > 0, of, 1.0), 1.0)

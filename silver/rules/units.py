"""Rules of units: Wh said as kWh, and the like, seen from the meter's own level."""

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from silver.rules.days import (
    DAYS_AHEAD,
    HISTORY_NEEDED,
    Broken,
    each,
    has_history,
    is_of_intervals,
    mean,
    median,
    the_day,
)

_FACTORS = (10.0, 100.0, 1000.0)
# Days of one level are within a factor of 3; the level lies at the factor, give or take.
_ONE_LEVEL = 3.0
_LEAST, _MOST = 0.6, 1.6
# Fewer days may be a visit, or one odd file.
_LASTING = DAYS_AHEAD + 1
_FEWEST_INTERVALS = 4


def unit_change() -> Broken:
    """A level that jumps by 10, 100 or 1000, up or down, in all that is measured, for 3 days.

    What a home does moves the peak, or the energy, or the base load; a unit moves all three by one
    factor. Where the lowest interval is zero there is no base load to tell: only the thousand (Wh
    against kWh) counts then, and as many intervals must have energy as before. No day of the 35
    before may have had the new level, but those since the jump; so a repaired unit is no jump. What
    the fuse does not let through is held, and is a part of the level: the rest must not count.
    High/low checks against the meter's own history are usual practice (UBP volume 2; Elexon BSCP502
    validates advances against expected ones); the factors are those of units.
    """
    peak = F.col("_said_kw")

    def is_near(day: Column) -> Column:
        return (day["_said_kw"] > peak / _ONE_LEVEL) & (day["_said_kw"] < peak * _ONE_LEVEL)

    since = F.concat(F.filter("_before", is_near), F.array(the_day()), F.filter("_after", is_near))
    was = F.filter("_before", lambda day: ~is_near(day))
    is_after = F.array_max(each(was, "_day")) < F.array_min(each(since, "_day"))
    lasts = (F.size(since) >= _LASTING) & (F.size(was) >= HISTORY_NEEDED)
    of_peak = F.try_divide(mean(each(since, "_said_kw")), median(each(was, "_said_kw")))
    of_energy = F.try_divide(mean(each(since, "_said_kwh")), median(each(was, "_said_kwh")))
    base_before, base_now = median(each(was, "lowest_kw")), mean(each(since, "lowest_kw"))
    of_base = F.try_divide(base_now, base_before)
    has_base = (base_before > 0) & (base_now > 0)
    with_base = has_base & _by_one_of(_FACTORS, of_peak, of_energy, of_base)
    no_base = (base_before == 0) & (base_now == 0) & _has_as_many(was, since)
    without_base = no_base & _by_one_of(_FACTORS[-1:], of_peak, of_energy)
    is_whole = F.col("_said_intervals") >= F.col("expected_intervals")
    # Where it is broken the first of the days before have the old level; what is done for each day
    # of a list is not compiled, so few rows are looked at further.
    begun = [F.get("_before", F.lit(n)) for n in (0, HISTORY_NEEDED - 1)]
    had_another = reduce(Column.__and__, (~F.coalesce(is_near(d), F.lit(False)) for d in begun))
    is_judged = is_of_intervals() & is_whole & (peak > 0) & has_history() & had_another & lasts
    is_broken = is_judged & is_after & (with_base | without_base)
    return Broken(is_broken, mean(each(since, "_said_kw")), median(each(was, "_said_kw")))


def _by_one_of(factors: tuple[float, ...], *ratios: Column) -> Column:
    """Tell whether all ratios are near one of the factors, or near one over it."""
    near = [
        reduce(Column.__and__, (r.between(by * _LEAST, by * _MOST) for r in ratios))
        for factor in factors
        for by in (factor, 1 / factor)
    ]
    return reduce(Column.__or__, near)


def _has_as_many(was: Column, since: Column) -> Column:
    """Tell whether as many intervals have energy as before, give or take a half."""

    def count(days: Column) -> Column:
        return F.transform(days, lambda day: (day["_said_intervals"] - day["zero_intervals"]) * 1.0)

    before, now = median(count(was)), mean(count(since))
    return (before >= _FEWEST_INTERVALS) & now.between(before / 2, before * 2)

"""Rules of peaks: an interval far above what the meter has shown in the weeks before."""

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from silver.rules.days import HISTORY_NEEDED, Broken, each, has_history, is_of_intervals

# ANSI/EEI "Uniform Business Practices for Unbundled Electricity Metering", volume 2, spike check:
# the highest peak less the third highest, over the third highest, is at most 1.8.
_UBP_SCALE = 1.8
# What switches on in an hour makes peaks of every home differ; below this power no one is misled.
_LEAST_KW = 3.0
# A house connection of 3 x 35 A, where no fuse is registered; of gas and heat, the largest boiler
# of a home twice over.
_CONNECTION_KW = {"elec": 24.0, "gas": 70.0, "district_heating": 70.0}
_TENFOLD = 10.0


def spike() -> Broken:
    """A peak that fails the spike check of the UBP against the peaks of the 35 days before.

    Homes break it when they get a charger or a sauna, so a broken check asks for a look, no more.
    """
    return _above((1 + _UBP_SCALE) * _third_highest(), F.lit(_LEAST_KW))


def peak_out_of_reach() -> Broken:
    """A peak ten times the highest of the 35 days before, and more than a house connection gives.

    It is the tenfold of a single day, or a meter's overflow. With a registered fuse the reading
    waits in quarantine already.
    """
    highest = F.array_max(each("_before", "highest_kw"))
    connection = F.lit(None).cast("double")
    for fuel, kw in _CONNECTION_KW.items():
        connection = F.when(F.col("fuel") == fuel, kw).otherwise(connection)
    return _above(_TENFOLD * highest, connection)


def _above(usual: Column, least: Column) -> Broken:
    limit = F.greatest(usual, least)
    peak = F.col("highest_kw")
    # The day itself comes first, then some days before it: few rows are looked at further, and what
    # is done for each day of a list is not compiled.
    is_odd = is_of_intervals() & (peak > least) & has_history() & _is_seldom(peak)
    is_judged = F.coalesce(is_odd, F.lit(False)) & (_third_highest() > 0)
    return Broken(is_judged & (peak > limit), peak, limit)


def _is_seldom(peak: Column) -> Column:
    """Tell whether fewer than three of some days come near a peak; with three it is no spike."""
    days = (F.get("_before", F.lit(n)) for n in range(0, HISTORY_NEEDED, 2))
    near = (F.when(day["highest_kw"] * (1 + _UBP_SCALE) >= peak, 1).otherwise(0) for day in days)
    return reduce(Column.__add__, near) < 3


def _third_highest() -> Column:
    return F.get(F.sort_array(each("_before", "highest_kw"), asc=False), F.lit(2))

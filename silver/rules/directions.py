"""Rules of directions: what is drawn said as fed in, and the other way round."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from silver.rules.days import (
    DAYS_AHEAD,
    HISTORY_NEEDED,
    Broken,
    each,
    is_of_intervals,
    mean,
    median,
    the_day,
)

_HOME_DAY = ("partner_id", "location_id", "fuel", "local_date")
_NIGHT_S = 4 * 3600
# A night of which less is known does not tell.
_OBSERVED = 0.9
# A night is drawn, or fed in, where it is so in half of its intervals more than the other.
_CLEAR = 0.5
# A battery may feed in on some nights; on more than one in ten it is what the home does.
_SELDOM = 0.1
# What a home draws at night may halve when it is away; it does not vanish.
_LEAST = 0.5
# Fewer nights may be a battery's.
_LASTING = DAYS_AHEAD + 1


def with_nights(meter_days: DataFrame) -> DataFrame:
    """Add what a home's main meters drew of the grid at night less what they fed in.

    ``_night_share`` of the intervals, from 1 (drawn in all) to -1 (fed in in all), and
    ``_night_kwh``; null where one of the two is not known all night. It stands at both meters.
    """
    is_main = ~F.coalesce("is_sub_meter", F.lit(False)) & is_of_intervals()
    of_day = Window.partitionBy(*_HOME_DAY)

    def night(direction: str, figure: Column) -> Column:
        is_of_it = is_main & (F.col("direction") == direction)
        return F.sum(F.when(is_of_it, figure)).over(of_day)

    def share(direction: str) -> Column:
        intervals = F.col("night_intervals")
        with_energy = night(direction, intervals - F.col("night_zero_intervals"))
        known_s = night(direction, intervals * F.col("interval_s"))
        is_known = known_s >= _OBSERVED * _NIGHT_S
        return F.when(is_known, F.try_divide(with_energy, night(direction, intervals)))

    is_judged = is_main & F.col("direction").isin("import", "export")
    kwh = night("import", F.col("night_kwh")) - night("export", F.col("night_kwh"))
    return meter_days.withColumns(
        {
            "_night_share": F.when(is_judged, share("import") - share("export")),
            "_night_kwh": F.when(is_judged, kwh),
        }
    )


def swapped_directions() -> Broken:
    """Nights that were drawn are fed in for 3 days: import and export probably changed places.

    A home draws at night, and what it makes of the sun it feeds in by day. So where the turn lasts,
    with at least half of the energy, after two weeks of nights that were drawn, the two meters say
    each other's; a battery that balances leaves neither. A battery that sells every night looks
    alike, so it is a warning. What stays for long becomes what is usual, and is no longer told.
    """

    def is_fed_in(day: Column) -> Column:
        return day["_night_share"] <= -_CLEAR

    drawn = F.filter("_before", lambda day: day["_night_share"] >= _CLEAR)
    last = F.array_max(each(drawn, "_day"))
    earlier = F.filter("_before", lambda day: is_fed_in(day) & (day["_day"] < last))
    since = F.concat(
        F.filter("_before", lambda day: is_fed_in(day) & (day["_day"] > last)),
        F.array(the_day()),
        F.filter("_after", is_fed_in),
    )
    lasts = (F.size(since) >= _LASTING) & (F.size(drawn) >= HISTORY_NEEDED)
    is_odd = F.size(earlier) <= _SELDOM * F.size(drawn)
    now, was = mean(each(since, "_night_kwh")), median(each(drawn, "_night_kwh"))
    # The day itself comes first, as false where its night is not known: few rows are looked at
    # further, and what is done for each day of a list is not compiled.
    is_of_today = F.coalesce(F.col("_night_share") <= -_CLEAR, F.lit(False))
    is_broken = is_of_today & lasts & is_odd & (now <= -_LEAST * was)
    return Broken(is_broken, now, was)

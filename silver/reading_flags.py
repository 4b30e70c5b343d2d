"""silver.meter_days, readings, meters -> silver.reading_flags: stretches that break a rule."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.contracts import HISTORY_OF_METER_DAYS, READING_FLAGS, READING_RULES
from silver.home_days import HOME_DAY, all_days, days_around
from silver.rules import OF_DAYS, OF_PEAKS
from silver.rules.days import DAYS_AHEAD, Broken, with_days_around
from silver.rules.directions import with_nights
from silver.rules.supply import with_days_of_supply
from silver.said_once import power_kw

# 2: meters are held against their supply, and the two directions of a home against each other.
# 3: a unit's change is told by what is held too.
RULE_VERSION = 3
# A change touches the five weeks after it, of which there is a row a day and meter.
FEW_SLICES = 10_000
_METER_DAY = [*HOME_DAY, "meter_id", "direction", "resolution"]
_FLAG = ("rule", "severity", "observed", "bound")


def reading_flags(
    meter_days: DataFrame,
    meter_readings: DataFrame,
    meters: DataFrame,
    *,
    at_hand: Callable[[DataFrame], DataFrame],
    of_slices: Callable[[DataFrame], DataFrame] = lambda rows: rows,
) -> DataFrame:
    """Return a row a stretch of a meter, within a local day, and rule that it breaks.

    Days are judged by their figures; only of days with an odd peak are the intervals looked at.
    """
    days = at_hand(
        with_days_of_supply(meter_days, meters)
        # All that a day is held against is of its home: the rows are moved once.
        .repartition(*HOME_DAY[:2])
        .transform(with_nights)
        .transform(with_days_around)
        # Most days are there only to be looked back at.
        .transform(of_slices)
        .transform(broken)
    )
    of_days = days.where(~F.col("_is_peak"))
    of_peaks = days.where("_is_peak").transform(lambda rows: above_limit(rows, meter_readings))
    return of_days.select(*READING_FLAGS.names).unionByName(of_peaks)


def touched_by_meter_days(changes: DataFrame) -> DataFrame:
    """Return the days that are judged by the changed ones."""
    return days_around(changes, before=DAYS_AHEAD, after=HISTORY_OF_METER_DAYS)


def touched_by_meter_readings(changes: DataFrame) -> DataFrame:
    """Return the days of the readings."""
    return changes.select(*HOME_DAY)


def touched_by_meters(changes: DataFrame, meter_days: DataFrame) -> DataFrame:
    """Return all days of the homes: one meter's supply may end where another's begins."""
    return all_days(changes, meter_days)


def needed_for_meter_days(slices: DataFrame) -> DataFrame:
    """Return the days that the rules look at for some days."""
    return days_around(slices, before=HISTORY_OF_METER_DAYS, after=DAYS_AHEAD)


def broken(days: DataFrame) -> DataFrame:
    """Return a row a day and rule that it breaks; ``_is_peak``: intervals above the limit do."""
    found = [(True, rule) for rule in OF_PEAKS] + [(False, rule) for rule in OF_DAYS]
    flags = F.array(*(_flag(rule.__name__, is_peak, rule()) for is_peak, rule in found))
    return days.select("*", F.explode(F.array_compact(flags)).alias("_flag")).select(
        *(n for n in READING_FLAGS.names if n not in _FLAG), "_flag.*"
    )


def above_limit(days: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return a row an interval above the limit of its day."""
    intervals = meter_readings.select(*_METER_DAY, "starts_at", "ends_at", power_kw().alias("_kw"))
    return (
        intervals.join(F.broadcast(days.drop("starts_at", "ends_at")), on=_METER_DAY, how="inner")
        .where(F.col("_kw") > F.col("bound"))
        .withColumns({"observed": F.col("_kw"), "intervals": F.lit(1)})
        .select(*READING_FLAGS.names)
    )


def _flag(name: str, is_peak: bool, found: Broken) -> Column:
    flag = F.struct(
        F.lit(is_peak).alias("_is_peak"),
        F.lit(name).alias("rule"),
        F.lit(READING_RULES[name]).alias("severity"),
        found.observed.alias("observed"),
        found.limit.alias("bound"),
    )
    return F.when(found.is_broken, flag)

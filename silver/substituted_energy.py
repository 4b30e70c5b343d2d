"""silver.energy_in_context -> silver.substituted_energy: what gaps would have held, by method.

It stands beside the energy and is never added to it; when the real value comes, it goes.
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.local_clock import length_s, local_midnight
from silver.contracts import SERIES, SUBSTITUTED_ENERGY
from silver.gap_days import LONGEST_GAP_DAYS, WEEKS_BEFORE, days_looked_at, gap_days
from silver.home_days import HOME_DAY, all_days, days_around
from silver.missing_intervals import SERIES_DAY, in_runs, missing_intervals
from silver.said_once import LONGEST_DAY_S, power_kw

# 2: a gap is of the fuel and direction that have it. 3: what is said in part is no gap; consumption
# is filled where the meters of the day make it.
RULE_VERSION = 3
OF_SLICES = ("meters",)
_SEEN = ("starts_at", "ends_at", "time_zone", "resolution", "energy_kwh", "is_derived",
         "is_consumption", "known_at")  # fmt: skip
# Up to two hours a straight line, longer ones like days, scaled (UBP volume 2, estimation; AEMO
# "Metrology Procedure: Part B" has the same as substitution by interpolation and by like day).
_INTERPOLATED_S = 2 * 3600
_LIKE_DAYS_NEEDED = 3
# What a day shows of itself scales its like days, where that is a quarter of it, within bounds.
_SHOWN = 0.25
_LEAST_SCALE, _MOST_SCALE = 0.5, 2.0


def substituted_energy(
    energy_in_context: DataFrame,
    meter_days: DataFrame,
    reading_flags: DataFrame,
    meters: DataFrame,
    *,
    at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a location, fuel, direction and interval that is missing and can be filled.

    Energy in kWh. Days with gaps are found by the counts of their meters. A gap that nothing
    follows is no gap yet.
    """
    gaps = at_hand(gap_days(meter_days, reading_flags, meters))
    seen = energy_in_context.where(length_s() <= LONGEST_DAY_S)
    # What is kept at hand is kept with all of its columns.
    rows = at_hand(seen.select(*SERIES_DAY, *_SEEN))
    missing = at_hand(
        with_neighbours(at_hand(in_runs(missing_intervals(rows, gaps, meters))), rows)
    )
    is_short = F.col("_to") - F.col("_from") <= _INTERPOLATED_S
    has_ends = is_short & F.col("_last").isNotNull() & F.col("_next").isNotNull()
    follows = F.col("_next").isNotNull() | F.col("_resumes")
    longer = missing.where(~has_ends & follows)
    return (
        missing.where(has_ends)
        .transform(interpolated)
        .unionByName(like_day(longer, rows))
        .select(*SUBSTITUTED_ENERGY.names)
    )


def slices_with_rows(
    meter_days: DataFrame, reading_flags: DataFrame, meters: DataFrame
) -> DataFrame:
    """Return the days with gaps: few."""
    return gap_days(meter_days, reading_flags, meters).select(*HOME_DAY)


def touched_by_energy_in_context(changes: DataFrame) -> DataFrame:
    """Return the days that the changed ones fill, or whose gaps they end."""
    return days_around(changes, before=LONGEST_GAP_DAYS, after=7 * WEEKS_BEFORE)


def touched_by_meter_days(changes: DataFrame) -> DataFrame:
    """Return the days that may have become a gap, or none."""
    return days_around(changes, before=LONGEST_GAP_DAYS + 1, after=LONGEST_GAP_DAYS)


def touched_by_meters(changes: DataFrame, meter_days: DataFrame) -> DataFrame:
    """Return all days of the homes: a supply may have ended, or a meter may be deleted."""
    # A day of silence has no row there, and is within a week of one.
    return days_around(all_days(changes, meter_days), before=0, after=LONGEST_GAP_DAYS)


def needed_for_energy_in_context(slices: DataFrame) -> DataFrame:
    """Return the days to look at for days with gaps."""
    return days_looked_at(slices)


def needed_for_meter_days(slices: DataFrame) -> DataFrame:
    """Return the days whose counts tell gaps."""
    return days_around(slices, before=LONGEST_GAP_DAYS + 1, after=LONGEST_GAP_DAYS + 1)


def with_neighbours(missing: DataFrame, rows: DataFrame) -> DataFrame:
    """Add the readings that border on the runs, ``_last`` and ``_next``: middle, power, known_at.

    Each is null where nothing borders on the run.
    """
    short = rows.where(length_s() <= 3600)
    reading = F.struct(_middle().alias("_middle"), power_kw().alias("_kw"), "known_at")
    found = missing
    for border, edge, instant in (("_last", "_from", "ends_at"), ("_next", "_to", "starts_at")):
        wanted = F.broadcast(missing.select(*SERIES, edge).distinct())
        bordering = (
            short.withColumn(edge, F.unix_seconds(instant))
            .join(wanted, on=[*SERIES, edge], how="left_semi")
            .groupBy(*SERIES, edge)
            .agg(F.max(reading).alias(border))
        )
        found = found.join(bordering, on=[*SERIES, edge], how="left")
    return found


def interpolated(missing: DataFrame) -> DataFrame:
    """Fill with the straight line between the powers on both sides."""
    last, following = F.col("_last"), F.col("_next")
    middle = F.col("_s") + F.col("_length") / 2
    along = (middle - last["_middle"]) / (following["_middle"] - last["_middle"])
    between = last["_kw"] + (following["_kw"] - last["_kw"]) * along
    return missing.transform(
        lambda rows: filled(
            rows,
            kwh=between * F.col("_length") / 3600,
            method="interpolated",
            known_at=F.greatest(last["known_at"], following["known_at"]),
        )
    )


def like_day(missing: DataFrame, rows: DataFrame) -> DataFrame:
    """Fill with the mean of the same time on the same weekday of the weeks before, scaled.

    Three of the four must be there. The scale is what the day shows of itself over what those show
    at the same times, from a half to two.
    """
    slot = [*SERIES_DAY, "_clock_s", "_length"]
    days = missing.select(*SERIES_DAY, "time_zone").distinct()
    weeks = F.explode(F.array(*map(F.lit, range(1, WEEKS_BEFORE + 1)))).alias("_week")
    days_before = days.select("*", weeks).select(
        *SERIES,
        F.date_sub("local_date", 7 * F.col("_week")).alias("local_date"),
        F.col("local_date").alias("_day"),
        "time_zone",
        "_week",
    )
    like = (
        shown(rows, days_before)
        .withColumn("local_date", F.col("_day"))
        .groupBy(*slot)
        .agg(
            F.avg("energy_kwh").alias("_like_kwh"),
            F.max("known_at").alias("_known_at"),
            F.bit_or(F.expr("shiftleft(1, _week)")).alias("_weeks"),
        )
        .where(F.bit_count("_weeks") >= _LIKE_DAYS_NEEDED)
    )
    of_day = (
        shown(rows, days)
        .groupBy(*slot)
        .agg(F.avg("energy_kwh").alias("_kwh"), F.max("known_at").alias("_at"))
    )
    scales = (
        of_day.join(like, on=slot, how="inner")
        .groupBy(*SERIES_DAY)
        .agg(
            F.sum("_length").alias("_shown_s"),
            F.try_divide(F.sum("_kwh"), F.sum("_like_kwh")).alias("_ratio"),
            F.max("_at").alias("_shown_at"),
        )
    )
    bounded = F.least(F.greatest("_ratio", F.lit(_LEAST_SCALE)), F.lit(_MOST_SCALE))
    is_shown = F.col("_shown_s") >= _SHOWN * 86_400
    scale = F.coalesce(F.when(is_shown, bounded), F.lit(1.0))
    return (
        missing.withColumn("_clock_s", _clock_s(F.timestamp_seconds("_s")))
        .join(like, on=slot, how="inner")
        .join(scales, on=SERIES_DAY, how="left")
        .transform(
            lambda found: filled(
                found,
                kwh=F.col("_like_kwh") * scale,
                method="like_day",
                known_at=F.greatest("_known_at", F.when(is_shown, F.col("_shown_at"))),
            )
        )
    )


def shown(rows: DataFrame, days: DataFrame) -> DataFrame:
    """Return what was read on some days, with its ``_length`` and ``_clock_s``.

    The clock is read once a day, but on those of 23 or 25 hours: for longer than a row takes.
    """
    edges = (F.col("local_date"), F.date_add("local_date", 1))
    midnight_s, next_s = (F.unix_seconds(local_midnight(day)) for day in edges)
    since_s = F.when(next_s - midnight_s == 86_400, midnight_s).alias("_since_s")
    clock_s = F.coalesce(
        F.unix_seconds("starts_at") - F.col("_since_s"), _clock_s(F.col("starts_at"))
    )
    begun = days.select("*", since_s).drop("time_zone")
    return rows.join(F.broadcast(begun), on=SERIES_DAY, how="inner").withColumns(
        {"_length": length_s(), "_clock_s": clock_s}
    )


def filled(slots: DataFrame, *, kwh: Column, method: str, known_at: Column) -> DataFrame:
    """Return the slots as rows of the table."""
    return slots.withColumns(
        {
            "starts_at": F.timestamp_seconds("_s"),
            "ends_at": F.timestamp_seconds(F.col("_s") + F.col("_length")),
            "local_month": F.date_format("local_date", "yyyy-MM"),
            "substituted_kwh": kwh,
            "method": F.lit(method),
            "known_at": known_at,
        }
    ).select(*SUBSTITUTED_ENERGY.names)


def _middle() -> Column:
    return (F.unix_seconds("starts_at") + F.unix_seconds("ends_at")) / 2


def _clock_s(instant: Column) -> Column:
    """Return the time on the wall clock, in s since midnight."""
    return F.unix_seconds(F.from_utc_timestamp(instant, F.col("time_zone"))) % 86_400

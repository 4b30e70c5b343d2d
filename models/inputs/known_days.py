"""features.daily_load -> the last year of a series as known at a time, or why it does not do.

The one place of the rule: load_outlooks looks ahead where there is no code here, outlook_refusals
says the code of the others.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.copies import without_copies
from models.inputs.forecastable import DAYS_NEEDED, LONGEST_SILENCE, SERIES
from models.outlook.known import YEAR
from silver.contracts import HOME

RECENT_DAYS = 28
_SILENT_DAYS = LONGEST_SILENCE.days
# A swing below a thousandth of the highest day is the meter's rounding.
_FLAT = 1e-3
# In weeks as mild as this nobody heats: then a fuel that heats is nothing, and the meter alive.
_MILD_C = 12.0
# Days after the issue of which a truth can be told: to the end of the twelfth month.
_TO_COME = 397


def asking(daily_load: DataFrame, meters: DataFrame, *, clock: datetime) -> DataFrame:
    """Return a row a registered series with a day of the last weeks; ``asked_at`` is ``clock``."""
    since = (clock - LONGEST_SILENCE).date()
    registered = meters.where("deleted_at IS NULL").select(*HOME, "fuel").distinct()
    return (
        # The month is said too, so that Delta skips the older partitions.
        daily_load.where(F.col("local_month") >= since.strftime("%Y-%m"))
        .where(F.greatest("feature_at", "known_at") <= F.lit(clock))
        .select(*SERIES)
        .distinct()
        .join(F.broadcast(registered), on=[*HOME, "fuel"], how="left_semi")
        .transform(lambda rows: without_copies(rows, meters))
        .withColumn("asked_at", F.lit(clock))
    )


def known_days(
    asked: DataFrame, daily_load: DataFrame, locations: DataFrame, temperatures: DataFrame
) -> DataFrame:
    """Return a row a question with ``days``: how long ago, kWh and °C, of a year, as known then.

    ``asked`` has SERIES and ``asked_at``; ``temperatures`` has HOME, ``local_date``,
    ``temperature_c``. Added are ``first_date`` (the local day of the question), ``first_day``
    (since 1970), ``latitude``, ``time_zone``, ``days_observed`` of the last 28, ``last_date``, and
    ``code``, null where that is enough. Gas that rests in mild weeks, after others, is enough.
    """
    questions = dated(asked, locations)
    ago = F.date_diff("first_date", "local_date")
    recently = F.when(F.col("days_ago") <= RECENT_DAYS, F.col("kwh"))
    day = F.struct("days_ago", "kwh", "temperature_c")
    return (
        questions.join(_versions(daily_load), on=list(SERIES), how="inner")
        .withColumn("days_ago", ago)
        .where(F.col("days_ago").between(1, YEAR))
        .where(F.greatest("feature_at", "known_at") <= F.col("asked_at"))
        .groupBy(*questions.columns, "local_date", "days_ago")
        .agg(F.max_by("day_kwh", "known_at").alias("kwh"))
        .join(temperatures, on=[*HOME, "local_date"], how="left")
        .groupBy(*questions.columns)
        .agg(
            F.sort_array(F.collect_list(day)).alias("days"),
            F.count(recently).cast("int").alias("days_observed"),
            F.max("local_date").alias("last_date"),
            F.min("days_ago").alias("_silent"),
            F.min(recently).alias("_lowest"),
            F.max(recently).alias("_highest"),
            _is_flat(F.min("kwh"), F.max("kwh")).alias("_is_flat_all_year"),
            F.avg(F.when(F.col("days_ago") <= RECENT_DAYS, F.col("temperature_c"))).alias("_mild"),
        )
        .withColumn("code", _code())
        .drop("_silent", "_lowest", "_highest", "_is_flat_all_year", "_mild")
    )


def came_true(asked: DataFrame, daily_load: DataFrame, *, clock: datetime) -> DataFrame:
    """Add ``true_kwh``: the days from ``first_date`` on as known at ``clock``, null where not.

    It ends with the last day that is known. Questions of which nothing came true are left out.
    """
    known = (
        _versions(daily_load)
        .where(F.greatest("feature_at", "known_at") <= F.lit(clock))
        .groupBy(*SERIES, "local_date")
        .agg(F.max_by("day_kwh", "known_at").alias("_true"))
    )
    # A series is put in a row once, with its gaps, and each question takes its part of it.
    ends = known.groupBy(*SERIES).agg(
        F.min("local_date").alias("_begin"), F.max("local_date").alias("_end")
    )
    day = F.explode(F.sequence("_begin", "_end")).alias("local_date")
    series = (
        ends.select(*SERIES, "_begin", day)
        .join(known, on=[*SERIES, "local_date"], how="left")
        .groupBy(*SERIES, "_begin")
        .agg(F.sort_array(F.collect_list(F.struct("local_date", "_true"))).alias("_days"))
        .select(*SERIES, "_begin", F.col("_days._true").alias("_all"))
    )
    # What was known at the question lies before it, so the series begins there.
    ahead = F.slice("_all", F.date_diff("first_date", "_begin") + 1, F.lit(_TO_COME))
    return (
        asked.join(series, on=list(SERIES), how="inner")
        .withColumn("true_kwh", ahead)
        .where(F.exists("true_kwh", lambda kwh: kwh.isNotNull()))
        .drop("_begin", "_all")
    )


def dated(asked: DataFrame, locations: DataFrame) -> DataFrame:
    """Add where and on which local day it is asked."""
    homes = locations.select(
        *HOME, "time_zone", F.coalesce("latitude", F.lit(0.0)).alias("latitude")
    )
    local = F.from_utc_timestamp("asked_at", F.col("time_zone"))
    return (
        asked.join(homes, on=list(HOME), how="inner")
        .withColumn("first_date", F.to_date(local))
        .withColumn("first_day", F.unix_date("first_date"))
    )


def _versions(daily_load: DataFrame) -> DataFrame:
    return daily_load.select(*SERIES, "local_date", "feature_at", "known_at", "day_kwh")


def _code() -> Column:
    is_summer = (F.col("fuel") != "elec") & (F.col("_mild") >= _MILD_C)
    is_resting = F.coalesce(is_summer, F.lit(False)) & ~F.col("_is_flat_all_year")
    return (
        F.when(F.col("_silent") > _SILENT_DAYS, "too_old")
        .when(F.col("days_observed") < DAYS_NEEDED, "too_little_history")
        .when(_is_flat(F.col("_lowest"), F.col("_highest")) & ~is_resting, "no_variation")
    )


def _is_flat(lowest: Column, highest: Column) -> Column:
    return highest - lowest <= _FLAT * highest

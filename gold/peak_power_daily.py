"""silver.energy_in_context -> gold.peak_power_daily: the highest mean power of each local day."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import PEAK_POWER_DAILY
from lake.local_clock import clock_s, length_s, local_midnight
from silver.contracts import PEAK_WINDOWS

_DAY_OF = ["partner_id", "location_id", "fuel", "direction", "local_date"]
_LONGEST = max(PEAK_WINDOWS) * 60


def peak_power_daily(energy_in_context: DataFrame) -> DataFrame:
    """Return a row a location, fuel, direction, local day and window of 6 to 60 minutes, in kW.

    Windows begin on the local clock. One counts where intervals that divide it, all of one length,
    cover it whole; where none does, the day has no row of that window.
    """
    return (
        energy_in_context.where(length_s() <= _LONGEST)
        .transform(in_windows)
        .transform(highest)
        .select("*", F.explode(_directions()).alias("_said_as"))
        .drop("direction")
        .withColumnRenamed("_said_as", "direction")
        .select(*PEAK_POWER_DAILY.names)
    )


def in_windows(intervals: DataFrame) -> DataFrame:
    """Add up the intervals of each window (min) and its start ``_from`` (s since 1970).

    An interval that is a window is its row; only shorter ones are added up.
    """
    start_s = F.unix_seconds("starts_at")
    window_s = F.col("window_minutes") * 60
    rows = (
        intervals.withColumns({"_seconds": length_s(), "_local": clock_s(3600)})
        .withColumn("window_minutes", F.explode(_windows()))
        .withColumn("_into", F.col("_local") % window_s)
        .where((window_s % F.col("_seconds") == 0) & (F.col("_into") % F.col("_seconds") == 0))
        .withColumn("_from", start_s - F.col("_into"))
    )
    window = [*_DAY_OF, "local_month", "time_zone", "window_minutes", "_from", "_seconds"]
    is_window = F.col("_seconds") == window_s
    as_they_are = rows.where(is_window).withColumn("_is_consumption", F.col("is_consumption"))
    added_up = (
        rows.where(~is_window)
        .groupBy(*window)
        .agg(
            F.sum("energy_kwh").alias("energy_kwh"),
            F.count(F.lit(1)).alias("_intervals"),
            F.max("is_consumption").alias("_is_consumption"),
            F.max("known_at").alias("known_at"),
        )
        .where(F.col("_intervals") * F.col("_seconds") == window_s)
        .drop("_intervals")
    )
    return as_they_are.select(*added_up.columns).unionByName(added_up)


def highest(windows: DataFrame) -> DataFrame:
    """Take the highest window of each day; of equal ones the first."""
    power = F.col("energy_kwh") * 60 / F.col("window_minutes")
    since_midnight_s = F.col("_from") - F.unix_date("local_date") * 86_400
    day_s = F.unix_seconds(local_midnight(F.date_add("local_date", 1))) - F.unix_seconds(
        local_midnight(F.col("local_date"))
    )
    expected = F.greatest(F.round(day_s / (F.col("window_minutes") * 60)), F.lit(1)).cast("int")
    return (
        windows.groupBy(*_DAY_OF, "local_month", "time_zone", "window_minutes")
        .agg(
            F.max(power).alias("peak_kw"),
            F.max_by("_from", power - since_midnight_s * 1e-14).alias("_from"),
            # No moment is said twice, so a window is covered by intervals of one length alone.
            F.count(F.lit(1)).cast("int").alias("_observed"),
            F.max("_is_consumption").alias("_is_consumption"),
            F.max("known_at").alias("known_at"),
        )
        .withColumn("peak_at", F.timestamp_seconds("_from"))
        .withColumn("expected_intervals", expected)
        .withColumn("observed_intervals", F.least("_observed", "expected_intervals"))
    )


def _windows() -> Column:
    """Return the windows that an interval divides, in min."""
    every = F.array(*map(F.lit, PEAK_WINDOWS))
    for minutes in PEAK_WINDOWS:
        divided = [F.lit(w) for w in PEAK_WINDOWS if w % minutes == 0]
        every = F.when(F.col("_seconds") == minutes * 60, F.array(*divided)).otherwise(every)
    return every


def _directions() -> Column:
    both = F.array(F.lit("import"), F.lit("consumption"))
    return F.when(F.col("_is_consumption"), both).otherwise(F.array("direction"))

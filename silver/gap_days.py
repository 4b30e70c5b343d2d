"""Days of meters and error flags -> the home-days that have a gap to fill, by what was metered."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from silver.home_days import HOME_DAY, days_around
from silver.supply import with_supply

# A silence of more days is no gap: the home may stand empty, or the meter may be another.
LONGEST_GAP_DAYS = 7
WEEKS_BEFORE = 4
# What is made of all directions of a fuel has a gap where one of them has.
DERIVED = "derived"
_METER = [*HOME_DAY[:2], "fuel", "meter_id", "direction"]


def gap_days(meter_days: DataFrame, reading_flags: DataFrame, meters: DataFrame) -> DataFrame:
    """Return a row a home-day and fuel that lacks intervals, with ``_of`` and ``_resumes``.

    ``_of`` is a direction, or :data:`DERIVED`. A main meter lacks some, has none between two days
    at most a week apart, or had some left out as errors; none after its supply has ended, or where
    it is deleted. ``_resumes``: each meter that said something in the week before has readings of a
    later day within the week.
    """
    of_meter = Window.partitionBy(*_METER).orderBy("local_date")
    left_out = (
        reading_flags.where("severity = 'error'")
        .select(*_METER, "local_date")
        .distinct()
        .withColumn("_is_left_out", F.lit(True))
    )
    until = F.greatest("_until", F.date_add("supply_end", 1))
    supply = with_supply(meters.where("NOT is_sub_meter")).select(
        *HOME_DAY[:2], "meter_id", until.alias("_until")
    )
    is_near = F.date_diff("_next", "local_date") <= LONGEST_GAP_DAYS + 1
    reach = F.when(F.col("_resumes"), F.date_sub("_next", 1)).otherwise(
        F.date_add("local_date", LONGEST_GAP_DAYS)
    )
    days = F.explode(F.sequence("local_date", reach)).alias("_day")
    is_gap = F.when(
        F.col("_day") == F.col("local_date"),
        F.col("_is_short") | F.coalesce("_is_left_out", F.lit(False)),
    ).otherwise(F.col("_resumes"))
    return (
        meter_days.where("interval_s <= 3600")
        .join(F.broadcast(supply), on=[*HOME_DAY[:2], "meter_id"], how="inner")
        .groupBy(*_METER, "local_date", "_until")
        .agg(F.max(F.col("intervals") < F.col("expected_intervals")).alias("_is_short"))
        .withColumn("_next", F.lead("local_date").over(of_meter))
        .withColumn("_resumes", F.coalesce(is_near, F.lit(False)))
        .join(left_out, on=[*_METER, "local_date"], how="left")
        .select("*", days)
        .where(F.col("_day") < F.col("_until"))
        .withColumn("_is_gap", is_gap)
        .withColumn("_of", F.explode(F.array("direction", F.lit(DERIVED))))
        .groupBy(*HOME_DAY[:2], F.col("_day").alias("local_date"), "fuel", "_of")
        .agg(F.max("_is_gap").alias("_is_gap"), F.min("_resumes").alias("_resumes"))
        .where("_is_gap")
        .drop("_is_gap")
    )


def days_looked_at(gaps: DataFrame) -> DataFrame:
    """Return the home-days whose energy fills gaps: the week around, and the same weekdays before.

    Long before a gap only the same weekday counts.
    """
    weeks = F.array(*(F.date_sub("local_date", 7 * n) for n in range(1, WEEKS_BEFORE + 1)))
    same_weekday = gaps.select(*HOME_DAY[:2], F.explode(weeks).alias("local_date"))
    near = days_around(gaps, before=LONGEST_GAP_DAYS, after=1)
    return near.unionByName(same_weekday).distinct()

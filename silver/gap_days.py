"""Days of meters and error flags -> the home-days that have a gap to fill."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from silver.home_days import HOME_DAY, days_around

# A silence of more days is no gap: the home may stand empty, or the meter may be another.
LONGEST_GAP_DAYS = 7
WEEKS_BEFORE = 4


def gap_days(meter_days: DataFrame, reading_flags: DataFrame) -> DataFrame:
    """Return the home-days that lack intervals, with ``_resumes``.

    A meter lacks some, has none between two days at most a week apart, or had some left out as
    errors. ``_resumes``: the meter has readings of a later day within the week.
    """
    of_meter = Window.partitionBy(*HOME_DAY[:2], "meter_id", "direction").orderBy("local_date")
    days = (
        meter_days.where("interval_s <= 3600")
        .groupBy(*HOME_DAY, "meter_id", "direction")
        .agg(F.max(F.col("intervals") < F.col("expected_intervals")).alias("_is_short"))
        .withColumn("_next", F.lead("local_date").over(of_meter))
        .withColumn("_apart", F.date_diff("_next", "local_date"))
    )
    resumes = F.coalesce(F.col("_apart") <= LONGEST_GAP_DAYS + 1, F.lit(False)).alias("_resumes")
    between = F.explode(F.sequence(F.date_add("local_date", 1), F.date_sub("_next", 1)))
    missing = days.where(F.col("_apart").between(2, LONGEST_GAP_DAYS + 1))
    left_out = reading_flags.where("severity = 'error'").select(*HOME_DAY, "meter_id", "direction")
    flagged = days.join(left_out.distinct(), [*HOME_DAY, "meter_id", "direction"], "left_semi")
    return (
        days.where("_is_short")
        .unionByName(flagged)
        .select(*HOME_DAY, resumes)
        .unionByName(
            missing.select(
                *HOME_DAY[:2], between.alias("local_date"), F.lit(True).alias("_resumes")
            )
        )
        .groupBy(*HOME_DAY)
        .agg(F.max("_resumes").alias("_resumes"))
    )


def days_looked_at(gaps: DataFrame) -> DataFrame:
    """Return the home-days whose energy fills gaps: the week around, and the same weekdays before.

    Long before a gap only the same weekday counts.
    """
    weeks = F.array(*(F.date_sub("local_date", 7 * n) for n in range(1, WEEKS_BEFORE + 1)))
    same_weekday = gaps.select(*HOME_DAY[:2], F.explode(weeks).alias("local_date"))
    near = days_around(gaps, before=LONGEST_GAP_DAYS, after=1)
    return near.unionByName(same_weekday).distinct()

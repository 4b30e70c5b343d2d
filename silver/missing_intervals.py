"""Gap days and what is known of them -> the intervals that are missing, in runs."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lake.local_clock import length_s, local_midnight
from silver.balance import FUEL, metered_ways
from silver.contracts import HOME, SERIES
from silver.gap_days import DERIVED, LONGEST_GAP_DAYS

SERIES_DAY = [*SERIES, "local_date"]


def missing_intervals(rows: DataFrame, gaps: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the intervals of the gap days of which no row says a part, in the length used last.

    Of a day on which the length changed that is the longest; an hour of which some quarters are
    there is none that is missing.
    """
    series_of = F.when(F.col("is_derived"), DERIVED).otherwise(F.col("direction")).alias("_of")
    known = (
        rows.where(length_s() <= 3600)
        .select(*SERIES_DAY, series_of, "time_zone", "resolution", length_s().alias("_length"))
        .distinct()
        .withColumnRenamed("local_date", "_known_date")
    )
    age = F.date_diff("local_date", "_known_date")
    last = F.struct(
        "_known_date", "_length", "time_zone", "resolution", "is_consumption", "_resumes"
    )
    series = (
        gaps.join(known, on=[*HOME, "fuel", "_of"], how="inner")
        .where(age.between(0, LONGEST_GAP_DAYS))
        .transform(lambda found: as_metered(found, rows, meters))
        .groupBy(*SERIES_DAY)
        .agg(F.max(last).alias("_last_known"))
        .select(*SERIES_DAY, "_last_known.*")
        .drop("_known_date")
    )
    first = F.unix_seconds(local_midnight(F.col("local_date")))
    end = F.unix_seconds(local_midnight(F.date_add("local_date", 1)))
    steps = F.explode(F.sequence(first, end - F.col("_length"), F.col("_length")))
    edges = {"_from": F.unix_seconds("starts_at"), "_to": F.unix_seconds("ends_at")}
    said = rows.select(*SERIES_DAY, *(edge.alias(name) for name, edge in edges.items()))
    is_said = (F.col("_from") < F.col("_s") + F.col("_length")) & (F.col("_s") < F.col("_to"))
    on = is_said
    for name in SERIES_DAY:
        on = on & (F.col(f"slot.{name}") == F.col(f"said.{name}"))
    # A zone may leave out a day (Samoa, when it crossed the date line): it has nothing to fill.
    slots = series.where(first < end).withColumn("_s", steps)
    return slots.alias("slot").join(said.alias("said"), on=on, how="left_anti")


def as_metered(series: DataFrame, rows: DataFrame, meters: DataFrame) -> DataFrame:
    """Add ``is_consumption`` as the meters of the day say; leave out what they do not derive.

    What was seen in the week before may be of other meters.
    """
    way = F.when(F.col("_of") == DERIVED, "import").otherwise(F.col("_of"))
    then = metered_ways(meters).select(
        *FUEL, F.col("direction").alias("_way"), "_from", "_until", "_is_consumption", "_feeds"
    )
    is_then = (F.col("local_date") >= F.col("_from")) & (F.col("local_date") < F.col("_until"))
    day = [*FUEL, "local_date"]
    metered = rows.where("direction = 'consumption' AND NOT is_derived").select(*day)
    missing = series.where("_of = 'consumption'").select(*day)
    told = metered.unionByName(missing).distinct().withColumn("_is_told", F.lit(True))
    is_free = F.col("_is_told").isNull()
    return (
        series.withColumn("_way", way)
        .join(F.broadcast(then), on=[*FUEL, "_way"], how="inner")
        .where(is_then)
        .join(F.broadcast(told), on=day, how="left")
        .where((F.col("_of") != DERIVED) | (F.col("_feeds") & is_free))
        .withColumn("is_consumption", F.col("_is_consumption") & is_free)
        .drop("_way", "_from", "_until", "_is_consumption", "_feeds", "_is_told")
    )


def in_runs(slots: DataFrame) -> DataFrame:
    """Add the run of missing intervals that each is in: ``_from`` and ``_to``, s since 1970."""
    in_time = Window.partitionBy(*SERIES).orderBy("_s")
    of_run = Window.partitionBy(*SERIES, "_run")
    end = F.col("_s") + F.col("_length")
    goes_on = F.lag(end).over(in_time) == F.col("_s")
    return (
        slots.withColumn("_begins", F.when(goes_on, 0).otherwise(1))
        .withColumn("_run", F.sum("_begins").over(in_time))
        .withColumns({"_from": F.min("_s").over(of_run), "_to": F.max(end).over(of_run)})
        .drop("_begins", "_run")
    )

"""Days of meters -> their intervals that reach into the next local day, as those of gas days do.

Such a one and the shorter ones that say it again lie on two days. Each day is made by itself, so
what the first of them says decides on both.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.local_clock import length_s, local_midnight
from silver.home_days import HOME_DAY
from silver.said_once import LONGEST_DAY_S

_METER_DAY = ["partner_id", "meter_id", "direction", "local_date"]
_FIGURES = ("starts_at", "ends_at", "interval_s", "longest_interval_s", "intervals")


def once_over_midnight(readings: DataFrame, meter_days: DataFrame, zones: DataFrame) -> DataFrame:
    """Leave out the readings that say again what one says that reaches over midnight, or that one.

    ``meter_days`` are the figures of silver.meter_days, of the day before too; ``zones`` have the
    ``time_zone`` by home.
    """
    starts, ends = F.col("said.starts_at"), F.col("said.ends_at")
    since, until = F.col("over._from"), F.col("over._until")
    length, longer = (
        F.unix_seconds(end) - F.unix_seconds(start)
        for start, end in ((starts, ends), (since, until))
    )
    goes = F.when(F.col("over._is_again"), (starts == since) & (ends == until)).otherwise(
        (length < longer) & (starts >= since) & (starts < until)
    )
    for name in _METER_DAY:
        goes = goes & (F.col(f"said.{name}") == F.col(f"over.{name}"))
    over = F.broadcast(over_midnight(meter_days, zones).alias("over"))
    return readings.alias("said").join(over, on=goes, how="left_anti")


def over_midnight(meter_days: DataFrame, zones: DataFrame) -> DataFrame:
    """Return the last interval of a meter's day that ends after midnight, by ``_METER_DAY``.

    ``_from`` and ``_until`` are its edges; ``_is_again`` tells that it goes, as shorter ones of its
    day fill it up until midnight. Else those that begin within it go, on both days: it has a row on
    each.
    """
    home = HOME_DAY[:2]
    # Most meters say no intervals of more than an hour, so this is empty before anything is joined.
    is_long = F.col("longest_interval_s").between(3601, LONGEST_DAY_S)
    midnight = local_midnight(F.date_add("local_date", 1))
    begins = F.timestamp_add("SECOND", -F.col("longest_interval_s"), F.col("ends_at"))
    reaching = (
        meter_days.where(is_long)
        .join(F.broadcast(zones.select(*home, "time_zone")), on=home, how="inner")
        .select(*_METER_DAY, begins.alias("_from"), F.col("ends_at").alias("_until"),
                F.col("longest_interval_s").alias("_length"), midnight.alias("_midnight"))
        .where("_until > _midnight")
    )  # fmt: skip
    is_shorter = F.col("longest_interval_s") < F.col("_length")
    said_s = F.col("intervals") * F.col("interval_s")
    first, last = (F.when(is_shorter, F.unix_seconds(edge)) for edge in ("starts_at", "ends_at"))
    is_filled = (
        (F.min(first) <= F.unix_seconds("_from"))
        & (F.max(last) >= F.unix_seconds("_midnight"))
        & (F.sum(F.when(is_shorter, said_s)) >= F.max(last) - F.min(first))
    )
    days = F.when(F.col("_is_again"), F.array("local_date")).otherwise(
        F.array("local_date", F.date_add("local_date", 1))
    )
    return (
        F.broadcast(reaching)
        .join(meter_days.select(*_METER_DAY, *_FIGURES), on=_METER_DAY, how="inner")
        .groupBy(*_METER_DAY, "_from", "_until", "_midnight")
        .agg(F.coalesce(is_filled, F.lit(False)).alias("_is_again"))
        .withColumn("local_date", F.explode(days))
        .drop("_midnight")
    )


def as_days(readings: DataFrame) -> DataFrame:
    """Add the figures that :func:`over_midnight` looks at, as if each reading were a day's."""
    return readings.withColumns(
        {"interval_s": length_s(), "longest_interval_s": length_s(), "intervals": F.lit(1)}
    )


def touched_days(changes: DataFrame) -> DataFrame:
    """Return the days after those on which a meter says other intervals than before.

    ``changes`` are those of silver.meter_days; the readings that made them tell their own days. A
    value that is corrected changes no interval, and touches no other day.
    """
    comes_or_goes = F.col("_change_type").isin("insert", "delete")
    return (
        changes.groupBy(*HOME_DAY, *_METER_DAY[1:3], "resolution")
        .agg(
            F.count_distinct(F.struct(*_FIGURES)).alias("_told"),
            F.max(comes_or_goes).alias("_comes_or_goes"),
        )
        .where("_told > 1 OR _comes_or_goes")
        .select(*HOME_DAY[:2], F.date_add("local_date", 1).alias("local_date"))
    )


def needed_days(slices: DataFrame) -> DataFrame:
    """Return the days and those before them, of which an interval may reach into them."""
    before = slices.withColumn("local_date", F.date_sub("local_date", 1))
    return slices.unionByName(before)

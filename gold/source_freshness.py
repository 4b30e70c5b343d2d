"""silver.arrivals_daily -> gold.source_freshness: which source is silent for longer than usual."""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from gold.contracts import GAPS_NEEDED, HISTORY_DAYS, LATE_AFTER_GAPS, SOURCE_FRESHNESS

_SOURCE = ["partner_id", "table_name", "source"]
_SHORTEST_GAP_H = 1.0


def source_freshness(arrivals_daily: DataFrame, *, clock: datetime) -> DataFrame:
    """Return a row a source that has sent something by ``clock``, judged as of then (h).

    The usual gap is the median, over its last days with an arrival, of the longest silence that
    ended on the day. So a source that sleeps at night is not late each morning.
    """
    now = F.lit(clock)
    by_day = Window.partitionBy(*_SOURCE).orderBy("received_date")
    newest_first = Window.partitionBy(*_SOURCE).orderBy(F.desc("received_date"))
    before_h = _hours(F.lag("_last").over(by_day), F.col("first_received_at"))
    return (
        arrivals_daily.where(F.col("first_received_at") <= now)
        # A past day is looked at as it was: what came later that day is not known yet.
        .withColumn("_is_over", F.col("last_received_at") <= now)
        .withColumn("_last", _if_over("last_received_at", "first_received_at"))
        .withColumn("_within_h", F.when(F.col("_is_over"), F.col("longest_gap_h")))
        .withColumn("_gap_h", F.greatest("_within_h", before_h))
        .withColumn("_age", F.row_number().over(newest_first))
        .where(F.col("_age") <= HISTORY_DAYS)
        .groupBy(*_SOURCE)
        .agg(
            F.max("_last").alias("last_received_at"),
            F.count("_gap_h").alias("gaps"),
            F.median("_gap_h").alias("_median_h"),
        )
        .withColumn("usual_gap_h", _usual_gap_h())
        .withColumn("silent_h", _hours(F.col("last_received_at"), now))
        .withColumn("freshness", _outcome())
        .withColumns({"issued_at": now, "issued_date": F.lit(clock.date())})
        .select(*SOURCE_FRESHNESS.names)
    )


def _if_over(name: str, other: str) -> Column:
    return F.when(F.col("_is_over"), F.col(name)).otherwise(F.col(other))


def _hours(start: Column, end: Column) -> Column:
    return (F.unix_seconds(end) - F.unix_seconds(start)) / 3600


def _usual_gap_h() -> Column:
    is_known = F.col("_median_h").isNotNull()
    return F.when(is_known, F.greatest("_median_h", F.lit(_SHORTEST_GAP_H)))


def _outcome() -> Column:
    is_late = F.col("silent_h") > F.col("usual_gap_h") * LATE_AFTER_GAPS
    return (
        F.when(F.col("gaps") < GAPS_NEEDED, "too_little_history")
        .when(is_late, "late")
        .otherwise("fresh")
    )

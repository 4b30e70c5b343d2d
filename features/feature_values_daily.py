"""Feature tables -> features.feature_values_daily: how often which value, by day.

Statistics and drift are read from it without Spark (lake/feature_statistics.py). The next table by
day is a parameter here and a line in ``feature_values_daily``.
"""

from collections.abc import Callable
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.contracts import FEATURE_VALUES_DAILY, HOURLY_LOAD_PROFILE
from lake.contract import Table
from lake.feature_bins import bin_sql
from lake.feature_tables import feature_table

_NUMBERS = ("double", "int", "bigint")
Keep = Callable[[DataFrame], DataFrame]


def feature_values_daily(hourly_load_profile: DataFrame, *, at_hand: Keep) -> DataFrame:
    """Return a row a partner, table, feature, day and bin, from the newest version of each row."""
    tables = [(HOURLY_LOAD_PROFILE, hourly_load_profile)]
    return reduce(DataFrame.unionByName, (_counted(*one, at_hand) for one in tables))


def _counted(table: Table, rows: DataFrame, at_hand: Keep) -> DataFrame:
    features = [n for n in feature_table(table).features if table.column(n).type in _NUMBERS]
    names = F.array(*map(F.lit, features))
    each = F.posexplode(F.array(*(F.col(n).cast("double") for n in features)))
    return (
        _newest(table, rows, at_hand)
        .select("partner_id", "local_date", each.alias("_place", "_said"))
        # Thirty rows of each: they are told apart by their place, and named once they are few.
        .groupBy("partner_id", "_place", "local_date", F.expr(bin_sql("_said")).alias("bin"))
        .agg(F.count(F.lit(1)).alias("rows"), F.sum("_said").alias("total"))
        .withColumns({"table_name": F.lit(table.name), "feature": names[F.col("_place")]})
        .select(*FEATURE_VALUES_DAILY.names)
    )


def _newest(table: Table, rows: DataFrame, at_hand: Keep) -> DataFrame:
    """Return the newest version of each row; those that have one alone are not moved for it."""
    key = [n for n in table.key if n != "known_at"]
    marked = rows.withColumn("_key", F.xxhash64(*key))
    several = at_hand(marked.groupBy("_key").count().where("count > 1").select("_key"))
    alone, others = (marked.join(several, on="_key", how=how) for how in ("left_anti", "left_semi"))
    newest = F.max("known_at").over(Window.partitionBy(*key))
    last = others.withColumn("_newest_at", newest).where("known_at = _newest_at")
    return alone.unionByName(last.drop("_newest_at"))

"""Feature tables -> features.feature_values_daily: how often which value, by day.

Statistics and drift are read from it without Spark (lake/feature_statistics.py). The next table by
day is a parameter here and a line in ``feature_values_daily``.
"""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import FEATURE_VALUES_DAILY, HOURLY_LOAD_PROFILE
from lake.contract import Table
from lake.feature_bins import bin_sql
from lake.feature_tables import feature_table

_NUMBERS = ("double", "int", "bigint")


def feature_values_daily(hourly_load_profile: DataFrame) -> DataFrame:
    """Return a row a partner, table, feature, day and bin, from the newest version of each row."""
    tables = [(HOURLY_LOAD_PROFILE, hourly_load_profile)]
    return reduce(DataFrame.unionByName, (_counted(*one) for one in tables))


def _counted(table: Table, rows: DataFrame) -> DataFrame:
    features = [
        n for n in feature_table(table).features if table.column(n).type in _NUMBERS
    ]  # fmt: skip
    each = [
        F.struct(F.lit(n).alias("feature"), F.col(f"_newest.{n}").cast("double").alias("said"))
        for n in features
    ]
    return (
        rows.groupBy(*(n for n in table.key if n != "known_at"))
        .agg(F.max_by(F.struct(*features), "known_at").alias("_newest"))
        .select("partner_id", "local_date", F.explode(F.array(*each)).alias("_one"))
        .select("partner_id", "local_date", "_one.*")
        .groupBy("partner_id", "feature", "local_date", F.expr(bin_sql("said")).alias("bin"))
        .agg(F.count(F.lit(1)).alias("rows"), F.sum("said").alias("total"))
        .withColumn("table_name", F.lit(table.name))
        .select(*FEATURE_VALUES_DAILY.names)
    )

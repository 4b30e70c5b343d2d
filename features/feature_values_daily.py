"""Feature tables -> features.feature_values_daily: how often which value, by day.

Statistics and drift are read from it without Spark (lake/feature_statistics.py). The next table by
day is a parameter here and a line in ``feature_values_daily``. A calendar is left out: it does not
drift.
"""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contracts import (
    DAILY_LOAD,
    FEATURE_VALUES_DAILY,
    HOME_SIGNATURES,
    HOURLY_LOAD_PROFILE,
    SPOT_PRICES_HOURLY,
    WEATHER_HOURLY,
)
from lake.contract import Table
from lake.feature_bins import bin_sql
from lake.feature_tables import feature_table

# 2: whole days, signatures, weather and prices too.
RULE_VERSION = 2
_NUMBERS = ("double", "int", "bigint", "boolean")
_DAY = ["partner_id", "local_date"]
_HOURS = 24
_NOBODY = ""


def feature_values_daily(
    hourly_load_profile: DataFrame,
    daily_load: DataFrame,
    home_signatures: DataFrame,
    weather_hourly: DataFrame,
    spot_prices_hourly: DataFrame,
) -> DataFrame:
    """Return a row a partner, table, feature, day and bin, from the newest version of each row.

    A signature is of the first day of its month. Weather and prices are no partner's; of them whole
    days (UTC) count, lest the hours of a day that has only begun look like drift.
    """
    values = [
        _values(HOURLY_LOAD_PROFILE, hourly_load_profile),
        _values(DAILY_LOAD, daily_load),
        _values(HOME_SIGNATURES, home_signatures),
        _values(WEATHER_HOURLY, weather_hourly, day="observed_date"),
        _values(SPOT_PRICES_HOURLY, spot_prices_hourly, day="price_date"),
    ]
    return (
        reduce(DataFrame.unionByName, values)
        .groupBy("table_name", "feature", *_DAY, F.expr(bin_sql("said")).alias("bin"))
        .agg(F.count(F.lit(1)).alias("rows"), F.sum("said").alias("total"))
        .select(*FEATURE_VALUES_DAILY.names)
    )


def touched_by_weather_hourly(changes: DataFrame) -> DataFrame:
    """Return the days (UTC) of the hours."""
    return changes.select(_nobodys(), F.col("observed_date").alias("local_date"))


def touched_by_spot_prices_hourly(changes: DataFrame) -> DataFrame:
    """Return the days (UTC) of the hours."""
    return changes.select(_nobodys(), F.col("price_date").alias("local_date"))


def needed_for_weather_hourly(slices: DataFrame) -> DataFrame:
    """Return the days that are no partner's."""
    return slices.where(F.col("partner_id") == _NOBODY).select(
        F.col("local_date").alias("observed_date")
    )


def needed_for_spot_prices_hourly(slices: DataFrame) -> DataFrame:
    """Return the days that are no partner's."""
    return slices.where(F.col("partner_id") == _NOBODY).select(
        F.col("local_date").alias("price_date")
    )


def _nobodys() -> Column:
    return F.lit(_NOBODY).alias("partner_id")


def _values(table: Table, rows: DataFrame, *, day: str = "") -> DataFrame:
    """Return a row a feature and row of a table; ``day`` names the day of one that has hours."""
    of = feature_table(table)
    features = [n for n in of.features if table.column(n).type in _NUMBERS]
    each = [
        F.struct(F.lit(n).alias("feature"), F.col(f"_newest.{n}").cast("double").alias("said"))
        for n in features
    ]
    when = F.struct("feature_at", "known_at")
    keys = [n for n in (*table.key, day or "local_date") if n != "known_at"]
    newest = rows.groupBy(*dict.fromkeys(keys)).agg(
        F.max_by(F.struct(*features), when).alias("_newest")
    )
    if day:
        of_day = Window.partitionBy(*(k for k in of.primary_keys if k not in table.asked_by), day)
        newest = (
            newest.withColumn("_hours", F.count(F.lit(1)).over(of_day))
            .where(F.col("_hours") == _HOURS)
            .select(_nobodys(), F.col(day).alias("local_date"), "_newest")
        )
    return (
        newest.select(*_DAY, F.explode(F.array(*each)).alias("_one"))
        .select(*_DAY, "_one.*")
        .withColumn("table_name", F.lit(table.name))
    )

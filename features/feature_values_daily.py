"""Feature tables -> features.feature_values_daily: how often which value, by day.

Statistics and drift are read from it without Spark (lake/feature_store/statistics.py). The next
table by day is a parameter here and a line in ``feature_values_daily``. A calendar is left out: it
does not drift.
"""

from collections.abc import Callable
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
from lake.feature_store.bins import bin_sql
from lake.feature_store.tables import feature_table

# 2: whole days, signatures, weather and prices too. 3: of weather what was observed.
RULE_VERSION = 3
_NUMBERS = ("double", "int", "bigint", "boolean")
_DAY = ["partner_id", "local_date"]
_HOURS = 24
# True of all that counts.
_CONSTANT = ("is_observed",)
_NOBODY = ""
Keep = Callable[[DataFrame], DataFrame]


def feature_values_daily(
    hourly_load_profile: DataFrame,
    daily_load: DataFrame,
    home_signatures: DataFrame,
    weather_hourly: DataFrame,
    spot_prices_hourly: DataFrame,
    *, at_hand: Keep,
) -> DataFrame:  # fmt: skip
    """Return a row a partner, table, feature, day and bin, from the newest version of each row.

    A signature is of the first day of its month. Weather and prices are no partner's; of them whole
    days (UTC) count, lest the hours of a day that has only begun look like drift, and of weather
    those observed: a forecast differs from what came before it as forecasts do.
    """
    observed = weather_hourly.where("is_observed")
    newest = {
        HOURLY_LOAD_PROFILE: _alone_or_newest(HOURLY_LOAD_PROFILE, hourly_load_profile, at_hand),
        DAILY_LOAD: _newest(DAILY_LOAD, daily_load),
        HOME_SIGNATURES: _newest(HOME_SIGNATURES, home_signatures),
        WEATHER_HOURLY: _of_whole_days(WEATHER_HOURLY, observed, day="observed_date"),
        SPOT_PRICES_HOURLY: _of_whole_days(
            SPOT_PRICES_HOURLY, spot_prices_hourly, day="price_date"
        ),
    }
    names = {table.name: F.array(*map(F.lit, _features(table))) for table in newest}
    named = F.create_map(*(part for name in names for part in (F.lit(name), names[name])))
    return (
        reduce(DataFrame.unionByName, (_values(*one) for one in newest.items()))
        # Thirty rows of each: they are told apart by their place, and named once they are few.
        .groupBy("table_name", "_place", *_DAY, F.expr(bin_sql("_said")).alias("bin"))
        .agg(F.count(F.lit(1)).alias("rows"), F.sum("_said").alias("total"))
        .withColumn("feature", named[F.col("table_name")][F.col("_place")])
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


def _features(table: Table) -> list[str]:
    numbers = [n for n in feature_table(table).features if table.column(n).type in _NUMBERS]
    return [n for n in numbers if n not in _CONSTANT]


def _values(table: Table, newest: DataFrame) -> DataFrame:
    """Return a row a feature and row of a table."""
    each = F.posexplode(F.array(*(F.col(n).cast("double") for n in _features(table))))
    return newest.select(
        F.lit(table.name).alias("table_name"), *_DAY, each.alias("_place", "_said")
    )


def _newest(table: Table, rows: DataFrame, *others: str) -> DataFrame:
    """Return the newest version of each row; ``others`` are further columns that do not differ."""
    features = _features(table)
    keys = dict.fromkeys(
        [n for n in (*table.key, *_DAY, *others) if n in table and n != "known_at"]
    )
    when = F.struct("feature_at", "known_at")
    return (
        rows.groupBy(*keys)
        .agg(F.max_by(F.struct(*features), when).alias("_newest"))
        .select(*keys, "_newest.*")
    )


def _of_whole_days(table: Table, rows: DataFrame, *, day: str) -> DataFrame:
    """Return the newest version of the hours of whole days of a table that is no partner's."""
    of = feature_table(table)
    of_day = Window.partitionBy(*(k for k in of.primary_keys if k not in table.asked_by), day)
    return (
        _newest(table, rows, day)
        .withColumn("_hours", F.count(F.lit(1)).over(of_day))
        .where(F.col("_hours") == _HOURS)
        .select(_nobodys(), F.col(day).alias("local_date"), *_features(table))
    )


def _alone_or_newest(table: Table, rows: DataFrame, at_hand: Keep) -> DataFrame:
    """Return the newest version of each row; those that have one alone are not moved for it."""
    key = [n for n in table.key if n != "known_at"]
    marked = rows.withColumn("_key", F.xxhash64(*key))
    several = at_hand(marked.groupBy("_key").count().where("count > 1").select("_key"))
    alone, others = (marked.join(several, on="_key", how=how) for how in ("left_anti", "left_semi"))
    newest = F.max("known_at").over(Window.partitionBy(*key))
    last = others.withColumn("_newest_at", newest).where("known_at = _newest_at")
    return alone.unionByName(last.drop("_newest_at"))

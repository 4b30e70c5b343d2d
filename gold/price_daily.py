"""silver.spot_prices -> gold.price_daily: mean, low and high of each market day."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts.prices import MARKET_TIME_ZONE, PRICE_DAILY
from lake.local_clock import length_s

# 2: a day of two currencies has no row.
RULE_VERSION = 2
_QUARTER = "INTERVAL 15 MINUTE"


def price_daily(silver_spot_prices: DataFrame) -> DataFrame:
    """Return a row a price zone and market day of 23 to 25 hours (currency/kWh).

    A price holds for every quarter of an hour of its interval; where intervals overlap, the price
    of the shorter one holds. A day of two currencies has no mean, so it has no row.
    """
    length = length_s()
    cells = F.sequence("starts_at", F.expr(f"ends_at - {_QUARTER}"), F.expr(_QUARTER))
    of_cell = ["price_zone", "cell"]
    quarters = (
        silver_spot_prices.withColumn("cell", F.explode(cells))
        .withColumn("_length", length)
        .groupBy(*of_cell)
        .agg(
            F.min_by("price_per_kwh", "_length").alias("price_per_kwh"),
            F.min_by("currency", "_length").alias("currency"),
            F.max("known_at").alias("known_at"),
        )
    )
    local = F.from_utc_timestamp("cell", MARKET_TIME_ZONE)
    seconds = length_s()
    return (
        quarters.withColumn("price_date", F.to_date(local))
        .groupBy("price_zone", "price_date")
        .agg(
            F.avg("price_per_kwh").alias("mean_per_kwh"),
            F.min("price_per_kwh").alias("low_per_kwh"),
            F.max("price_per_kwh").alias("high_per_kwh"),
            F.max("currency").alias("currency"),
            F.min("currency").alias("_other_currency"),
            F.count(F.lit(1)).alias("_quarters"),
            F.max("known_at").alias("known_at"),
        )
        .where(F.col("currency") == F.col("_other_currency"))
        .withColumn("starts_at", midnight(F.col("price_date")))
        .withColumn("ends_at", midnight(F.date_add("price_date", 1)))
        .withColumn("priced_share", F.least(F.col("_quarters") * 900 / seconds, F.lit(1.0)))
        .select(*PRICE_DAILY.names)
    )


def touched_by_silver_spot_prices(changes: DataFrame) -> DataFrame:
    """Return the market days of the prices."""
    day = F.to_date(F.from_utc_timestamp("starts_at", MARKET_TIME_ZONE))
    return changes.select("price_zone", day.alias("price_date"))


def needed_for(touched: DataFrame) -> DataFrame:
    """Return the instants of the days at which an interval may start."""
    last = F.expr(f"_until - {_QUARTER}")
    return (
        touched.withColumn("_from", midnight(F.col("price_date")))
        .withColumn("_until", midnight(F.date_add("price_date", 1)))
        .select("price_zone", F.explode(F.sequence("_from", last, F.expr(_QUARTER))).alias("at"))
        .withColumnRenamed("at", "starts_at")
    )


def midnight(day: Column) -> Column:
    """Return the instant at which a market day begins."""
    return F.to_utc_timestamp(day.cast("timestamp"), MARKET_TIME_ZONE)

"""silver.spot_prices -> features.spot_prices_hourly: the price of each hour from its auction on.

Prices of 15 and 30 min are one feature with those of an hour: its mean. Who asks for an hour at an
instant gets its price where it had been published by then.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import SPOT_PRICES_HOURLY
from lake.local_clock import length_s

_QUARTER = "INTERVAL 15 MINUTE"
_QUARTERS = 4


def spot_prices_hourly(silver_spot_prices: DataFrame) -> DataFrame:
    """Return a row a price zone and hour of which each quarter has a price (currency/kWh).

    A price holds for every quarter of an hour of its interval; where intervals overlap, the price
    of the shorter one holds, as in gold.price_daily.
    """
    length = length_s()
    cells = F.sequence("starts_at", F.expr(f"ends_at - {_QUARTER}"), F.expr(_QUARTER))
    said = F.struct("price_per_kwh", "currency", "known_at")
    return (
        silver_spot_prices.withColumns({"cell": F.explode(cells), "_length": length})
        .groupBy("price_zone", "cell")
        .agg(F.min_by(said, "_length").alias("_said"))
        .groupBy("price_zone", F.date_trunc("hour", "cell").alias("starts_at"))
        .agg(
            F.avg("_said.price_per_kwh").alias("price_per_kwh"),
            F.max("_said.currency").alias("currency"),
            F.max("_said.known_at").alias("known_at"),
            F.count(F.lit(1)).alias("_quarters"),
        )
        .where(F.col("_quarters") == _QUARTERS)
        .withColumns(
            {
                "price_date": F.to_date("starts_at"),
                "feature_at": F.least("known_at", "starts_at"),
            }
        )
        .select(*SPOT_PRICES_HOURLY.names)
    )


def touched_by_silver_spot_prices(changes: DataFrame) -> DataFrame:
    """Return the days (UTC) of the prices."""
    return changes.select("price_zone", F.to_date("starts_at").alias("price_date"))


def needed_for(touched: DataFrame) -> DataFrame:
    """Return the instants of the days at which an interval may start."""
    first = F.col("price_date").cast("timestamp")
    last = F.expr(f"CAST(date_add(price_date, 1) AS TIMESTAMP) - {_QUARTER}")
    starts = F.explode(F.sequence(first, last, F.expr(_QUARTER)))
    return touched.select("price_zone", starts.alias("starts_at"))

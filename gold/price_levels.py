"""gold.price_daily -> gold.price_levels: days and months against the 30 days and year before."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from gold.contracts.prices import PRICE_LEVELS, level
from gold.price_daily import midnight
from lake.local_clock import length_s

# 2: a month of two currencies has no row.
RULE_VERSION = 2
# Days that the mean before takes, and how many of them must be there: nine tenths.
BEFORE = {"30d": (30, 27), "12m": (365, 329)}
_LONGEST_MONTH = 31


def price_levels(price_daily: DataFrame) -> DataFrame:
    """Return a row a price zone and market day, and one a month; a day's own price is not before.

    Prices in currency/kWh; days of another currency are not compared.
    """
    known = price_daily.withColumn("_day", F.unix_date("price_date"))
    same = Window.partitionBy("price_zone", "currency").orderBy("_day")
    for name, (days, needed) in BEFORE.items():
        before = same.rangeBetween(-days, -1)
        is_enough = F.count(F.lit(1)).over(before) >= needed
        mean = F.when(is_enough, F.avg("mean_per_kwh").over(before))
        known = known.withColumn(f"before_{name}_per_kwh", mean)
    days_and_months = known.withColumn("resolution", F.lit("P1D")).unionByName(
        months(known).withColumn("resolution", F.lit("P1M")), allowMissingColumns=True
    )
    levels = {
        f"level_{name}": F.expr(level("mean_per_kwh", f"before_{name}_per_kwh")) for name in BEFORE
    }
    return days_and_months.withColumns(levels).select(*PRICE_LEVELS.names)


def touched_by_price_daily(changes: DataFrame) -> DataFrame:
    """Return the days and months that the changed days are part of, or come before."""
    longest = max(days for days, _ in BEFORE.values())
    after = F.sequence("price_date", F.date_add("price_date", longest))
    dates = F.array_union(after, F.array(F.trunc("price_date", "month")))
    return changes.select("price_zone", F.explode(dates).alias("price_date"))


def needed_for(touched: DataFrame) -> DataFrame:
    """Return the days that the touched days and months are made of and compared with."""
    longest = max(days for days, _ in BEFORE.values())
    dates = F.sequence(
        F.date_sub("price_date", longest), F.date_add("price_date", _LONGEST_MONTH - 1)
    )
    return touched.select("price_zone", F.explode(dates).alias("price_date")).distinct()


def months(days: DataFrame) -> DataFrame:
    """Return a row a zone and month; what was before it is what was before its first known day.

    A month of two currencies has no mean, so it has no row.
    """
    seconds = length_s()
    return (
        days.withColumn("_priced", F.col("priced_share") * seconds)
        .withColumn("_paid", F.col("mean_per_kwh") * F.col("_priced"))
        .groupBy("price_zone", F.trunc("price_date", "month").alias("price_date"))
        .agg(
            (F.sum("_paid") / F.sum("_priced")).alias("mean_per_kwh"),
            F.min("low_per_kwh").alias("low_per_kwh"),
            F.max("high_per_kwh").alias("high_per_kwh"),
            F.max("currency").alias("currency"),
            F.min("currency").alias("_other_currency"),
            F.sum("_priced").alias("_priced"),
            F.max("known_at").alias("known_at"),
            *(
                F.min_by(f"before_{n}_per_kwh", "price_date").alias(f"before_{n}_per_kwh")
                for n in BEFORE
            ),
        )
        .where(F.col("currency") == F.col("_other_currency"))
        .withColumn("starts_at", midnight(F.col("price_date")))
        .withColumn("ends_at", midnight(F.add_months("price_date", 1)))
        .withColumn("priced_share", F.least(F.col("_priced") / seconds, F.lit(1.0)))
    )

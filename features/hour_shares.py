"""gold.energy_hourly -> when in a day a home uses its energy, month by month."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import share_column
from silver.contracts import HOME

_MONTH = [*HOME, "fuel", "local_month"]


def hour_shares(energy_hourly: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a series and month: the shares of the local hours, from whole hours alone."""
    zones = locations.select(*HOME, "time_zone")
    hour = F.hour(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    is_weekend = F.weekday("local_date") >= 5
    means = {
        share_column(h): F.avg(F.when(F.col("_hour") == h, F.col("energy_kwh"))) for h in range(24)
    }
    total = sum((F.coalesce(name, F.lit(0.0)) for name in means), F.lit(0.0))
    shares = F.array(*means)
    return (
        energy_hourly.where("direction = 'consumption' AND observed_intervals = expected_intervals")
        .join(zones, on=HOME)
        .withColumn("_hour", hour)
        .groupBy(*_MONTH, "time_zone")
        .agg(
            *(mean.alias(name) for name, mean in means.items()),
            F.avg(F.when(is_weekend, F.col("energy_kwh"))).alias("_weekend"),
            F.avg(F.when(~is_weekend, F.col("energy_kwh"))).alias("_workday"),
            F.max("local_date").alias("_last_date"),
            F.max("known_at").alias("_hours_known_at"),
        )
        .withColumn("_total", total)
        .withColumns({name: F.try_divide(name, "_total") for name in means})
        .withColumns(
            {
                "weekend_ratio": F.try_divide("_weekend", "_workday"),
                "peak_hour": F.when(
                    F.col("_total") > 0,
                    (F.array_position(shares, F.array_max(shares)) - 1).cast("int"),
                ),
            }
        )
    )

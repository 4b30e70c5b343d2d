"""gold.energy_hourly -> features.hourly_load_profile: what recent load was like, as known then."""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from features.contracts import (
    HOURLY_LOAD_PROFILE,
    LAGS,
    SHARES,
    lag_column,
    quantile_28d_column,
)
from features.copies import without_copies
from silver.contracts import SERIES

# 3: an hour's features are there when the hour is over, not its day.
RULE_VERSION = 3
_DAYS = 28
_SHARES = {
    "median_28d_kwh": 0.5,
    **{quantile_28d_column(share): share for share in SHARES},
}


def hourly_load_profile(
    energy_hourly: DataFrame, meters: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a series, local day and local hour, from whole hours of 28 days to that hour."""
    zones = locations.select("partner_id", "location_id", "time_zone")
    return (
        energy_hourly.where("observed_intervals = expected_intervals")
        .transform(lambda rows: without_copies(rows, meters))
        .join(zones, ["partner_id", "location_id"])
        .transform(by_local_hour)
        .transform(looking_back)
        .select(*HOURLY_LOAD_PROFILE.names)
    )


def touched_by_energy_hourly(changes: DataFrame) -> DataFrame:
    """Return the days whose 28 days, or those of the day before, hold a changed hour."""
    day = F.explode(F.sequence("local_date", F.date_add("local_date", _DAYS)))
    return changes.select("partner_id", "location_id", "local_date").distinct().select(
        "partner_id", "location_id", day.alias("local_date")
    )  # fmt: skip


def needed_for(touched: DataFrame) -> DataFrame:
    """Return the days that the features of the touched days look at."""
    day = F.explode(F.sequence(F.date_sub("local_date", _DAYS), "local_date"))
    return touched.select("partner_id", "location_id", day.alias("local_date")).distinct()


def by_local_hour(energy: DataFrame) -> DataFrame:
    """Return a row a series, day and hour of the wall clock; one that comes twice is a mean."""
    hour = F.hour(F.from_utc_timestamp("starts_at", F.col("time_zone"))).alias("local_hour")
    # What follows needs the rows of a series together: they are moved once, by the series alone.
    hours = energy.repartition(*SERIES).groupBy(
        *SERIES, "time_zone", "local_date", "local_month", hour
    )
    return hours.agg(
        F.avg("energy_kwh").alias("kwh"),
        F.max("known_at").alias("said_at"),
        F.timestamp_add("HOUR", F.lit(1), F.max("starts_at")).alias("feature_at"),
    )


def looking_back(hours: DataFrame) -> DataFrame:
    """Add lags, means, median and spread of the same hour, and when all of it was known."""
    day = F.unix_date("local_date")
    same_hour = Window.partitionBy(*SERIES, "local_hour").orderBy("_day")
    month = same_hour.rangeBetween(1 - _DAYS, 0)
    last_day = Window.partitionBy(*SERIES).orderBy("_hour").rangeBetween(1 - 24, 0)
    # Saturday and Sunday; a condition that is not met leaves null, which windows leave out.
    is_weekend = F.weekday("local_date") >= 5
    kinds = {
        "weekend": F.when(is_weekend, F.col("kwh")),
        "workday": F.when(~is_weekend, F.col("kwh")),
    }
    return (
        hours.withColumns({"_day": day, "_hour": day * 24 + F.col("local_hour")})
        .withColumns(
            {
                "mean_28d_kwh": F.avg("kwh").over(month),
                "_month": _sorted(F.col("kwh"), over=month),
                "deviation_28d_kwh": F.coalesce(F.stddev("kwh").over(month), F.lit(0.0)),
                "days_observed": F.count("kwh").over(month).cast("int"),
                "known_at": F.max("said_at").over(month),
                **{f"{kind}_mean_28d_kwh": F.avg(kwh).over(month) for kind, kwh in kinds.items()},
                **{f"_{kind}": _sorted(kwh, over=month) for kind, kwh in kinds.items()},
            }
        )
        .withColumns({f"{kind}_median_28d_kwh": _quantile(f"_{kind}", 0.5) for kind in kinds})
        .withColumns({name: _quantile("_month", share) for name, share in _SHARES.items()})
        .withColumns({f"_{n}_rows_ago": _ago(n, same_hour) for n in range(1, max(LAGS))})
        .withColumns({lag_column(d): _lag(d) for d in LAGS})
        .withColumn("mean_7d_kwh", _mean([F.col(lag_column(d)) for d in LAGS if d <= 7]))
        .withColumns(
            {
                "day_mean_7d_kwh": F.avg("mean_7d_kwh").over(last_day),
                "day_mean_28d_kwh": F.avg("mean_28d_kwh").over(last_day),
                "known_at": F.max("known_at").over(last_day),
            }
        )
    )


def _sorted(kwh: Column, *, over: WindowSpec) -> Column:
    return F.sort_array(F.collect_list(kwh).over(over))


def _quantile(values: str, share: float) -> Column:
    """Return a quantile of a sorted array, between two values in proportion; null of none.

    Definition 7 of Hyndman & Fan 1996, "Sample quantiles in statistical packages".
    """
    place = (F.size(values) - 1) * share
    low, high = F.get(values, F.floor(place)), F.get(values, F.ceil(place))
    return low + (high - low) * (place - F.floor(place))


def _mean(columns: list[Column]) -> Column:
    """Return the mean of those that are there; null where none is."""
    there = [F.when(c.isNotNull(), 1).otherwise(0) for c in columns]
    total = reduce(Column.__add__, (F.coalesce(c, F.lit(0.0)) for c in columns))
    return F.try_divide(total, reduce(Column.__add__, there))


def _ago(rows: int, same_hour: WindowSpec) -> Column:
    return F.lag(F.struct("_day", "kwh"), rows).over(same_hour)


def _lag(days: int) -> Column:
    """Return the load so many days before the next day; null where that day is not there.

    A row a day at most, so it is among as many rows before: a frame of its own would be dearer.
    """
    if days == 1:
        return F.col("kwh")
    ago = [F.col(f"_{n}_rows_ago") for n in range(1, days)]
    return F.coalesce(
        *(F.when(row["_day"] == F.col("_day") - (days - 1), row["kwh"]) for row in ago)
    )

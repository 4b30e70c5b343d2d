"""gold.energy_hourly, energy_daily -> gold.base_load_daily: what a home draws all the time.

A day's base load is the tenth percentile of its hourly mean powers: like the lowest hours that NRDC
and Home Energy Analytics call idle load (IP:15-03-A, 2015), it sees through what cycles within the
hour, as a fridge does; unlike the very lowest, one odd hour does not make it. The hour of the night
does not matter, so those who work then are measured alike.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import BASE_LOAD_DAILY
from lake.local_clock import length_s
from silver.contracts import SERIES

_SHARE_OF_HOURS = 0.1
# A quarter of the hours may be missing: those that are left hold some of the quiet ones.
_OBSERVED = 0.75


def base_load_daily(energy_hourly: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return a row a location, fuel (elec, gas), direction (consumption, import) and local day.

    Power in kW. An hour counts where it was metered whole; a local day has 23, 24 or 25 of them.
    """
    is_whole = F.col("observed_intervals") == F.col("expected_intervals")
    power = F.when(is_whole, F.col("energy_kwh") / hours())
    days = energy_daily.select(*SERIES, "local_date", hours().alias("_hours"))
    is_enough = F.col("observed_hours") >= _OBSERVED * F.col("_hours")
    of_day = F.when(is_enough, F.col("_base_kw"))
    share = F.try_divide(of_day * F.col("observed_hours"), "_kwh")
    return (
        energy_hourly.where("fuel IN ('elec', 'gas') AND direction IN ('consumption', 'import')")
        .withColumns({"_power": power, "_whole_kwh": F.when(is_whole, F.col("energy_kwh"))})
        .groupBy(*SERIES, "local_date")
        .agg(
            F.percentile("_power", F.lit(_SHARE_OF_HOURS)).alias("_base_kw"),
            F.count("_power").cast("int").alias("observed_hours"),
            F.sum("_whole_kwh").alias("_kwh"),
            F.max("known_at").alias("known_at"),
        )
        .join(days, on=[*SERIES, "local_date"], how="inner")
        .withColumns(
            {
                "expected_hours": F.round("_hours").cast("int"),
                "base_load_kw": of_day,
                "base_load_kwh": of_day * F.col("_hours"),
                # Where all hours but the lowest are alike, the base load is more than the mean.
                "base_load_share": F.when(share > 1, F.lit(1.0)).otherwise(share),
            }
        )
        .select(*BASE_LOAD_DAILY.names)
    )


def hours() -> Column:
    """Return how many hours a period has."""
    return length_s() / 3600

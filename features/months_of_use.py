"""gold.energy_monthly -> months of consumption, each with the year that ends with it."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contracts import LEAST_COMPLETE

_SERIES = ["partner_id", "location_id", "fuel"]
_MONTH = [*_SERIES, "local_month"]


def months_of_use(energy_monthly: DataFrame) -> DataFrame:
    """Return a row a series and month of consumption, with the twelve months that end with it."""
    number = F.year("local_date") * 12 + F.month("local_date")
    of_home = Window.partitionBy(*_SERIES).orderBy("_number").rangeBetween(-11, 0)
    used, whole = F.col("direction") == "consumption", F.col("_kwh")
    is_roof = F.col("direction").isin("production", "export")
    months = (
        energy_monthly.groupBy(*_MONTH, "local_date")
        .agg(
            *(
                F.max(F.when(used, F.col(name))).alias(name)
                for name in ("energy_kwh", "observed_intervals", "expected_intervals",
                             "degree_days")
            ),
            F.max(F.when(is_roof, F.col("energy_kwh"))).alias("_roof_kwh"),
            F.max("known_at").alias("_months_known_at"),
        )
        .withColumn("completeness", F.col("observed_intervals") / F.col("expected_intervals"))
        .withColumn("_number", number)
        .withColumn("_is_counted", is_counted(F.lit(True)))
        .withColumn(
            "_kwh", F.when(F.col("_is_counted"), F.col("energy_kwh") / F.col("completeness"))
        )
        .withColumn("_days", F.when(F.col("_is_counted"), F.col("degree_days")))
    )  # fmt: skip
    is_year = F.count(whole).over(of_home) == 12
    has_weather = F.count("_days").over(of_home) == 12
    slope = F.try_divide(
        F.covar_pop("_kwh", "_days").over(of_home), F.var_pop("_days").over(of_home)
    )
    annual, days = F.sum("_kwh").over(of_home), F.sum("_days").over(of_home)
    observed = F.sum("observed_intervals").over(of_home) / F.sum("expected_intervals").over(of_home)
    raw = F.try_divide(slope * days, annual)
    # least() and greatest() pass nulls.
    share = F.when(raw.isNotNull(), F.least(F.greatest(raw, F.lit(0.0)), F.lit(1.0)))
    return (
        months.withColumns(
            {
                "annual_kwh": F.when(is_year, annual),
                "annual_completeness": F.when(is_year, observed),
                "annual_degree_days": F.when(is_year & has_weather, days),
                "heating_share": F.when(is_year & has_weather, share),
                "has_pv": F.coalesce(F.max("_roof_kwh").over(of_home) > 0, F.lit(False)),
                "_months_known_at": F.max("_months_known_at").over(of_home),
            }
        )
        .where("_is_counted")
        .withColumn("energy_kwh", F.col("_kwh"))
    )


def is_counted(is_used: Column | None = None) -> Column:
    """Tell whether a month is of consumption and half observed."""
    is_used = F.col("direction") == "consumption" if is_used is None else is_used
    share = F.col("observed_intervals") / F.col("expected_intervals")
    return is_used & F.coalesce(
        F.col("energy_kwh").isNotNull() & (share >= LEAST_COMPLETE), F.lit(False)
    )

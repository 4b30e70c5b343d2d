"""gold.energy_hourly, energy_daily -> gold.solar_daily: what a home does with what its roof makes.

Self-consumption is the share of the production that is used at home, self-sufficiency the share of
the consumption that comes from it (Luthander et al. 2015, doi 10.1016/j.apenergy.2014.12.028).
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import SOLAR_DAILY
from lake.local_clock import length_s

# 2: money of two currencies does not add up.
RULE_VERSION = 2
_DAY_OF = ["partner_id", "location_id", "local_date"]
_HOUR_OF = [*_DAY_OF, "starts_at"]
_WAYS = ("production", "export", "import", "consumption")


def solar_daily(energy_hourly: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return a row a location and local day with metered production, in kWh.

    Only hours count in which each of the four is known, so that a gap in one meter bends no share.
    """
    days = energy_daily.where("fuel = 'elec' AND direction = 'production'").select(
        *_DAY_OF, "local_month", "known_at", expected_hours().alias("expected_hours")
    )
    sums = {f"{way}_kwh": F.sum(f"{way}_kwh").alias(f"{way}_kwh") for way in _WAYS}
    of_days = (
        in_balance(energy_hourly)
        .groupBy(*_DAY_OF)
        .agg(
            *sums.values(),
            F.count(F.lit(1)).cast("int").alias("observed_hours"),
            F.sum("_saving").alias("_savings"),
            F.count_if(F.col("_saving").isNull()).alias("_unpriced"),
            F.max("_currency").alias("_currency"),
            (F.min("_currency") < F.max("_currency")).alias("_is_mixed"),
            F.max("_known_at").alias("_known_at"),
        )
    )
    used = not_below_nothing(F.col("production_kwh") - F.col("export_kwh"))
    # Money of two currencies does not add up.
    is_priced = (F.col("_unpriced") == 0) & ~F.coalesce("_is_mixed", F.lit(False))
    return (
        days.join(of_days, on=_DAY_OF, how="left")
        .withColumn("self_consumed_kwh", used)
        .withColumns(
            {
                "observed_hours": F.coalesce("observed_hours", F.lit(0)),
                "known_at": F.greatest("known_at", "_known_at"),
                "self_consumption_share": share("production_kwh"),
                "self_sufficiency_share": share("consumption_kwh"),
                "savings": F.when(is_priced, F.col("_savings")),
                "currency": F.when(is_priced, F.col("_currency")),
            }
        )
        .select(*SOLAR_DAILY.names)
    )


def in_balance(energy_hourly: DataFrame) -> DataFrame:
    """Return the hours in which all four are known, one a row.

    Of export and consumption one tells the other: without a meter for export a home feeds in
    nothing where it uses what it draws and makes. A gap in import or production is one of the hour.
    """
    is_whole = F.col("observed_intervals") == F.col("expected_intervals")
    here = {way: is_whole & (F.col("direction") == way) for way in _WAYS}
    hours = (
        energy_hourly.where("fuel = 'elec'")
        .groupBy(*_HOUR_OF)
        .agg(
            *(F.sum(F.when(here[w], F.col("energy_kwh"))).alias(f"_{w}") for w in _WAYS),
            F.sum(F.when(here["production"], F.col("cost"))).alias("_cost"),
            F.max(F.when(here["production"], F.col("currency"))).alias("_currency"),
            F.max("known_at").alias("_known_at"),
        )
    )
    drawn_and_made = F.col("_import") + F.col("_production")
    export = not_below_nothing(drawn_and_made - F.col("_consumption"))
    consumption = not_below_nothing(drawn_and_made - F.col("_export"))
    used = F.col("production_kwh") - F.col("export_kwh")
    price = F.try_divide("_cost", "production_kwh")
    saving = F.when(F.col("production_kwh") == 0, F.lit(0.0)).otherwise(used * price)
    return (
        hours.withColumns(
            {
                "production_kwh": F.col("_production"),
                "export_kwh": F.coalesce("_export", export),
                "import_kwh": F.col("_import"),
                "consumption_kwh": F.coalesce("_consumption", consumption),
            }
        )
        .dropna(subset=[f"{way}_kwh" for way in _WAYS])
        .withColumn("_saving", saving)
    )


def share(whole: str) -> Column:
    """Return the self-consumed share of a sum; null where that is nothing."""
    found = F.try_divide("self_consumed_kwh", whole)
    return F.when(found > 1, F.lit(1.0)).otherwise(found)


def not_below_nothing(energy: Column) -> Column:
    """Take less than nothing, which is the rounding of meters or a battery, as nothing."""
    return F.when(energy < 0, F.lit(0.0)).otherwise(energy)


def expected_hours() -> Column:
    """Return how many hours the local day has."""
    seconds = length_s()
    return F.round(seconds / 3600).cast("int")

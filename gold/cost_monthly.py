"""gold.cost_daily + peak power -> gold.cost_monthly: what each local month costs, by element."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import COST_MONTHLY
from gold.cost_daily import taxed
from gold.tariff_days import (
    days_supplied,
    is_supplied,
    opened,
    supplied,
    supplied_otherwise,
    valid_on,
)
from silver.contracts import HOME, SERIES

# 2: days that do not fill a month, of which the whole is known, are not what it costs. 3: a day
# without an average price leaves its month without. 4: a bill beside days is not of days. 5: a
# capacity charge is paid for the days of supply alone, and made of their peaks.
RULE_VERSION = 5
OF_SLICES = ("meters",)
_MONTH_OF = [*SERIES, "local_month"]
_AMOUNTS = ("net_amount", "vat_amount", "total_amount")
_ROUNDING_KWH = 1e-6


def cost_monthly(
    cost_daily: DataFrame,
    energy_daily: DataFrame,
    energy_monthly: DataFrame,
    peak_power_daily: DataFrame,
    tariffs: DataFrame,
    meters: DataFrame,
) -> DataFrame:
    """Return a row a location, fuel, direction, local month with a reading, and kind of element.

    A month costs what its days with a reading cost, and the capacity charge; null where longer
    readings are in its energy, so that it is not that of its days.
    """
    of_days = energy_daily.groupBy(*_MONTH_OF).agg(F.sum("energy_kwh").alias("_of_days"))
    beside_days = F.col("energy_kwh") - F.coalesce("_of_days", F.lit(0.0))
    months = (
        energy_monthly.where("energy_kwh IS NOT NULL")
        .join(of_days, on=_MONTH_OF, how="left")
        .select(
            *_MONTH_OF, "local_date", "observed_intervals", "expected_intervals", "known_at",
            (F.abs(beside_days) < _ROUNDING_KWH).alias("_is_of_days"),
        )
    )  # fmt: skip
    charges = capacities(months, peak_power_daily, tariffs, meters)
    return (
        added_up(cost_daily)
        .unionByName(added_up(charges))
        .join(months, on=_MONTH_OF, how="inner")
        .withColumns({name: F.when(F.col("_is_of_days"), F.col(name)) for name in _AMOUNTS})
        .select(*COST_MONTHLY.names)
    )


def touched_by_tariffs(changes: DataFrame, energy_monthly: DataFrame) -> DataFrame:
    """Return the months with energy in which another tariff holds than before, or on other days."""
    is_new = F.col("_change_type").isin("insert", "update_postimage")
    versions = changes.withColumn("_sign", F.when(is_new, 1).otherwise(-1))
    months = energy_monthly.select(*_MONTH_OF, "local_date")
    said = ["tariff_id", "currency", "vat", "elements"]
    return (
        within(months, versions)
        .groupBy(*_MONTH_OF, "_from", "_until", *said)
        .agg(F.sum("_sign").alias("_sign"))
        .where("_sign <> 0")
        .select(*HOME, "local_month")
        .distinct()
    )


def touched_by_meters(
    changes: DataFrame, energy_monthly: DataFrame, tariffs: DataFrame
) -> DataFrame:
    """Return the months with a capacity charge at homes whose supply begins or ends otherwise."""
    moved = supplied_otherwise(changes, "supply_start", "supply_end")
    months = energy_monthly.select(*_MONTH_OF, "local_date")
    months = months.join(moved, on=SERIES, how="left_semi")
    charges = opened(tariffs).where("element.kind = 'capacity'")
    return within(months, charges).select(*HOME, "local_month").distinct()


def within(months: DataFrame, tariffs: DataFrame) -> DataFrame:
    """Join the tariffs of a month with the part of it in which they hold: ``_from, _until``."""
    until = F.least(F.add_months("local_date", 1), "valid_to")
    return (
        months.join(tariffs.drop("known_at"), on=SERIES, how="inner")
        .withColumn("_from", F.greatest("local_date", "valid_from"))
        .withColumn("_until", until)
        .where("_from < _until")
    )


def capacities(
    months: DataFrame, peak_power_daily: DataFrame, tariffs: DataFrame, meters: DataFrame
) -> DataFrame:
    """Return the capacity charges: price times the mean of the highest days' peaks, in kW.

    The peaks are those of the days on which the tariff holds and the home is supplied; the price is
    paid for the share of the month that these days are. Null where no window of that length was
    metered.
    """
    charges = opened(tariffs).where("element.kind = 'capacity'")
    peaks = peak_power_daily.select(
        *SERIES, "local_month", "local_date", "window_minutes", "peak_kw"
    )
    is_its_window = F.col("window_minutes") == F.col("element.window_minutes")
    charge = [*_MONTH_OF, "valid_from", "position"]
    of_supply = supplied(meters)
    power = (
        valid_on(peaks, charges)
        .where(is_its_window)
        .join(of_supply, on=SERIES, how="left")
        .where(is_supplied("local_date"))
        .groupBy(*charge, F.col("element.days").alias("_days"))
        .agg(F.sort_array(F.collect_list("peak_kw"), asc=False).alias("_peaks"))
        .select(*charge, _mean(F.slice("_peaks", 1, F.col("_days"))).alias("_kw"))
    )
    paid = days_supplied("_from", "_until")
    share = paid / F.date_diff(F.add_months("local_date", 1), "local_date")
    return (
        within(months, charges)
        .join(of_supply, on=SERIES, how="left")
        .where(paid > 0)
        .join(power, on=charge, how="left")
        .withColumn("net_amount", F.col("element.price_per_kw") * F.col("_kw") * share)
        .withColumn("element", F.col("element.kind"))
        .withColumn("is_fallback", F.lit(False))
        .transform(taxed)
    )


def added_up(rows: DataFrame) -> DataFrame:
    """Add up by month and element; null where a part is, or where two currencies meet."""
    is_one = F.count_distinct("currency") == 1
    sums = {
        name: F.when(is_one & (F.count_if(F.col(name).isNull()) == 0), F.sum(name))
        for name in _AMOUNTS
    }
    return rows.groupBy(*_MONTH_OF, "element").agg(
        *(amount.alias(name) for name, amount in sums.items()),
        F.when(is_one, F.min("currency")).alias("currency"),
        F.when(F.min("tariff_id") == F.max("tariff_id"), F.min("tariff_id")).alias("tariff_id"),
        F.bool_and("is_fallback").alias("is_fallback"),
    )


def _mean(amounts: Column) -> Column:
    total = F.aggregate(amounts, F.lit(0.0), lambda sofar, amount: sofar + amount)
    return F.when(F.size(amounts) > 0, total / F.size(amounts))

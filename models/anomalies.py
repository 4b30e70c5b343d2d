"""What came true, and what was expected -> models.anomalies: what is unusual, told once and kept.

Each kind has a file of its own. A day is judged by what was known then and the home's own past; a
correction tells it anew beside what was told. A kind other than `daily` has a row where something
was told, and where that no longer holds.
"""

from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.contracts import ANOMALIES, PAST_DAYS
from models.inputs.forecastable import SERIES
from models.unusual.base_load_rise import base_load_rise
from models.unusual.daily_band import daily_band
from models.unusual.daily_patterns import flat, spike
from models.unusual.high_month import high_month
from models.unusual.solar_yield import solar_yield
from silver.contracts import HOME

_DAY_OF = [*SERIES, "local_date"]
_KEY = [*_DAY_OF, "kind"]
# The longest look back: a fortnight, and the past before it.
_REACH = PAST_DAYS + 14
_OF_TIME = ("standing_charge", "capacity")
# What a kind says of a day; the rest is the same for all kinds.
_ADDED = ("excess_cost", "currency", "issued_at", "local_month")
_SAID = [name for name in ANOMALIES.names if name not in _ADDED]


def anomalies(
    forecast_outcomes_daily: DataFrame,
    energy_daily: DataFrame,
    energy_monthly: DataFrame,
    base_load_daily: DataFrame,
    cost_daily: DataFrame,
    cost_monthly: DataFrame,
    silver_weather: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
    anomalies: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row a series, local day and kind that is told: kWh, and the cost where priced."""
    kinds = (
        daily_band(forecast_outcomes_daily),
        flat(energy_daily),
        spike(energy_daily),
        base_load_rise(base_load_daily, energy_daily),
        high_month(energy_daily, energy_monthly, cost_daily, cost_monthly),
        solar_yield(energy_daily, silver_weather, location_weather, locations),
    )
    judged = reduce(DataFrame.unionByName, (days.select(*_SAID) for days in kinds))
    return (
        judged.transform(lambda rows: worth_telling(rows, anomalies))
        .join(prices(cost_daily, energy_daily), on=_DAY_OF, how="left")
        .withColumns(
            {
                "side": F.when(F.col("level") != "none", F.col("side")),
                "excess_cost": F.col("excess_kwh") * F.col("_price"),
                "local_month": F.date_format("local_date", "yyyy-MM"),
                # Of a past day run again, what was known only later is not told before.
                "issued_at": F.greatest(F.lit(clock), F.col("known_at")),
            }
        )
        .withColumn("currency", F.when(F.col("excess_cost").isNotNull(), F.col("currency")))
        .select(*ANOMALIES.names)
    )


def touched_by_energy_daily(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return the days that look back at a changed one."""
    return _ahead(changes, energy_daily)


touched_by_forecast_outcomes_daily = touched_by_base_load_daily = touched_by_energy_daily


def touched_by_energy_monthly(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return the days of the month that is held against the changed one, a year later."""
    first = F.add_months(F.trunc("local_date", "MM"), 12)
    months = changes.select(*HOME, first.alias("_first")).distinct()
    days = months.select(*HOME, _each(F.col("_first"), F.last_day("_first")))
    return _there(days, energy_daily)


touched_by_cost_monthly = touched_by_energy_monthly


def touched_by_silver_weather(
    changes: DataFrame, location_weather: DataFrame, meters: DataFrame
) -> DataFrame:
    """Return a week of days of the homes with metered production around the points."""
    making = meters.where("direction = 'production' AND deleted_at IS NULL").select(*HOME)
    points = changes.where("issued_at IS NULL").select("latitude", "longitude", "observed_date")
    homes = location_weather.join(making.distinct(), on=HOME, how="left_semi")
    return points.distinct().join(homes, on=["latitude", "longitude"]).select(
        *HOME, _each(F.date_sub("observed_date", 1), F.date_add("observed_date", 7))
    )  # fmt: skip


def needed_for(touched: DataFrame) -> DataFrame:
    """Return the days that the touched days look back at."""
    day = _each(F.date_sub("local_date", _REACH), F.col("local_date"))
    return touched.select(*HOME, day).distinct()


def needed_for_anomalies(slices: DataFrame) -> DataFrame:
    """Return the days themselves: what was told of them."""
    return slices


def needed_for_energy_monthly(slices: DataFrame) -> DataFrame:
    """Return the month a year before that of each day."""
    first = F.add_months(F.trunc("local_date", "MM"), -12)
    return slices.select(*HOME, first.alias("local_date")).distinct()


needed_for_cost_monthly = needed_for_energy_monthly


def needed_for_silver_weather(slices: DataFrame, location_weather: DataFrame) -> DataFrame:
    """Return the days (UTC) of the points of the homes."""
    at = location_weather.select(*HOME, "latitude", "longitude")
    point = ["latitude", "longitude"]
    days = slices.join(at, on=HOME).select(*point, "local_date").distinct()
    span = _each(F.date_sub("local_date", _REACH + 1), F.date_add("local_date", 1))
    return days.select(*point, span.alias("observed_date")).distinct()


def worth_telling(judged: DataFrame, told: DataFrame) -> DataFrame:
    """Keep what is unusual, all of the kind daily, and what was told and no longer holds."""
    newest = F.max_by("level", F.struct("known_at", "issued_at"))
    before = told.groupBy(*_KEY).agg(newest.alias("_told"), F.max("known_at").alias("_told_at"))
    is_told = F.coalesce(F.col("_told") != "none", F.lit(False))
    # Once withdrawn it stays so: the row that says it is made again, and is no change.
    is_withdrawn = F.coalesce(F.col("_told_at") == F.col("known_at"), F.lit(False))
    is_worth = (F.col("level") != "none") | (F.col("kind") == "daily") | is_told | is_withdrawn
    return judged.join(before, on=_KEY, how="left").where(is_worth).drop("_told", "_told_at")


def prices(cost_daily: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return the mean price of a kWh by day, with tax, of what depends on the energy."""
    of_energy = cost_daily.where(~F.col("element").isin(*_OF_TIME))
    is_known = F.count_if(F.col("total_amount").isNull()) == 0
    amounts = of_energy.groupBy(*_DAY_OF).agg(
        F.when(is_known, F.sum("total_amount")).alias("_amount"),
        F.max("currency").alias("currency"),
    )
    energy = energy_daily.select(*_DAY_OF, "energy_kwh")
    price = F.try_divide("_amount", "energy_kwh")
    return amounts.join(energy, on=_DAY_OF, how="inner").select(
        *_DAY_OF, price.alias("_price"), "currency"
    )


def _ahead(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    changed = changes.select(*HOME, "local_date").distinct()
    last = F.date_add("local_date", _REACH)
    return _there(changed.select(*HOME, _each(F.col("local_date"), last)), energy_daily)


def _there(days: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Leave out days of which nothing is known: most of those ahead."""
    known = energy_daily.select(*HOME, "local_date").distinct()
    return days.distinct().join(known, on=[*HOME, "local_date"], how="left_semi")


def _each(first: Column, last: Column) -> Column:
    return F.explode(F.sequence(first, last)).alias("local_date")

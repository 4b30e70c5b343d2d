"""gold's hours, months and weather models -> features.home_signatures: how a home uses energy.

A row a month rather than a day: nothing in it moves much from one day to the next, and a version a
day of every home would be thirty times the rows. It is there once the month is over (a reading in
its last three days), so that a month adds few versions.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contracts import HOME_SIGNATURES
from features.hour_shares import hour_shares
from features.months_of_use import is_counted, months_of_use

_HOME = ["partner_id", "location_id"]
_SERIES = [*_HOME, "fuel"]
_MONTH = [*_SERIES, "local_month"]
_SLICE = [*_HOME, "local_month"]
_LAST_DAYS = 3
_OF_MODEL = (
    "heating_balance_c", "cooling_balance_c", "heating_kwh_per_degree_day",
    "cooling_kwh_per_degree_day",
)  # fmt: skip


def home_signatures(
    energy_hourly: DataFrame,
    energy_monthly: DataFrame,
    base_load_daily: DataFrame,
    weather_models: DataFrame,
    locations: DataFrame,
) -> DataFrame:
    """Return a row a location, fuel and finished month of which half is observed (consumption)."""
    return (
        months_of_use(energy_monthly)
        .join(hour_shares(energy_hourly, locations), on=_MONTH)
        .where(F.col("_last_date") > F.date_sub(F.last_day("local_date"), _LAST_DAYS))
        .join(_base_loads(base_load_daily), on=_MONTH, how="left")
        .join(_models(weather_models), on=_MONTH, how="left")
        .withColumns({"known_at": F.greatest(*_KNOWN), "feature_at": _end()})
        .select(*HOME_SIGNATURES.names)
    )


def slices_with_rows(energy_monthly: DataFrame) -> DataFrame:
    """Return the months that can have a row: most of the days of a run are of one that is not."""
    return energy_monthly.where(is_counted()).select(*_SLICE)


def touched_by_energy_monthly(changes: DataFrame) -> DataFrame:
    """Return the months that changed, and the eleven after each, which look back at it."""
    return _months(changes, 0, 11)


def touched_by_base_load_daily(changes: DataFrame) -> DataFrame:
    """Return the months of the days that changed."""
    month = F.date_format("local_date", "yyyy-MM").alias("local_month")
    return changes.select(*_HOME, month).distinct()


def touched_by_weather_models(changes: DataFrame) -> DataFrame:
    """Return the months in which the baselines of the models end."""
    month = F.date_format("baseline_end", "yyyy-MM").alias("local_month")
    return changes.select(*_HOME, month).distinct()


def needed_for_energy_monthly(slices: DataFrame) -> DataFrame:
    """Return the twelve months that end with each."""
    return _months(slices, -11, 0)


def needed_for_base_load_daily(slices: DataFrame) -> DataFrame:
    """Return the days of the months."""
    first = F.concat("local_month", F.lit("-01")).cast("date")
    days = F.explode(F.sequence(first, F.last_day(first)))
    return slices.select(*_HOME, days.alias("local_date")).distinct()


def _base_loads(base_load_daily: DataFrame) -> DataFrame:
    month = F.date_format("local_date", "yyyy-MM").alias("local_month")
    return (
        base_load_daily.where("direction = 'consumption'")
        .groupBy(*_SERIES, month)
        .agg(F.median("base_load_kw").alias("base_load_kw"), F.max("known_at").alias("_base_at"))
    )


def _models(weather_models: DataFrame) -> DataFrame:
    """Return the models by the month in which their baseline ends: none of them knew more."""
    month = F.date_format("baseline_end", "yyyy-MM").alias("local_month")
    fitted = weather_models.where("direction = 'consumption' AND outcome = 'fitted'")
    return fitted.select(*_SERIES, month, *_OF_MODEL, F.col("known_at").alias("_model_at"))


# greatest() passes nulls.
_KNOWN = ("_months_known_at", "_hours_known_at", "_base_at", "_model_at")


def _end() -> Column:
    following = F.add_months("local_date", 1).cast("timestamp")
    return F.to_utc_timestamp(following, F.col("time_zone"))


def _months(rows: DataFrame, first: int, last: int) -> DataFrame:
    """Return the months from ``first`` to ``last`` months after each."""
    day = F.concat("local_month", F.lit("-01")).cast("date")
    steps = F.sequence(
        F.add_months(day, first), F.add_months(day, last), F.expr("INTERVAL 1 MONTH")
    )
    months = F.explode(F.transform(steps, lambda d: F.date_format(d, "yyyy-MM")))
    return rows.select(*_HOME, months.alias("local_month")).distinct()

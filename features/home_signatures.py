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
from lake.changed import said_anew

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
    home_profiles: DataFrame,
    locations: DataFrame,
) -> DataFrame:
    """Return a row a location, fuel and finished month of which half is observed (consumption)."""
    return (
        months_of_use(energy_monthly)
        .join(hour_shares(energy_hourly, locations), on=_MONTH)
        .where(F.col("_last_date") > F.date_sub(F.last_day("local_date"), _LAST_DAYS))
        .join(_base_loads(base_load_daily), on=_MONTH, how="left")
        .join(_models(weather_models), on=_MONTH, how="left")
        .transform(lambda rows: _with_cars(rows, home_profiles))
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


def touched_by_home_profiles(changes: DataFrame, energy_monthly: DataFrame) -> DataFrame:
    """Return all months of the homes whose electric cars are others, or from another day on."""
    versions = said_anew(changes, key=[*_HOME, "valid_from"], columns=["valid_to", "electric_cars"])
    homes = versions.select(*_HOME)
    return energy_monthly.join(homes, on=_HOME, how="left_semi").select(*_SLICE).distinct()


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


def _with_cars(rows: DataFrame, home_profiles: DataFrame) -> DataFrame:
    """Add what the profile that holds on the month's last day says of electric cars."""
    profiles = home_profiles.select(
        *_HOME, "valid_from", "valid_to", "electric_cars", F.col("known_at").alias("_profile_at")
    )
    last = F.last_day("local_date")
    is_valid = (F.col("valid_from") <= last) & (
        F.col("valid_to").isNull() | (F.col("valid_to") > last)
    )
    of_month = rows.select(*_SLICE, "local_date").distinct().join(profiles, on=_HOME)
    held = of_month.where(is_valid).select(
        *_SLICE, (F.col("electric_cars") > 0).alias("has_electric_car"), "_profile_at"
    )
    return rows.join(held, on=_SLICE, how="left")


# greatest() passes nulls.
_KNOWN = ("_months_known_at", "_hours_known_at", "_base_at", "_model_at", "_profile_at")


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

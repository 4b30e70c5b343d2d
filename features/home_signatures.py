"""gold's hours, months and weather models -> features.home_signatures: how a home uses energy.

A row a month rather than a day: nothing in it moves much from one day to the next, and a version a
day of every home would be thirty times the rows. It is there once the month is over (a reading in
its last three days), so that a month adds few versions.

What was told once stays: a row that comes out as it was told last is no new version. One that
differs though nothing in it was said later (a zone put right, a reading judged anew) is known from
the run on that met it, and never put in place of what was told.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contracts import HOME_SIGNATURES
from features.hour_shares import hour_shares
from features.months_of_use import is_counted, months_of_use
from lake.hops.writing import all_of, same
from silver.contracts import HOME

_SERIES = [*HOME, "fuel"]
_MONTH = [*_SERIES, "local_month"]
_SLICE = [*HOME, "local_month"]
_POINT = ["latitude", "longitude"]
_LAST_DAYS = 3
_OF_MODEL = (
    "heating_balance_c", "cooling_balance_c", "heating_kwh_per_degree_day",
    "cooling_kwh_per_degree_day",
)  # fmt: skip
_TOLD = tuple(n for n in HOME_SIGNATURES.names if n not in (*_MONTH, "local_date", "known_at"))


def home_signatures(
    energy_hourly: DataFrame,
    energy_monthly: DataFrame,
    base_load_daily: DataFrame,
    weather_models: DataFrame,
    locations: DataFrame,
    location_weather: DataFrame,
    silver_weather: DataFrame,
    features_home_signatures: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row a location, fuel and finished month of which half is observed (consumption)."""
    homes = location_weather.join(locations.select(*HOME, "time_zone"), on=HOME, how="inner")
    weather = _weather_known(silver_weather, homes.select(*HOME, *_POINT, "time_zone"))
    return (
        months_of_use(_known_with(weather, energy_monthly))
        .join(hour_shares(energy_hourly, locations), on=_MONTH)
        .where(F.col("_last_date") > F.date_sub(F.last_day("local_date"), _LAST_DAYS))
        .join(_base_loads(base_load_daily), on=_MONTH, how="left")
        .join(_models(weather_models), on=_MONTH, how="left")
        .join(_last(features_home_signatures), on=_MONTH, how="left")
        .withColumns({**_model_of_then(), "feature_at": _end()})
        .withColumn("known_at", _known_at(clock))
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
    return changes.select(*HOME, month).distinct()


def touched_by_weather_models(changes: DataFrame) -> DataFrame:
    """Return the months in which the baselines of the models end.

    A model that has gone on to the next month leaves the one before as it was told.
    """
    month = F.date_format("baseline_end", "yyyy-MM").alias("local_month")
    now = changes.where("_change_type <> 'update_preimage'")
    return now.select(*HOME, month).distinct()


def needed_for_energy_monthly(slices: DataFrame) -> DataFrame:
    """Return the twelve months that end with each."""
    return _months(slices, -11, 0)


def needed_for_base_load_daily(slices: DataFrame) -> DataFrame:
    """Return the days of the months."""
    first = F.concat("local_month", F.lit("-01")).cast("date")
    days = F.explode(F.sequence(first, F.last_day(first)))
    return slices.select(*HOME, days.alias("local_date")).distinct()


def needed_for_silver_weather(slices: DataFrame) -> DataFrame:
    """Return the months (UTC) of the twelve local ones, whose ends lie in those beside them."""
    months = _months(slices, -12, 1).select(F.col("local_month").alias("observed_month"))
    return months.distinct()


def _weather_known(silver_weather: DataFrame, homes: DataFrame) -> DataFrame:
    """Return since when the temperatures of each home's local months were known (_weather_at)."""
    local = F.from_utc_timestamp("observed_at", F.col("time_zone"))
    of_points = (
        silver_weather.where("issued_at IS NULL AND temperature_c IS NOT NULL")
        .join(F.broadcast(homes.select(*_POINT, "time_zone").distinct()), on=_POINT, how="inner")
        .groupBy(*_POINT, "time_zone", F.date_format(local, "yyyy-MM").alias("local_month"))
        .agg(F.max("known_at").alias("_weather_at"))
    )
    there = homes.join(of_points, on=[*_POINT, "time_zone"], how="inner")
    return there.select(*_SLICE, "_weather_at")


def _known_with(weather: DataFrame, energy_monthly: DataFrame) -> DataFrame:
    """Return the months, known once their weather was too: gold's known_at is of readings alone."""
    weather_at = F.when(F.col("degree_days").isNotNull(), F.col("_weather_at"))
    return (
        energy_monthly.join(weather, on=_SLICE, how="left")
        .withColumn("known_at", F.greatest("known_at", weather_at))
        .drop("_weather_at")
    )


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
    return weather_models.where("direction = 'consumption'").select(
        *_SERIES, month, F.struct(*_OF_MODEL).alias("_model"), F.col("known_at").alias("_model_at")
    )


def _last(stored: DataFrame) -> DataFrame:
    """Return each month as it was told last."""
    row = F.struct(*_TOLD, "known_at")
    return stored.groupBy(*_MONTH).agg(F.max_by(row, "known_at").alias("_last"))


def _model_of_then() -> dict[str, Column]:
    """Return the model of a month's end: gold has it until its baseline goes on, then we do."""
    is_here = F.col("_model").isNotNull()
    return {n: F.when(is_here, F.col(f"_model.{n}")).otherwise(F.col(f"_last.{n}"))
            for n in _OF_MODEL}  # fmt: skip


def _known_at(clock: datetime) -> Column:
    """Return when the last of what went in was known; of what differs unsaid, the run's clock."""
    said, last = F.greatest(*_KNOWN), F.col("_last.known_at")
    is_as_told = all_of(
        same(F.col(n), F.col(f"_last.{n}"), kind=HOME_SIGNATURES.column(n).type) for n in _TOLD
    )
    return (
        F.when(F.col("_last").isNull() | (~is_as_told & (said > last)), said)
        .when(is_as_told, last)
        .otherwise(F.lit(clock))
    )


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
    return rows.select(*HOME, months.alias("local_month")).distinct()

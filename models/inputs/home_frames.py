"""Tables as known at a clock -> the last 13 months of each home in one group, and back to a Home.

Energy is as it was known at the clock; the weather until then, profiles and locations are as they
are registered today, as everywhere (contracts: AS_IT_IS). A home's group is bounded: at most 13
months of hours and quarter hours of its own, and of the weather at its point.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.parts.home import Home
from models.parts.readings import IRRADIANCE, TEMPERATURE, home_of
from silver.contracts import HOME

_POINT = ["latitude", "longitude"]
# The month of the clock and twelve before it, so that a whole year is there to answer.
MONTHS = 13
Rows = Callable[[Home], pd.DataFrame]


def first_day(clock: datetime) -> date:
    """Return the first day that is looked at."""
    months = clock.year * 12 + clock.month - 1 - (MONTHS - 1)
    return date(months // 12, months % 12 + 1, 1)


def by_home(
    tables: Mapping[str, DataFrame], rows_of: Rows, *, schema: str, clock: datetime,
    at_hand: Callable[[DataFrame], DataFrame] | None,
) -> DataFrame:  # fmt: skip
    """Return HOME, the columns of ``schema`` that ``rows_of`` makes of each home, and ``known_at``.

    ``tables`` are those that models.disaggregation names. A home without electricity or gas by the
    hour since ``first_day`` has no group. Without ``at_hand`` the homes are taken to be few.
    """
    energy = _energy(tables["energy_hourly"], 60, clock).unionByName(
        _energy(tables["energy_quarter_hourly"], 15, clock)
    )
    facts = _facts(
        tables["location_weather"], tables["locations"], tables["home_profiles"], clock=clock
    )
    # Of all that is read to find them only the homes are needed, and they three times.
    homes = facts
    if at_hand is not None:
        homes = at_hand(facts.join(energy.select(*HOME).distinct(), on=HOME, how="left_semi"))
    placed = homes.select(*HOME, *_POINT, "time_zone")
    weather = _temperatures(tables["temperature_daily"], placed, clock).unionByName(
        _irradiance(tables["silver_weather"], placed, clock)
    )
    made = f"partner_id string, location_id string, {schema}, known_at timestamp"
    return (
        energy.unionByName(weather)
        .groupBy(*HOME)
        .cogroup(homes.groupBy(*HOME))
        .applyInPandas(_grouped(rows_of), made)
    )


def touched_by_energy_hourly(changes: DataFrame) -> DataFrame:
    """Return the homes with new or corrected hours."""
    return changes.select(*HOME).distinct()


def touched_by_energy_quarter_hourly(changes: DataFrame) -> DataFrame:
    """Return no home: the hours of its quarters have come with them."""
    return _no_home(changes)


def touched_by_temperature_daily(
    changes: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return the homes around the points."""
    zones = locations.select(*HOME, "time_zone")
    around = location_weather.select(*HOME, *_POINT).join(zones, on=HOME, how="inner")
    changed = changes.select(*_POINT, "time_zone").distinct()
    return around.join(changed, on=[*_POINT, "time_zone"], how="left_semi").select(*HOME)


def touched_by_silver_weather(changes: DataFrame) -> DataFrame:
    """Return no home: the temperatures of its days have come with it."""
    return _no_home(changes)


def _no_home(changes: DataFrame) -> DataFrame:
    return changes.select(*(F.lit("").alias(name) for name in HOME)).limit(0)


def _facts(
    location_weather: DataFrame, locations: DataFrame, home_profiles: DataFrame, *, clock: datetime
) -> DataFrame:
    """Return a row a home: its zone, country, weather point, and the profile valid at the clock."""
    day = F.lit(clock.date())
    profile = ("house_type", "living_area_m2", "persons", "heating_type_primary", "electric_cars")
    valid = (
        home_profiles.where(F.col("valid_from") <= day)
        .groupBy(*HOME)
        .agg(F.max_by(F.struct(*profile), "valid_from").alias("_profile"))
        .select(*HOME, "_profile.*")
    )
    points = location_weather.select(*HOME, *_POINT)
    return (
        locations.where("deleted_at IS NULL")
        .select(*HOME, "country_code", "time_zone")
        .join(points, on=HOME, how="left")
        .join(valid, on=HOME, how="left")
    )


def _energy(rows: DataFrame, minutes: int, clock: datetime) -> DataFrame:
    """Return readings by the step, in the columns of a group; of a sum below nothing, nothing."""
    since = first_day(clock)
    recent = rows.where(
        (F.col("local_month") >= since.strftime("%Y-%m"))
        & (F.col("fuel").isin("elec", "gas"))
        & (F.greatest("known_at", "ends_at") <= F.lit(clock))
        & F.col("energy_kwh").isNotNull()
    )
    is_whole = F.col("observed_intervals") == F.col("expected_intervals")
    return recent.select(
        *HOME, F.col("fuel").alias("kind"), "direction", F.lit(minutes).alias("minutes"),
        F.unix_seconds("starts_at").alias("at"),
        F.greatest("energy_kwh", F.lit(0.0)).alias("value"),
        is_whole.alias("is_whole"), "known_at",
    )  # fmt: skip


def _temperatures(temperature_daily: DataFrame, homes: DataFrame, clock: datetime) -> DataFrame:
    # Its smoothing looks three days back.
    in_time = F.col("local_date").between(
        F.date_sub(F.lit(first_day(clock)), 4), F.lit(clock.date())
    )
    days = temperature_daily.where(in_time).join(
        homes, on=[*_POINT, "time_zone"], how="inner"
    )  # fmt: skip
    return _of_weather(days, TEMPERATURE, F.unix_date("local_date") * 86400, "temperature_c")


def _irradiance(silver_weather: DataFrame, homes: DataFrame, clock: datetime) -> DataFrame:
    observed = silver_weather.where(
        F.col("issued_at").isNull()
        & F.col("irradiance_w_m2").isNotNull()
        & (F.col("observed_month") >= first_day(clock).strftime("%Y-%m"))
        & (F.col("observed_at") <= F.lit(clock))
    ).join(homes, on=_POINT, how="inner")
    return _of_weather(observed, IRRADIANCE, F.unix_seconds("observed_at"), "irradiance_w_m2")


def _of_weather(rows: DataFrame, kind: str, at: Column, value: str) -> DataFrame:
    return rows.select(
        *HOME, F.lit(kind).alias("kind"), F.lit("").alias("direction"), F.lit(0).alias("minutes"),
        at.cast("bigint").alias("at"), F.col(value).alias("value"), F.lit(True).alias("is_whole"),
        F.lit(None).cast("timestamp").alias("known_at"),
    )  # fmt: skip


def _grouped(rows_of: Rows) -> Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]:
    def one(series: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
        if facts.empty or series.empty:
            return pd.DataFrame()
        home = facts.iloc[0]
        made = rows_of(home_of(series, home))
        if made.empty:
            return pd.DataFrame()
        made.insert(0, "partner_id", home["partner_id"])
        made.insert(1, "location_id", home["location_id"])
        made["known_at"] = series["known_at"].max()
        return made

    return one

"""Homes and what is known of them without a meter -> the rows that a year's use is told from."""

from datetime import date, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.usage.annual_use import HEATED_BY
from models.usage.climate import normal_years
from models.usage.plausible import plausible
from silver.contracts import HOME

PROFILE = (
    "house_type", "heating_type_primary", "living_area_m2", "persons", "electric_cars",
)  # fmt: skip
_FUEL = [*HOME, "fuel"]
# A year of readings is worth learning from, and makes an estimate of the days idle.
_COMPLETE, _OLDEST_MONTHS = 0.75, 3


def homes_of(
    home_profiles: DataFrame,
    locations: DataFrame,
    location_weather: DataFrame,
    temperature_daily: DataFrame,
    *,
    day: date,
) -> DataFrame:
    """Return a row a home and fuel that it must use: PROFILE valid on ``day``, climate, POINT.

    Every home uses electricity, and gas or district heating where its heating says so.
    """
    return (
        locations.where("deleted_at IS NULL")
        .select(*HOME, "country_code")
        .join(valid_on(home_profiles, day=day), on=HOME)
        .join(normal_years(temperature_daily, location_weather, locations), on=HOME, how="left")
        .withColumn("fuel", F.explode(fuels_used()))
    )


def valid_on(home_profiles: DataFrame, *, day: date) -> DataFrame:
    """Return the version of each profile that holds on a day."""
    is_valid = (F.col("valid_from") <= F.lit(day)) & (
        F.col("valid_to").isNull() | (F.col("valid_to") > F.lit(day))
    )
    return plausible(home_profiles.where(is_valid).select(*HOME, *PROFILE))


def metered_years(home_signatures: DataFrame, *, clock: datetime) -> DataFrame:
    """Return the newest year of readings of each home and fuel as known at ``clock``."""
    known = home_signatures.where(
        (F.greatest("known_at", "feature_at") <= F.lit(clock))
        & F.col("annual_kwh").isNotNull()
        & (F.col("annual_completeness") >= _COMPLETE)
    )
    newest = F.struct("local_month", "known_at", "local_date", "annual_kwh", "heating_share",
                      "weekend_ratio")  # fmt: skip
    return (
        known.groupBy(*_FUEL)
        .agg(F.max(newest).alias("_newest"))
        .select(*_FUEL, "_newest.local_date", "_newest.annual_kwh", "_newest.heating_share",
                "_newest.weekend_ratio")
    )  # fmt: skip


def unmetered(rows: DataFrame, home_signatures: DataFrame, *, clock: datetime) -> DataFrame:
    """Leave out the homes that have a year of readings of the fuel up to lately."""
    lately = F.add_months(F.trunc(F.lit(clock.date()), "month"), -_OLDEST_MONTHS)
    metered = metered_years(home_signatures, clock=clock).where(F.col("local_date") >= lately)
    return rows.join(metered.select(*_FUEL), on=_FUEL, how="left_anti")


def fuels_used() -> Column:
    """Return the fuels that a home must use: electricity, and what heats it."""
    heats = [
        F.when(F.col("heating_type_primary").isin(*ways), F.lit(fuel))
        for fuel, ways in HEATED_BY.items()
        if fuel != "elec"
    ]
    return F.array_compact(F.array(F.lit("elec"), *heats))

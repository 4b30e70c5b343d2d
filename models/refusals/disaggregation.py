"""What has energy but could not be taken apart -> its refusals: which, why, what is missing.

The rule is models.parts.enough, a home at a time; here is what of it was not met, from the tables.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.local_clock import length_s
from models.inputs.home_frames import MONTHS, first_day
from models.parts.enough import DAYS_NEEDED, FLAT, HOURS_A_DAY, TEMPERATURES_NEEDED
from models.refusals.refused import refused, with_last_date
from silver.contracts import HOME

_INSIGHT = "disaggregation"
_POINT = ["latitude", "longitude", "time_zone"]
_MESSAGES = {
    "too_old": "The last reading is of {last_date}; parts are told of this month and the "
    f"{MONTHS - 1} before it.",
    "house_type_unknown": "The kind of house is needed: what homes of a kind use is where "
    "the parts begin that no meter tells apart.",
    "too_little_history": f"{DAYS_NEEDED} days are needed of which three quarters of the hours "
    "were read whole.",
    "no_weather": "The temperature of four in five days is needed; the home's weather point "
    "has fewer.",
    "no_variation": "The readings are all the same: is the meter alive?",
}


def disaggregation_refusals(
    disaggregation: DataFrame,
    energy_daily: DataFrame,
    home_profiles: DataFrame,
    temperature_daily: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return rows of models.insight_refusals: homes with energy by the hour, but no parts of it.

    A row a home and fuel, under the direction consumption, whatever is metered.
    """
    series = [*HOME, "fuel"]
    taken_apart = disaggregation.select(*series).distinct()
    weather = _temperatures(temperature_daily, location_weather, locations)
    has_weather = F.col("_is_day") & F.col("temperature_c").isNotNull()
    energy = _known(energy_daily, clock)
    lately = (
        _days(energy, clock)
        .join(weather, on=[*HOME, "local_date"], how="left")
        .groupBy(*series)
        .agg(
            F.count_if("_is_day").cast("int").alias("days_observed"),
            F.count_if(has_weather).alias("days_of_weather"),
            _is_flat().alias("is_flat"),
        )
    )
    return (
        energy.groupBy(*series)
        .agg(F.max("local_date").alias("last_date"))
        .join(taken_apart, on=series, how="left_anti")
        .join(lately, on=series, how="left")
        .fillna(0, ["days_observed", "days_of_weather"])
        .fillna(False, ["is_flat"])
        .join(_house_types(home_profiles, clock), on=HOME, how="left")
        .withColumn("code", _code(clock))
        .withColumns(
            {
                "direction": F.lit("consumption"),
                "description": with_last_date(_MESSAGES),
                "details": _details(),
            }
        )
        .transform(lambda rows: refused(rows, insight=_INSIGHT, clock=clock))
    )


def _known(energy_daily: DataFrame, clock: datetime) -> DataFrame:
    known = F.greatest("known_at", "ends_at") <= F.lit(clock)
    return energy_daily.where(known & F.col("fuel").isin("elec", "gas"))


def _days(energy: DataFrame, clock: datetime) -> DataFrame:
    """Return a row a home, fuel and day that was metered; nearly all of a day of use makes one."""
    observed = F.col("observed_intervals") / F.col("expected_intervals")
    is_day = (
        F.col("direction").isin("consumption", "import")
        & (observed >= HOURS_A_DAY / 24)
        & (F.col("expected_intervals") >= 23)
    )
    makes = F.col("direction").isin("export", "production")
    seconds = length_s()
    mean_kw = F.col("energy_kwh") / (seconds / 3600 * observed)
    return (
        energy.where(F.col("local_date") >= F.lit(first_day(clock)))
        .groupBy(*HOME, "fuel", "local_date")
        .agg(
            F.max(is_day).alias("_is_day"),
            F.max(F.when(is_day, F.col("peak_kw"))).alias("_peak_kw"),
            F.min(F.when(is_day, mean_kw)).alias("_mean_kw"),
            F.max(makes).alias("_makes"),
        )
    )


def _is_flat() -> Column:
    """Tell whether a series' days are all alike, or hardly any electricity was ever drawn."""
    highest, lowest = F.max("_peak_kw"), F.min("_mean_kw")
    is_level = highest - lowest <= FLAT * highest
    # Of homes with panels no draw is sunshine, and of gas it is summer.
    is_silent = (
        (F.col("fuel") == "elec")
        & ~F.max("_makes")
        & (F.count_if(F.col("_mean_kw") > 0) < DAYS_NEEDED)
    )
    return F.max("_is_day") & (is_level | is_silent)


def _temperatures(
    temperature_daily: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    zones = locations.select(*HOME, "time_zone")
    homes = location_weather.join(zones, on=HOME, how="inner").select(*HOME, *_POINT)
    days = temperature_daily.select(*_POINT, "local_date", "temperature_c")
    return homes.join(days, on=_POINT, how="inner").drop(*_POINT)


def _house_types(home_profiles: DataFrame, clock: datetime) -> DataFrame:
    is_valid = F.col("valid_from") <= F.lit(clock.date())
    newest = F.max_by(F.struct("house_type"), "valid_from")["house_type"]
    return home_profiles.where(is_valid).groupBy(*HOME).agg(newest.alias("house_type"))


def _code(clock: datetime) -> Column:
    lacks_weather = F.col("days_of_weather") < TEMPERATURES_NEEDED * F.col("days_observed")
    return (
        F.when(F.col("last_date") < F.lit(first_day(clock)), "too_old")
        .when(F.col("house_type").isNull(), "house_type_unknown")
        .when(F.col("days_observed") < DAYS_NEEDED, "too_little_history")
        .when(lacks_weather, "no_weather")
        .when(F.col("is_flat"), "no_variation")
        # Days were read, but too few of their hours whole.
        .otherwise("too_little_history")
    )


def _details() -> Column:
    return F.to_json(
        F.struct(
            "last_date",
            "days_observed",
            F.lit(DAYS_NEEDED).alias("days_needed"),
            "days_of_weather",
            F.col("house_type").isNotNull().alias("is_house_type_known"),
            "is_flat",
        )
    )

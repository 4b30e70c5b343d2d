"""gold.energy_daily + the sun -> the anomaly `pv_underperforming`: less made than before.

Where irradiance is observed: energy made over irradiation, a week's against the weeks before it (a
performance ratio, IEC 61724-1, without the system's size, which its own past stands for). Else by
the clear sky: the best day of two weeks over the irradiation above the atmosphere (FAO Irrigation
and Drainage Paper 56, equation 21), against the best days of the fortnights before.
"""

import math

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.unusual.daily_patterns import whole_days
from models.unusual.past_days import (
    is_enough,
    known_until,
    quantile,
    said,
    sorted_past,
    window,
    words,
)
from silver.contracts import HOME

_WEEK, _FORTNIGHT = 7, 14
# Irradiance tells the weather, the clear sky does not: there more has to be missing.
_LOW = {"irradiance": 0.85, "clear_sky": 0.75}
_HIGH = 0.85
_SOLAR_CONSTANT_KW_M2 = 1.361
# Too little sun to tell, in kWh/m² and day above the atmosphere.
_LEAST_SUN = 1.5
_HOURS_NEEDED = 18


def solar_yield(
    energy_daily: DataFrame, silver_weather: DataFrame, location_weather: DataFrame,
    locations: DataFrame,
) -> DataFrame:  # fmt: skip
    """Return a row a home with production and whole day: what it made for the sun it had (kWh)."""
    places = locations.select(*HOME, F.col("latitude").alias("_latitude"))
    made = whole_days(energy_daily).where("fuel = 'elec' AND direction = 'production'")
    sun = irradiation(silver_weather, location_weather, locations)
    return (
        made.join(places, on=HOME, how="inner")
        .join(sun, on=[*HOME, "local_date"], how="left")
        .withColumn("_above", above_the_atmosphere())
        .where(F.col("_above") >= _LEAST_SUN)
        .transform(yields)
        .where(is_enough("_past") & F.col("_yield").isNotNull())
        .withColumns({"_usual": quantile("_past", 0.5), "_least": quantile("_past", 0.1)})
        .withColumns(_energies())
        .withColumns(
            {
                "kind": F.lit("pv_underperforming"),
                "level": _level(),
                "side": F.lit("below"),
                "excess_kwh": F.col("actual_kwh") - F.col("expected_kwh"),
                "description": _description(),
                "details": _details(),
                "known_at": F.col("_known"),
            }
        )
    )


def yields(days: DataFrame) -> DataFrame:
    """Add the yield of the last days and of the past, by the better way there is (``_by``)."""
    week, fortnight = window(1 - _WEEK, 0), window(1 - _FORTNIGHT, 0)
    sunny = F.sum("sun_kwh_m2").over(week)
    made = F.sum(F.when(F.col("sun_kwh_m2").isNotNull(), F.col("energy_kwh"))).over(week)
    has_week = F.count("sun_kwh_m2").over(week) >= _WEEK - 2
    best = F.max(F.col("energy_kwh") / F.col("_above")).over(fortnight)
    has_fortnight = F.count("energy_kwh").over(fortnight) >= _FORTNIGHT - 4
    return (
        days.withColumns(
            {
                "_of_sun": F.when(has_week, F.try_divide(made, sunny)),
                "_of_sky": F.when(has_fortnight, best),
            }
        )
        .withColumns(
            {
                "_past_sun": sorted_past(F.col("_of_sun"), _WEEK),
                "_past_sky": sorted_past(F.col("_of_sky"), _FORTNIGHT),
                "_known": known_until(_FORTNIGHT),
            }
        )
        .withColumn("_is_sun", _is_sun())
        .withColumns(
            {
                "_by": F.when(F.col("_is_sun"), "irradiance").otherwise("clear_sky"),
                "_yield": F.when(F.col("_is_sun"), F.col("_of_sun")).otherwise(F.col("_of_sky")),
                "_past": F.when(F.col("_is_sun"), F.col("_past_sun")).otherwise(F.col("_past_sky")),
                "days": F.when(F.col("_is_sun"), F.lit(_WEEK)).otherwise(F.lit(_FORTNIGHT)),
            }
        )
    )


def _is_sun() -> Column:
    """Tell whether irradiance tells more than the clear sky: the past's yields differ less by it.

    Irradiance of a point far away, or of a model, may have little to do with this roof.
    """

    def spread(past: str) -> Column:
        below = quantile(past, 0.5) - quantile(past, 0.1)
        return F.coalesce(F.try_divide(below, quantile(past, 0.5)), F.lit(1.0))

    is_there = is_enough("_past_sun") & F.col("_of_sun").isNotNull()
    is_better = ~is_enough("_past_sky") | (spread("_past_sun") <= spread("_past_sky"))
    return is_there & is_better


def irradiation(
    silver_weather: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return the observed irradiation of each home's local days (kWh/m²), of 18 hours at least."""
    point = ["latitude", "longitude"]
    homes = location_weather.select(*HOME, *point).join(
        locations.select(*HOME, "time_zone"), on=HOME, how="inner"
    )
    local = F.from_utc_timestamp("observed_at", F.col("time_zone"))
    day, hour = F.to_date(local).alias("local_date"), F.hour(local).alias("_hour")
    days = (
        silver_weather.where("issued_at IS NULL AND irradiance_w_m2 IS NOT NULL")
        .join(homes.select(*point, "time_zone").distinct(), on=point, how="inner")
        .groupBy(*point, "time_zone", day, hour)
        .agg(F.avg("irradiance_w_m2").alias("_w_m2"))
        .groupBy(*point, "time_zone", "local_date")
        .agg(F.avg("_w_m2").alias("_w_m2"), F.count(F.lit(1)).alias("_hours"))
        .where(F.col("_hours") >= _HOURS_NEEDED)
        .withColumn("sun_kwh_m2", F.greatest(F.col("_w_m2"), F.lit(0.0)) * 24 / 1000)
    )
    return homes.join(days, on=[*point, "time_zone"], how="inner").select(
        *HOME, "local_date", "sun_kwh_m2"
    )


def above_the_atmosphere() -> Column:
    """Return the irradiation on the horizontal above ``_latitude`` (kWh/m² a day), FAO-56 (21)."""
    turn = 2 * math.pi * F.dayofyear("local_date") / 365
    distance = 1 + 0.033 * F.cos(turn)
    declination = 0.409 * F.sin(turn - 1.39)
    latitude = F.radians("_latitude")
    cosine = -F.tan(latitude) * F.tan(declination)
    sunset = F.acos(F.least(F.greatest(cosine, F.lit(-1.0)), F.lit(1.0)))
    upright = sunset * F.sin(latitude) * F.sin(declination)
    level = F.cos(latitude) * F.cos(declination) * F.sin(sunset)
    return 24 / math.pi * _SOLAR_CONSTANT_KW_M2 * distance * (upright + level)


def _energies() -> dict[str, Column]:
    """Say the yields as energy of the day: what it made, as much as the past had for its sun."""
    of_sun = F.coalesce("sun_kwh_m2", F.lit(0.0))
    scale = F.when(F.col("_is_sun"), of_sun).otherwise(F.col("_above"))
    return {
        "actual_kwh": F.col("_yield") * scale,
        "expected_kwh": F.col("_usual") * scale,
        "low_kwh": quantile("_past", 0.05) * scale,
        "high_kwh": quantile("_past", 0.95) * scale,
    }


def _level() -> Column:
    low = F.when(F.col("_is_sun"), _LOW["irradiance"]).otherwise(_LOW["clear_sky"])
    is_low = F.col("_yield") < low * F.col("_least")
    is_high = F.col("_yield") < _HIGH * low * F.col("_least")
    return F.when(is_high, "high").when(is_low, "low").otherwise("none")


def _description() -> Column:
    missing = 100 * (1 - F.try_divide("_yield", "_usual"))
    way = F.when(F.col("_is_sun"), "for the sun that shone").otherwise("on its best day")
    return words(
        "Production in the ", F.col("days").cast("string"), " days to ",
        F.col("local_date").cast("string"), " was ", said(missing, 0), " % less ", way,
        " than in the weeks before: panels or inverter may be dirty, shaded or at fault.",
    )  # fmt: skip


def _details() -> Column:
    return F.to_json(
        F.struct(
            F.col("_by").alias("judged_by"),
            F.col("_yield").alias("yield_now"),
            F.col("_usual").alias("yield_usual"),
            F.col("_least").alias("yield_usual_low"),
            F.size("_past").alias("days_of_past"),
        )
    )

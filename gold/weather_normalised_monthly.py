"""gold.energy_monthly, weather_models -> gold.weather_normalised_monthly: use in normal weather.

Normal are the degree days of each calendar day, their mean over all years at hand (not those of the
mean temperature, which would lose the cold days of mild months). The months are those of the
model's baseline, the newest of them as far as it has come.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import WEATHER_NORMALISED_MONTHLY
from gold.degree_day_fit import HIGHEST_C, LOWEST_C
from gold.weather_points import POINT, homes_around, points
from silver.contracts import HOME, SERIES

# Nine of ten calendar days of each month, as CalTRACK 2.2.1.2 asks of a year.
_COVERED = 0.9
# 90 of 100 sums lie within so many standard deviations.
_WITHIN = 1.645
# A year of days that all resemble the day before would say nothing.
_MOST_ALIKE = 0.95


def weather_normalised_monthly(
    energy_monthly: DataFrame,
    weather_models: DataFrame,
    temperature_daily: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
) -> DataFrame:
    """Return a row a modelled series and month of its baseline; kWh with a 90 % interval."""
    models = weather_models.drop("known_at")
    homes = points(location_weather, locations)
    year = normal_year(temperature_daily, homes.select(*POINT).distinct())
    first, last = (F.date_format(f"baseline_{end}", "yyyy-MM") for end in ("start", "end"))
    return (
        energy_monthly.join(models, on=SERIES, how="inner")
        .where(F.col("local_month").between(first, last))
        .join(homes, on=HOME, how="left")
        .withColumn("month", F.month("local_date"))
        .join(year, on=[*POINT, "month"], how="left")
        .withColumns({"outcome": _outcome(), "years": F.coalesce("years", F.lit(0))})
        .withColumn("normalised_kwh", _days() * _use_of_a_day())
        .withColumn("_within", _WITHIN * _deviation())
        .withColumns(
            {
                "low_kwh": F.greatest(F.col("normalised_kwh") - F.col("_within"), F.lit(0.0)),
                "high_kwh": F.col("normalised_kwh") + F.col("_within"),
            }
        )
        .withColumns({n: F.when(F.col("outcome") == "normalised", F.col(n)) for n in _NORMAL})
        .select(*WEATHER_NORMALISED_MONTHLY.names)
    )


_NORMAL = ("normalised_kwh", "low_kwh", "high_kwh", "normal_temperature_c")


def touched_by_temperature_daily(
    changes: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return the homes around the points."""
    return homes_around(changes, points(location_weather, locations))


def normal_year(temperature_daily: DataFrame, wanted: DataFrame) -> DataFrame:
    """Return a row a point and month of the year: mean degree days a day, by balance point (°C·d).

    ``is_whole`` where nine tenths of each month's calendar days were seen in some year.
    """
    grid = F.explode(F.sequence(F.lit(LOWEST_C), F.lit(HIGHEST_C)))
    below = F.greatest(F.col("balance") - F.col("temperature_c"), F.lit(0.0))
    above = F.greatest(F.col("temperature_c") - F.col("balance"), F.lit(0.0))
    months = (
        temperature_daily.join(wanted, on=POINT, how="left_semi")
        .withColumns({"month": F.month("local_date"), "day": F.dayofmonth("local_date")})
        .withColumn("balance", grid)
        .groupBy(*POINT, "month", "day", "balance")
        .agg(
            F.avg(below).alias("heating"),
            F.avg(above).alias("cooling"),
            F.avg("temperature_c").alias("warmth"),
            F.count(F.lit(1)).alias("years"),
        )
        .groupBy(*POINT, "month", "balance")
        .agg(
            F.avg("heating").alias("heating"),
            F.avg("cooling").alias("cooling"),
            F.avg("warmth").alias("normal_temperature_c"),
            F.max("years").alias("years"),
            F.count_if(F.col("day") <= 28).alias("_days"),
        )
        .groupBy(*POINT, "month")
        .agg(
            _by_balance("heating").alias("normal_heating"),
            _by_balance("cooling").alias("normal_cooling"),
            F.max("normal_temperature_c").alias("normal_temperature_c"),
            F.max("years").cast("int").alias("years"),
            (F.max("_days") >= _COVERED * 28).alias("is_covered"),
        )
    )
    whole = months.groupBy(*POINT).agg((F.count_if("is_covered") == 12).alias("is_whole"))
    return months.join(whole, on=POINT, how="inner")


def _by_balance(side: str) -> Column:
    pair = F.struct(F.col("balance").cast("double"), F.col(side))
    return F.map_from_entries(F.collect_list(pair))


def _outcome() -> Column:
    normal = F.when(F.col("is_whole"), "normalised").otherwise("no_normal_year")
    return F.when(F.col("outcome") == "fitted", normal).otherwise(F.col("outcome"))


def _use_of_a_day() -> Column:
    use = F.col("base_kwh_per_day")
    for side in ("heating", "cooling"):
        degree_days = F.col(f"normal_{side}")[F.col(f"{side}_balance_c")]
        more = F.col(f"{side}_kwh_per_degree_day") * degree_days
        use = use + F.coalesce(more, F.lit(0.0))
    return use


def _deviation() -> Column:
    """Return the standard deviation of a month about the model (kWh).

    A day's, times the days, and what is uncertain of the model's mean, both larger where days
    resemble the day before (ASHRAE Guideline 14, annex B: n' = n (1 - r) / (1 + r)).
    """
    alike = F.least(F.col("residual_autocorrelation"), F.lit(_MOST_ALIKE))
    days = _days() + _days() * _days() / F.col("days_used")
    return F.col("residual_kwh") * F.sqrt(days * (1 + alike) / (1 - alike))


def _days() -> Column:
    return F.dayofmonth(F.last_day("local_date"))

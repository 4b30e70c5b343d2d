"""gold.energy_daily, temperature_daily -> gold.weather_models: how use follows the weather.

The daily methods of CalTRACK 2.0; its sections stand beside what follows them. A series that they
do not let through has a row that says why.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from gold.contracts import WEATHER_MODELS
from gold.degree_day_fit import fitted, step, sums
from gold.weather_points import POINT, homes_around, points
from silver.contracts import HOME, SERIES

# 2: no R² is above 1.
RULE_VERSION = 2
_DIRECTIONS = ("import", "consumption")
# 3.1.3: the 365 days before the end; 2.2.1.2: at most 37 of them may be missing.
BASELINE_DAYS, DAYS_NEEDED = 365, 328
# OpenDSM's sufficiency criteria: a tenth of a month's temperatures may be missing.
_MONTH_MAY_LACK = 3
_FLAT = 1e-9
_ECHO = "residual_autocorrelation"
_CARRIED = ("_energy_days", "_worst_month", "baseline_start", "baseline_end", "known_at")
_MONTHS = [f"_lacks_{month:02d}" for month in range(1, 13)]
_OF_THE_MODEL = (
    "model_type", "heating_balance_c", "cooling_balance_c", "base_kwh_per_day",
    "heating_kwh_per_degree_day", "cooling_kwh_per_degree_day", "r2", "adjusted_r2",
    "residual_kwh", "cvrmse", "residual_autocorrelation",
)  # fmt: skip


def weather_models(
    energy_daily: DataFrame,
    temperature_daily: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
) -> DataFrame:
    """Return a row a location, fuel and direction (import, consumption): a model or a refusal.

    Energy in kWh a local day, temperatures in °C; the baseline ends with the newest reading.
    """
    # What follows needs the days of a series together: they are moved once.
    homes = points(location_weather, locations)
    days = baseline(energy_daily, temperature_daily, homes).repartition(*SERIES)
    steps = days.groupBy(*SERIES, step().alias("step")).agg(*sums(), *_counts())
    models = fitted(put_together(steps), carried=_CARRIED)
    return (
        echoed(days, models)
        .withColumns(
            {
                "outcome": _outcome(),
                "model_type": _model_type(),
                "days_used": F.col("days").cast("int"),
                "cvrmse": F.try_divide(F.col("residual_kwh") * F.col("days"), F.col("kwh")),
            }
        )
        .withColumns({n: F.when(F.col("outcome") == "fitted", F.col(n)) for n in _OF_THE_MODEL})
        .select(*WEATHER_MODELS.names)
    )


def touched_by_temperature_daily(
    changes: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return the homes around the points."""
    return homes_around(changes, points(location_weather, locations))


def baseline(energy_daily: DataFrame, temperature_daily: DataFrame, homes: DataFrame) -> DataFrame:
    """Return the last 365 days of each series: energy and temperature, null where missing.

    A day of which more than half was not metered, or was estimated, is missing; else its gaps are
    filled with the mean of the rest (2.2.2.1). A day of electricity without any use is missing
    (2.2.1.4).
    """
    energy = energy_daily.where(F.col("direction").isin(*_DIRECTIONS))
    newest = energy.groupBy(*SERIES).agg(F.max("local_date").alias("baseline_end"))
    metered = F.col("observed_intervals") / F.col("expected_intervals")
    is_whole = (metered >= 0.5) & (F.col("estimated_share") <= 0.5)
    is_used = is_whole & ((F.col("fuel") != "elec") | (F.col("energy_kwh") > 0))
    temperatures = temperature_daily.select(*POINT, "local_date", "temperature_c")
    return (
        energy.drop("temperature_c")
        .join(newest, on=SERIES, how="inner")
        .where(F.col("local_date") > F.date_sub("baseline_end", BASELINE_DAYS))
        .join(homes, on=HOME, how="left")
        .join(temperatures, on=[*POINT, "local_date"], how="left")
        .withColumn("energy_kwh", F.when(is_used, F.col("energy_kwh") / metered))
        .select(*SERIES, "local_date", "baseline_end", "energy_kwh", "temperature_c", "known_at")
    )


def put_together(steps: DataFrame) -> DataFrame:
    """Say the counts of the whole series in each of its steps."""
    series = Window.partitionBy(*SERIES)
    worst = F.greatest(*(F.sum(name).over(series) for name in _MONTHS))
    return steps.withColumns(
        {
            "_energy_days": F.sum("_energy_days").over(series),
            "_worst_month": worst,
            "baseline_start": F.min("baseline_start").over(series),
            "baseline_end": F.max("baseline_end").over(series),
            "known_at": F.max("known_at").over(series),
        }
    ).drop(*_MONTHS)


def echoed(days: DataFrame, models: DataFrame) -> DataFrame:
    """Add how the residual of a day resembles that of the day before (lag 1, not below 0)."""
    warmth = F.col("temperature_c")
    heating = F.greatest(F.col("heating_balance_c") - warmth, F.lit(0.0))
    cooling = F.greatest(warmth - F.col("cooling_balance_c"), F.lit(0.0))
    use = (
        F.col("base_kwh_per_day")
        + F.coalesce(F.col("heating_kwh_per_degree_day") * heating, F.lit(0.0))
        + F.coalesce(F.col("cooling_kwh_per_degree_day") * cooling, F.lit(0.0))
    )
    by_day = Window.partitionBy(*SERIES).orderBy("local_date")
    is_next = F.datediff("local_date", F.lag("local_date").over(by_day)) == 1
    before = F.when(is_next, F.lag("_residual").over(by_day))
    of_series = [name for name in models.columns if name not in SERIES]
    similar = F.try_divide("_together", "_alone")
    return (
        days.select(*SERIES, "local_date", "energy_kwh", "temperature_c")
        .join(models, on=SERIES, how="inner")
        # Without a temperature there are no degree days.
        .withColumn("_residual", F.when(warmth.isNotNull(), F.col("energy_kwh") - use))
        .withColumn("_before", before)
        .groupBy(*SERIES)
        .agg(
            F.sum(F.col("_residual") * F.col("_before")).alias("_together"),
            F.sum(F.when(F.col("_before").isNotNull(), F.pow("_residual", F.lit(2)))).alias(
                "_alone"
            ),
            *(F.max(name).alias(name) for name in of_series),
        )
        .withColumn(_ECHO, F.greatest(similar, F.lit(0.0)))
    )


def _counts() -> list[Column]:
    """Count what is there of a group of days; the last twelve, temperatures missing by month."""
    has_energy = F.col("energy_kwh").isNotNull()
    lacks = has_energy & F.col("temperature_c").isNull()
    return [
        F.count_if(has_energy).alias("_energy_days"),
        F.min("local_date").alias("baseline_start"),
        F.max("baseline_end").alias("baseline_end"),
        F.max("known_at").alias("known_at"),
        *(
            F.count_if(lacks & (F.month("local_date") == number)).alias(name)
            for number, name in enumerate(_MONTHS, start=1)
        ),
    ]


def _outcome() -> Column:
    mean = F.try_divide("kwh", "days")
    is_flat = F.coalesce(F.col("spread") <= _FLAT * mean * F.col("kwh"), F.lit(True))
    return (
        F.when(F.col("_energy_days") < DAYS_NEEDED, "too_few_days")
        .when(F.col("days") < DAYS_NEEDED, "too_few_temperatures")
        .when(F.col("_worst_month") > _MONTH_MAY_LACK, "month_without_temperatures")
        .when(is_flat, "no_variation")
        .otherwise("fitted")
    )


def _model_type() -> Column:
    has_heating = F.col("heating_balance_c").isNotNull()
    has_cooling = F.col("cooling_balance_c").isNotNull()
    return (
        F.when(has_heating & has_cooling, "heating_and_cooling")
        .when(has_heating, "heating")
        .when(has_cooling, "cooling")
        .otherwise("constant")
    )

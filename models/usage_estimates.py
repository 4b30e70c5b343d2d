"""Profiles + the champion -> models.usage_estimates: a year's use without a meter, and its days.

``training`` takes the homes of the lake that have a year of readings; ``fit`` and ``judge`` are
plain Python on that bounded frame, the registry does the rest (models/README.md). Where there is no
champion, a country's published values stand in with wide bounds (models.usage.published).
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.modelling.registry import Champion
from models.backtests.usage import gate, judge, lacking, slices
from models.contracts import USAGE_ESTIMATES
from models.readable import readable
from models.usage.annual_use import (
    COVERED,
    INPUTS,
    LEAST_HOMES,
    NUMBERS,
    OUTPUTS,
    PENALTIES,
    AnnualUse,
    fit_annual_use,
)
from models.usage.climate import POINT, days_of_year, normal_years
from models.usage.homes import PROFILE, homes_of, metered_years, unmetered
from models.usage.plausible import plausible
from models.usage.published import VERSION, published
from silver.contracts import HOME

__all__ = ["example", "fit", "gate", "judge", "lacking", "training", "usage_estimates"]

MODEL_VERSION = 1
LOADER = Path(__file__).with_name("usage") / "annual_use.py"
REQUIRES = ("numpy", "pandas")
HEADLINE = ("error_share", "error_over_house_type", "coverage")
# No SPACE: each fit chooses its penalty itself, on homes that it leaves out.
PARAMETERS = {"covered": COVERED, "least_homes": LEAST_HOMES, "penalties": str(PENALTIES)}
CARD = """
Estimates what a home uses of a fuel in a year of normal weather from its profile and climate alone,
with bounds that hold four homes of five. A ridge regression of the logarithm a fuel, learned from
homes with a year of readings.

Meant for: homes without a meter or before its first year. Not meant for: bills, businesses, or
judging a home's efficiency. It is as good as the profiles: where area or people are left out it
falls back to their middle. Homes unlike those learned from are taken as the nearest of those.
"""
_HOMES = 20_000
_KEPT = (*HOME, "fuel")
_SCORED = ", ".join([f"{n} string" for n in _KEPT] + [f"{n} double" for n in OUTPUTS])
_NUMERIC = (*NUMBERS, "electric_cars")


def usage_estimates(
    home_signatures: DataFrame,
    home_profiles: DataFrame,
    locations: DataFrame,
    location_weather: DataFrame,
    temperature_daily: DataFrame,
    *,
    clock: datetime,
    model: Champion | None,
    at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a home, fuel and year (kWh), and one a day of the clock's year where unmetered.

    Homes that neither the champion nor a publication knows have none: models.insight_refusals says
    so. OutdatedModel.
    """
    homes = homes_of(
        home_profiles, locations, location_weather, temperature_daily, day=clock.date()
    ).where("house_type IS NOT NULL")
    # The days are shared out from the years, which are made once.
    years = at_hand(
        _estimated(homes, model).withColumn(
            "local_date", F.lit(clock.date().replace(month=1, day=1))
        )
    )
    days = _by_day(unmetered(years, home_signatures, clock=clock), temperature_daily, clock.year)
    issued_at = clock.replace(minute=0, second=0, microsecond=0)
    return (
        years.withColumn("resolution", F.lit("P1Y"))
        .unionByName(days.withColumn("resolution", F.lit("P1D")))
        .withColumns({"issued_at": F.lit(issued_at), "issued_date": F.lit(issued_at.date())})
        .select(*USAGE_ESTIMATES.names)
    )


def training(
    home_signatures: DataFrame,
    home_profiles: DataFrame,
    locations: DataFrame,
    location_weather: DataFrame,
    temperature_daily: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row a home and fuel with a year of readings, of 20,000 homes at most.

    Columns: ``partner_id``, ``location_id``, INPUTS, ``annual_kwh``, ``heating_share``,
    ``weekend_ratio``. Which homes are in the sample is a hash, so it is the same each time.
    """
    climate = normal_years(temperature_daily, location_weather, locations)
    some = home_profiles.join(F.broadcast(_some(locations)), on=HOME, how="left_semi")
    homes = plausible(some).select(*HOME, "valid_from", "valid_to", *PROFILE)
    last = F.last_day("local_date")
    is_valid = (F.col("valid_from") <= last) & (
        F.col("valid_to").isNull() | (F.col("valid_to") > last)
    )
    return (
        metered_years(home_signatures, clock=clock)
        .join(homes, on=HOME)
        .where(is_valid & F.col("house_type").isNotNull())
        .join(climate.select(*HOME, "degree_days"), on=HOME, how="left")
        .withColumns({name: F.col(name).cast("double") for name in _NUMERIC})
        .select(*HOME, *INPUTS, "annual_kwh", "heating_share", "weekend_ratio")
    )


def fit(frame: pd.DataFrame) -> AnnualUse:
    """Fit on the homes that are not held out for judge()."""
    learned, _ = slices(_in_order(frame))
    return fit_annual_use(learned)


def example(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a few rows as the model takes them."""
    return _in_order(frame)[list(INPUTS)].head(5)


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(_KEPT), ignore_index=True)


def _some(locations: DataFrame) -> DataFrame:
    homes = locations.where("deleted_at IS NULL").select(*HOME)
    return homes.orderBy(F.xxhash64(*HOME), *HOME).limit(_HOMES)


def _estimated(homes: DataFrame, model: Champion | None) -> DataFrame:
    """Add the champion's figures, or the published ones; rows with neither are left out."""
    asked = homes.withColumn("_published", published())
    if model is None:
        return _told(asked.select("*", "_published.*"), F.lit("published"), F.lit(VERSION))
    files = readable(model, rule=MODEL_VERSION, loads=AnnualUse.loads)
    scored = (
        asked.select(*HOME, *INPUTS)
        .withColumns({name: F.col(name).cast("double") for name in _NUMERIC})
        .mapInPandas(_scorer(files), _SCORED)
        .withColumnsRenamed({name: f"_{name}" for name in OUTPUTS})
    )
    is_learned = F.col("_energy_kwh").isNotNull() & ~F.isnan("_energy_kwh")
    both = asked.join(scored, on=list(_KEPT)).withColumns(
        {n: F.when(is_learned, F.col(f"_{n}")).otherwise(F.col(f"_published.{n}")) for n in OUTPUTS}
    )
    return _told(
        both,
        F.when(is_learned, "model").otherwise("published"),
        F.when(is_learned, model.label).otherwise(VERSION),
    )


def _told(rows: DataFrame, source: Column, version: Column) -> DataFrame:
    figures = rows.withColumns({"source": source, "model_version": version})
    return figures.where("energy_kwh IS NOT NULL").select(
        *_KEPT, *POINT, *OUTPUTS, "source", "model_version"
    )


def _by_day(years: DataFrame, temperature_daily: DataFrame, year: int) -> DataFrame:
    """Share each year out to its days: the heated part by degree days, the rest by weekday.

    The days add up to the year. A home without a normal year of weather is shared out by weekday.
    """
    weather = days_of_year(temperature_daily, year)
    first = F.lit(datetime(year, 1, 1).date())  # noqa: DTZ001 - a local day
    all_days = F.sequence(first, F.lit(datetime(year, 12, 31).date()))  # noqa: DTZ001 - a local day
    is_weekend = F.weekday("local_date") >= 5
    weekends = F.size(F.filter(all_days, lambda d: F.weekday(d) >= 5))
    rest = F.size(all_days) - weekends
    weight = F.when(is_weekend, F.col("weekend_ratio")).otherwise(1.0)
    plain = weight / (rest + F.col("weekend_ratio") * weekends)
    heated = F.when(F.col("heating_part").isNull(), 0.0).otherwise(F.col("heating_share"))
    part = (1 - heated) * plain + heated * F.coalesce("heating_part", F.lit(0.0))
    return (
        years.drop("local_date")
        .withColumn("local_date", F.explode(all_days))
        .join(weather, on=[*POINT, "local_date"], how="left")
        .withColumn("_part", part)
        .withColumns({n: F.col(n) * F.col("_part") for n in ("energy_kwh", "low_kwh", "high_kwh")})
        .select(*years.columns)
    )


def _scorer(files: dict[str, bytes]) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what a worker does with its batches: load the model once, predict batch by batch."""

    def score(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = AnnualUse.loads(files)
        for rows in batches:
            yield pd.concat([rows[list(_KEPT)], model.predict(rows[list(INPUTS)])], axis=1)

    return score

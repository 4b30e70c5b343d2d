"""Energy, weather and profile of a home -> models.disaggregation: what its energy was used for.

Each home that a change touches is taken apart anew over its last 13 months (models/parts, plain
Python), since a new day tells of the days before it. Kept are its last 92 days and its months; a
year of days of all homes would be the largest table of the lake, for figures of which the months
are the surer ones. Hours are what the parts are made of (models.parts.study), and not kept.

What is learned (``training``, ``fit``, ``judge``; models/README.md) is how homes with a summer help
those without (models.parts.priors). Where there is no champion the published priors stand in.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.modelling.registry import Champion
from models.backtests.parts import each_home, fit, gate, judge, lacking
from models.contracts import DISAGGREGATION
from models.inputs.home_frames import (
    by_home,
    touched_by_energy_hourly,
    touched_by_energy_quarter_hourly,
    touched_by_silver_weather,
    touched_by_temperature_daily,
)
from models.parts.model import PartsOfHomes, parts_of
from models.parts.priors import PUBLISHED
from models.parts.readings import INPUTS, meters_of
from models.parts.summers import LEAST_HOMES
from models.parts_version import MODEL_VERSION, scored_by
from silver.contracts import HOME

__all__ = [
    "disaggregation",
    "example",
    "fit",
    "gate",
    "judge",
    "lacking",
    "touched_by_energy_hourly",
    "touched_by_energy_quarter_hourly",
    "touched_by_silver_weather",
    "touched_by_temperature_daily",
    "training",
]
RULE_VERSION = MODEL_VERSION
NOTHING_WITHOUT = "energy_hourly"
LOADER = Path(__file__).with_name("parts")
REQUIRES = ("numpy", "pandas", "pvlib", "scipy")
HEADLINE = ("winter_points", "winter_points_of_published", "winter_coverage", "halves_points")
PARAMETERS = {
    "least_homes": LEAST_HOMES,
    "published_weight": PUBLISHED.weight,
    "published_scatter": PUBLISHED.scatter,
}
CARD = """
Takes the energy of a home apart into what it was used for, by hour, day and month, from its meters,
the temperature and what its people said of it; no appliance needs a meter. Sizes of categories are
those that the home's own days and published means agree on. Learned from the lake's homes is one
thing: how much of the gas of a home that was seen in the cold alone is hot water and meals, and how
sure that is, from homes that were seen in summer too.

Meant for: telling people what their energy goes to, with bounds. Not meant for: billing a part of
it, or faults of appliances. It was judged where no appliance is metered: by what a summer says of
the winter told without it, by sums and by halves, not by what was used truly. Always on and the
fridge are told apart by published means alone.
"""
# The sample: homes by whose gas there is something to learn, and others. A quarter of them judges.
_HOMES = {"gas": 48, "elec": 16}
_EXAMPLE_DAYS = 32
_ROWS = (
    "fuel string, resolution string, local_date date, category string, energy_kwh double, "
    "low_kwh double, high_kwh double, share double, accuracy string, hours int, source string"
)
_METERS = (
    "fuel string, direction string, minutes int, starts_s array<bigint>, energy_kwh array<double>, "
    "is_whole array<boolean>, temperature_c array<double>, irradiance_w_m2 array<double>, "
    "time_zone string, country_code string, house_type string, heating_type_primary string, "
    "latitude double, longitude double, living_area_m2 double, persons double, electric_cars double"
)


def disaggregation(
    energy_hourly: DataFrame,
    energy_quarter_hourly: DataFrame,
    temperature_daily: DataFrame,
    silver_weather: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
    home_profiles: DataFrame,
    *,
    clock: datetime,
    model: Champion | None,
    at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a home, fuel, category and local day (P1D) or month (P1M); kWh.

    Homes that lack what is needed (models.parts.enough) have none: models.insight_refusals says
    what. No energy known after ``clock`` is looked at. A new champion is used when a home is next
    computed, which is when it has new readings. OutdatedModel.
    """
    priors, version = scored_by(model)
    tables = {
        "energy_hourly": energy_hourly,
        "energy_quarter_hourly": energy_quarter_hourly,
        "temperature_daily": temperature_daily,
        "silver_weather": silver_weather,
        "location_weather": location_weather,
        "locations": locations,
        "home_profiles": home_profiles,
    }
    return (
        by_home(
            tables, partial(parts_of, priors=priors), schema=_ROWS, clock=clock, at_hand=at_hand
        )
        .withColumns(
            {
                "issued_at": F.lit(clock),
                "model_version": F.lit(version),
            }
        )
        .select(*DISAGGREGATION.names)
    )


def training(
    energy_hourly: DataFrame,
    energy_quarter_hourly: DataFrame,
    temperature_daily: DataFrame,
    silver_weather: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
    home_profiles: DataFrame,
    meters: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row a meter: gas of 48 homes at most and electricity of 16, over 13 months.

    Columns: ``partner_id``, ``location_id``, ``_METERS``, intervals in arrays, as known at
    ``clock``. Which homes are in the sample is a hash, so it is the same each time.
    """
    known = home_profiles.where("house_type IS NOT NULL").select(*HOME).distinct()
    told = locations.where("deleted_at IS NULL").join(known, on=HOME, how="left_semi")
    metered = meters.select(*HOME, "fuel").distinct().join(told, on=HOME, how="left_semi")
    series = _some(metered, "gas").unionByName(_some(metered, "elec"))
    energy = {"energy_hourly": energy_hourly, "energy_quarter_hourly": energy_quarter_hourly}
    facts = {
        "location_weather": location_weather,
        "locations": locations,
        "home_profiles": home_profiles,
    }
    tables = {
        "temperature_daily": temperature_daily,
        "silver_weather": silver_weather,
        **_of(series, energy, by=[*HOME, "fuel"]),
        **_of(series.select(*HOME).distinct(), facts, by=HOME),
    }
    found = by_home(tables, meters_of, schema=_METERS, clock=clock, at_hand=None)
    names = [name.split()[0] for name in _METERS.split(", ")]
    rows: DataFrame = found.select(*HOME, *names)
    return rows


def example(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the last weeks of the first home that can be told from them, as the model takes it."""
    model, rows = PartsOfHomes(), pd.DataFrame(columns=list(INPUTS))
    for rows in each_home(frame):
        starts = rows["starts_at"]
        is_last = starts > starts.max() - pd.Timedelta(days=_EXAMPLE_DAYS)
        last: pd.DataFrame = rows[is_last].reset_index(drop=True)
        if len(model.predict(last)):
            return last
    return rows


def _some(metered: DataFrame, fuel: str) -> DataFrame:
    """Return some of the homes with a meter of a fuel, the same ones whatever their order."""
    homes = metered.where(F.col("fuel") == fuel)
    return homes.orderBy(F.xxhash64(*HOME), *HOME).limit(_HOMES[fuel])


def _of(some: DataFrame, tables: Mapping[str, DataFrame], *, by: list[str]) -> dict[str, DataFrame]:
    few = F.broadcast(some)
    return {name: rows.join(few, on=by, how="left_semi") for name, rows in tables.items()}

"""Energy, weather and profile of a home -> models.disaggregation: what its energy was used for.

Each home that a change touches is taken apart anew over its last 13 months (models/parts, plain
Python), since a new day tells of the days before it. Kept are its last 92 days and its months; a
year of days of all homes would be the largest table of the lake, for figures of which the months
are the surer ones. Hours are what the parts are made of (models.parts.study), and not kept.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.contracts import DISAGGREGATION
from models.home_frames import (
    by_home,
    touched_by_energy_hourly,
    touched_by_energy_quarter_hourly,
    touched_by_silver_weather,
    touched_by_temperature_daily,
)
from models.parts.home import Home
from models.parts.periods import by_period
from models.parts.study import study

__all__ = [
    "disaggregation",
    "parts_of",
    "touched_by_energy_hourly",
    "touched_by_energy_quarter_hourly",
    "touched_by_silver_weather",
    "touched_by_temperature_daily",
]
MODEL_VERSION = 1
RULE_VERSION = MODEL_VERSION
NOTHING_WITHOUT = "energy_hourly"
DAYS_KEPT = 92
_ROWS = (
    "fuel string, resolution string, local_date date, category string, energy_kwh double, "
    "low_kwh double, high_kwh double, share double, accuracy string, hours int, source string"
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
    at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a home, fuel, category and local day (P1D) or month (P1M); kWh.

    Homes that lack what is needed (models.parts.enough) have none: models.insight_refusals says
    what. No energy known after ``clock`` is looked at.
    """
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
        by_home(tables, parts_of, schema=_ROWS, clock=clock, at_hand=at_hand)
        .withColumns(
            {
                "issued_at": F.lit(clock),
                "model_version": F.lit(f"disaggregation/{MODEL_VERSION}"),
            }
        )
        .select(*DISAGGREGATION.names)
    )


def parts_of(home: Home) -> pd.DataFrame:
    """Return the rows of a home: its last days, and its months."""
    frames = []
    for parts in study(home).parts:
        for resolution in ("P1D", "P1M"):
            rows = by_period(parts, resolution)
            if resolution == "P1D":
                since = rows["local_date"].max() - timedelta(days=DAYS_KEPT - 1)
                rows = rows[rows["local_date"] >= since]
            frames.append(rows.assign(fuel=parts.fuel, resolution=resolution, source=parts.source))
    if not frames:
        return pd.DataFrame()
    names = [column.split()[0] for column in _ROWS.split(", ")]
    made = pd.concat(frames, ignore_index=True)[names]
    made["local_date"] = pd.to_datetime(made["local_date"]).dt.date
    return made

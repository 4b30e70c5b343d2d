"""Energy, weather and profile of a home -> models.home_assets: car, panels, heat pump, heaters."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.modelling.registry import Champion
from models.contracts import HOME_ASSETS
from models.inputs.home_frames import (
    by_home,
    touched_by_energy_hourly,
    touched_by_energy_quarter_hourly,
    touched_by_silver_weather,
    touched_by_temperature_daily,
)
from models.parts.assets import assets
from models.parts.home import Home
from models.parts.priors import PUBLISHED, Priors
from models.parts.study import study
from models.parts_version import MODEL_VERSION, scored_by

__all__ = [
    "assets_of",
    "home_assets",
    "touched_by_energy_hourly",
    "touched_by_energy_quarter_hourly",
    "touched_by_silver_weather",
    "touched_by_temperature_daily",
]
# Both tables tell of one study of a home.
MODEL = "disaggregation"
RULE_VERSION = MODEL_VERSION
NOTHING_WITHOUT = "energy_hourly"
_ROWS = (
    "asset string, probability double, size double, low double, high double, unit string, "
    "evidence string, since date"
)


def home_assets(
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
    """Return a row a home and asset, from 30 days of electricity on; no profile is needed.

    No energy known after ``clock`` is looked at, and of that the last 13 months. ``model`` is the
    champion of models.disaggregation. OutdatedModel.
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
            tables, partial(assets_of, priors=priors), schema=_ROWS, clock=clock, at_hand=at_hand
        )
        .withColumns({"issued_at": F.lit(clock), "model_version": F.lit(version)})
        .select(*HOME_ASSETS.names)
    )


def assets_of(home: Home, *, priors: Priors = PUBLISHED) -> pd.DataFrame:
    """Return the rows of a home; none where too little is known of its electricity."""
    studied = study(home, is_house_needed=False, priors=priors).electricity
    if studied is None:
        return pd.DataFrame()
    found = pd.DataFrame([vars(asset) for asset in assets(home, studied)])
    found["evidence"] = [json.dumps(signs, sort_keys=True) for signs in found["evidence"]]
    return found

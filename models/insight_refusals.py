"""The refusals of each insight -> models.insight_refusals; each insight has a file of its own."""

from datetime import datetime

from pyspark.sql import DataFrame

from models.disaggregation_refusals import disaggregation_refusals
from models.forecast_refusals import forecast_refusals


def insight_refusals(
    hourly_load_profile: DataFrame,
    load_forecasts: DataFrame,
    energy_daily: DataFrame,
    meters: DataFrame,
    disaggregation: DataFrame,
    home_profiles: DataFrame,
    temperature_daily: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row for each insight that a home with energy known at ``clock`` cannot have."""
    forecast = forecast_refusals(
        hourly_load_profile, load_forecasts, energy_daily, meters, clock=clock
    )
    parts = disaggregation_refusals(
        disaggregation, energy_daily, home_profiles, temperature_daily, location_weather, locations,
        clock=clock,
    )  # fmt: skip
    return forecast.unionByName(parts)

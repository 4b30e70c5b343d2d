"""What has no insight -> models.insight_refusals: which, why, what is missing; a file for each."""

from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame

from models.refusals.anomalies import anomaly_refusals
from models.refusals.disaggregation import disaggregation_refusals
from models.refusals.forecasts import forecast_refusals
from models.refusals.outlooks import outlook_refusals
from models.refusals.similar_homes import similar_homes_refusals
from models.refusals.usage_estimates import usage_estimates_refusals

# 3: a meter is only said to be all the same where it is.
RULE_VERSION = 3


def insight_refusals(
    hourly_load_profile: DataFrame,
    load_forecasts: DataFrame,
    energy_daily: DataFrame,
    meters: DataFrame,
    energy_monthly: DataFrame,
    home_signatures: DataFrame,
    home_profiles: DataFrame,
    locations: DataFrame,
    similar_homes: DataFrame,
    usage_estimates: DataFrame,
    forecast_outcomes_daily: DataFrame,
    anomalies: DataFrame,
    daily_load: DataFrame,
    load_outlooks: DataFrame,
    disaggregation: DataFrame,
    temperature_daily: DataFrame,
    location_weather: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row for each series and insight that could be asked for at ``clock`` but is not."""
    of_insights = (
        forecast_refusals(hourly_load_profile, load_forecasts, energy_daily, meters, clock=clock),
        outlook_refusals(
            daily_load, load_outlooks, energy_daily, meters, temperature_daily, location_weather,
            locations, clock=clock,
        ),
        similar_homes_refusals(
            energy_monthly, home_signatures, home_profiles, locations, similar_homes, clock=clock
        ),
        usage_estimates_refusals(usage_estimates, home_profiles, locations, clock=clock),
        anomaly_refusals(forecast_outcomes_daily, energy_daily, anomalies, clock=clock),
        disaggregation_refusals(
            disaggregation, energy_daily, home_profiles, temperature_daily, location_weather,
            locations, clock=clock,
        ),
    )  # fmt: skip
    return reduce(DataFrame.unionByName, of_insights)

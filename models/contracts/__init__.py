"""What models promise: an interval on every figure, or a refusal that says what is missing."""

from models.contracts.anomalies import ANOMALIES, DAYS_NEEDED, KINDS, LEVELS, PAST_DAYS
from models.contracts.forecasts import LOAD_FORECASTS, QUANTILES, quantile_column
from models.contracts.refusals import INSIGHT_REFUSALS
from models.contracts.scores import FORECAST_OUTCOMES_DAILY, FORECAST_SCORES_DAILY

# In the order in which they are made.
TABLES = (
    LOAD_FORECASTS,
    FORECAST_OUTCOMES_DAILY,
    FORECAST_SCORES_DAILY,
    ANOMALIES,
    INSIGHT_REFUSALS,
)
PUBLISHED = TABLES

__all__ = [
    "ANOMALIES",
    "DAYS_NEEDED",
    "FORECAST_OUTCOMES_DAILY",
    "FORECAST_SCORES_DAILY",
    "INSIGHT_REFUSALS",
    "KINDS",
    "LEVELS",
    "LOAD_FORECASTS",
    "PAST_DAYS",
    "PUBLISHED",
    "QUANTILES",
    "TABLES",
    "quantile_column",
]

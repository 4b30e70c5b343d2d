"""What models promise: an interval on every figure, or a refusal that says what is missing."""

from models.contracts.anomalies import ANOMALIES, DAYS_NEEDED, KINDS, LEVELS, PAST_DAYS
from models.contracts.fields import QUANTILES, quantile_column
from models.contracts.forecasts import BASES, LOAD_FORECASTS
from models.contracts.outlooks import LOAD_OUTLOOKS, METHODS
from models.contracts.parts import ACCURACIES, ASSETS, CATEGORIES, DISAGGREGATION, HOME_ASSETS
from models.contracts.refusals import INSIGHT_REFUSALS
from models.contracts.scores import FORECAST_OUTCOMES_DAILY, FORECAST_SCORES_DAILY
from models.contracts.similar import (
    ALWAYS_MATCHED,
    DECILES,
    DECILES_FROM,
    ENOUGH,
    LARGEST_GROUP,
    SIMILAR_HOMES,
    WIDENED,
    decile_column,
)
from models.contracts.usage import USAGE_ESTIMATES

# In the order in which they are made.
TABLES = (
    USAGE_ESTIMATES,
    LOAD_FORECASTS,
    LOAD_OUTLOOKS,
    SIMILAR_HOMES,
    DISAGGREGATION,
    HOME_ASSETS,
    FORECAST_OUTCOMES_DAILY,
    FORECAST_SCORES_DAILY,
    ANOMALIES,
    INSIGHT_REFUSALS,
)
PUBLISHED = TABLES

__all__ = [
    "ACCURACIES",
    "ALWAYS_MATCHED",
    "ANOMALIES",
    "ASSETS",
    "BASES",
    "CATEGORIES",
    "DAYS_NEEDED",
    "DECILES",
    "DECILES_FROM",
    "DISAGGREGATION",
    "ENOUGH",
    "FORECAST_OUTCOMES_DAILY",
    "FORECAST_SCORES_DAILY",
    "HOME_ASSETS",
    "INSIGHT_REFUSALS",
    "KINDS",
    "LARGEST_GROUP",
    "LEVELS",
    "LOAD_FORECASTS",
    "LOAD_OUTLOOKS",
    "METHODS",
    "PAST_DAYS",
    "PUBLISHED",
    "QUANTILES",
    "SIMILAR_HOMES",
    "TABLES",
    "USAGE_ESTIMATES",
    "WIDENED",
    "decile_column",
    "quantile_column",
]

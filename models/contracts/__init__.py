"""What models promise: an interval on every figure, or a refusal that says what is missing."""

from models.contracts.forecasts import LOAD_FORECASTS, QUANTILES, quantile_column
from models.contracts.parts import ACCURACIES, ASSETS, CATEGORIES, DISAGGREGATION, HOME_ASSETS
from models.contracts.refusals import INSIGHT_REFUSALS

# In the order in which they are made.
TABLES = (LOAD_FORECASTS, DISAGGREGATION, HOME_ASSETS, INSIGHT_REFUSALS)
PUBLISHED = TABLES

__all__ = [
    "ACCURACIES",
    "ASSETS",
    "CATEGORIES",
    "DISAGGREGATION",
    "HOME_ASSETS",
    "INSIGHT_REFUSALS",
    "LOAD_FORECASTS",
    "PUBLISHED",
    "QUANTILES",
    "TABLES",
    "quantile_column",
]

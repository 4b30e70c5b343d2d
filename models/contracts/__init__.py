"""What models promise: an interval on every figure, or a refusal that says what is missing."""

from models.contracts.forecasts import LOAD_FORECASTS, QUANTILES, quantile_column
from models.contracts.outlooks import LOAD_OUTLOOKS, METHODS
from models.contracts.refusals import INSIGHT_REFUSALS

# In the order in which they are made.
TABLES = (LOAD_FORECASTS, LOAD_OUTLOOKS, INSIGHT_REFUSALS)
PUBLISHED = TABLES

__all__ = [
    "INSIGHT_REFUSALS",
    "LOAD_FORECASTS",
    "LOAD_OUTLOOKS",
    "METHODS",
    "PUBLISHED",
    "QUANTILES",
    "TABLES",
    "quantile_column",
]

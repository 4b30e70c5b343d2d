"""What features promise: what was known then, so that no training set sees the future."""

from features.contracts.load import (
    HOURLY_LOAD_PROFILE,
    LAGS,
    SHARES,
    lag_column,
    quantile_28d_column,
)

# In the order in which they are made.
TABLES = (HOURLY_LOAD_PROFILE,)

__all__ = ["HOURLY_LOAD_PROFILE", "LAGS", "SHARES", "TABLES", "lag_column", "quantile_28d_column"]

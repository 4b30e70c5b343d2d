"""What features promise: what was known then, so that no training set sees the future."""

from features.contracts.daily import DAILY_LOAD, WHOLE_SHARE
from features.contracts.load import HOURLY_LOAD_PROFILE, LAGS, lag_column

# In the order in which they are made.
TABLES = (HOURLY_LOAD_PROFILE, DAILY_LOAD)

__all__ = ["DAILY_LOAD", "HOURLY_LOAD_PROFILE", "LAGS", "TABLES", "WHOLE_SHARE", "lag_column"]

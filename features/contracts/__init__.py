"""What features promise: what was known then, so that no training set sees the future."""

from features.contracts.load import HOURLY_LOAD_PROFILE, LAGS, lag_column
from features.contracts.signature import HOME_SIGNATURES, LEAST_COMPLETE, share_column

# In the order in which they are made.
TABLES = (HOURLY_LOAD_PROFILE, HOME_SIGNATURES)

__all__ = [
    "HOME_SIGNATURES",
    "HOURLY_LOAD_PROFILE",
    "LAGS",
    "LEAST_COMPLETE",
    "TABLES",
    "lag_column",
    "share_column",
]

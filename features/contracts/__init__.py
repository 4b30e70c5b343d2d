"""What features promise: what was known then, so that no training set sees the future."""

from features.contracts.daily import DAILY_LOAD, WHOLE_SHARE
from features.contracts.environment import CALENDAR_DAYS, SPOT_PRICES_HOURLY, WEATHER_HOURLY
from features.contracts.fields import FEATURE_AT
from features.contracts.load import (
    HOURLY_LOAD_PROFILE,
    LAGS,
    SHARES,
    lag_column,
    quantile_28d_column,
)
from features.contracts.profiles import HOME_PROFILE_VERSIONS
from features.contracts.signature import HOME_SIGNATURES, LEAST_COMPLETE, share_column
from features.contracts.values import FEATURE_VALUES_DAILY

# In the order in which they are made.
TABLES = (
    HOURLY_LOAD_PROFILE,
    DAILY_LOAD,
    HOME_PROFILE_VERSIONS,
    HOME_SIGNATURES,
    WEATHER_HOURLY,
    SPOT_PRICES_HOURLY,
    CALENDAR_DAYS,
    FEATURE_VALUES_DAILY,
)

__all__ = [
    "CALENDAR_DAYS",
    "DAILY_LOAD",
    "FEATURE_AT",
    "FEATURE_VALUES_DAILY",
    "HOME_PROFILE_VERSIONS",
    "HOME_SIGNATURES",
    "HOURLY_LOAD_PROFILE",
    "LAGS",
    "LEAST_COMPLETE",
    "SHARES",
    "SPOT_PRICES_HOURLY",
    "TABLES",
    "WEATHER_HOURLY",
    "WHOLE_SHARE",
    "lag_column",
    "quantile_28d_column",
    "share_column",
]

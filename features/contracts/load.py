"""What the features of recent load promise: lags and statistics of the same local hour."""

from bronze.contracts import PARTNER_ID
from features.contracts.fields import FEATURE_AT
from lake.contract import Check, Column, Keep, Table, columns, said_by
from silver.contracts import (
    DIRECTION,
    FUEL,
    KNOWN_AT,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
    TIME_ZONE,
)

LAGS = (1, 2, 3, 4, 5, 6, 7)
SHARES = (0.10, 0.25, 0.75, 0.90)


def lag_column(days: int) -> str:
    """Name the energy of the same local hour, counted back from the feature's own day (1)."""
    return f"lag_{days}d_kwh"


def quantile_28d_column(share: float) -> str:
    """Name the energy that so many of the last 28 days stay below in this local hour."""
    return f"p{round(share * 100):02d}_28d_kwh"


_ENERGY = tuple(
    Column(name=name, type="double", unit="kWh", minimum=0, meaning=meaning)
    for name, meaning in (
        *((lag_column(d), f"Energy in this local hour, {d - 1} days before local_date.")
          for d in LAGS),
        ("mean_7d_kwh", "Mean energy in this local hour over 7 days to local_date."),
        ("mean_28d_kwh", "Mean energy in this local hour over 28 days to local_date."),
        ("median_28d_kwh", "Median energy in this local hour over 28 days to local_date."),
        ("deviation_28d_kwh", "Standard deviation of this local hour over 28 days."),
        *((quantile_28d_column(share), f"In {share:.0%} of 28 days this local hour was below.")
          for share in SHARES),
        *((f"{kind}_{statistic}_28d_kwh",
           f"{statistic.capitalize()} energy in this local hour on {days} of 28 days; empty: none.")
          for kind, days in (("workday", "Mondays to Fridays"), ("weekend", "other days"))
          for statistic in ("mean", "median")),
        ("day_mean_7d_kwh", "Mean of mean_7d_kwh of the last 24 hours."),
        ("day_mean_28d_kwh", "Mean of mean_28d_kwh of the last 24 hours."),
    )
)  # fmt: skip
HOURLY_LOAD_PROFILE = Table(
    name="features.hourly_load_profile",
    row="the recent load of one location, fuel, direction and local hour, as known at one time",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        LOCAL_DATE.meaning_here("The last local day that the features look at."),
        Column(name="local_hour", type="int", nullable=False, minimum=0, maximum=23,
               meaning="Hour of the day in the location's time zone."),
        FEATURE_AT.meaning_here("Event time: the end of the hour."),
        KNOWN_AT.meaning_here("When the last reading that went in was known."),
        _ENERGY,
        Column(name="days_observed", type="int", nullable=False, minimum=1, maximum=28,
               meaning="Days of the last 28 on which this hour was observed."),
        TIME_ZONE,
        LOCAL_MONTH,
    ),
    key=(
        "partner_id", "location_id", "fuel", "direction", "local_date", "local_hour", "known_at",
    ),
    # A correction adds a version with a later known_at; the version before it stays.
    update=Keep(slices=("partner_id", "location_id", "local_date")),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
    checks=(Check(name="known_after_the_day_began", condition="known_at IS NOT NULL"),),
    as_of=said_by("known_at"),
)  # fmt: skip

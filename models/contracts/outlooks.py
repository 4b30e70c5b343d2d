"""What an outlook promises: days and months to come, whose means add up, with their bounds."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Issue, Table, columns, said_by
from models.contracts.fields import (
    ISSUED_AT,
    ISSUED_DATE,
    QUANTILE_COLUMNS,
    QUANTILES_DO_NOT_CROSS,
)
from silver.contracts import (
    DIRECTION,
    ENDS_AT,
    FUEL,
    LOCAL_DATE,
    LOCATION_ID,
    RESOLUTION,
    STARTS_AT,
)

METHODS = (
    "own_year", "other_homes_year", "own_year_without_weather", "other_homes_year_without_weather",
)  # fmt: skip
LOAD_OUTLOOKS = Table(
    name="models.load_outlooks",
    row="what one location is expected to use, export or produce in a local day or month, as "
    "issued at one time",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        ISSUED_AT,
        RESOLUTION.meaning_here("P1D: one of 31 local days; P1M: this local month or one of 12."),
        STARTS_AT,
        ENDS_AT,
        LOCAL_DATE.meaning_here("First local day of the day or month."),
        Column(name="mean_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Expected energy: the hours' means add up to the day's, the days' and "
                       "observed_kwh to the month's."),
        Column(name="observed_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="What of a month's mean_kwh lies before the first day that is forecast: as "
                       "observed, days without a whole reading as expected of them."),
        QUANTILE_COLUMNS,
        Column(name="method", type="string", nullable=False, values=METHODS,
               meaning="Whether the season is known from the home's own year or from other "
                       "homes', and whether temperatures were known."),
        Column(name="model_version", type="string", nullable=False,
               meaning="Registered model and version that made it."),
        ISSUED_DATE,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "issued_at", "resolution", "starts_at"),
    update=Issue(date="issued_date"),
    partitioned_by=("issued_date",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "resolution", "starts_at"),
    checks=(
        QUANTILES_DO_NOT_CROSS,
        Check(name="interval_holds_the_mean",
              condition="p05_kwh <= mean_kwh AND mean_kwh <= p95_kwh"),
        Check(name="outlook_is_of_the_future", condition="ends_at > issued_at"),
    ),
    as_of=said_by("issued_at"),
)  # fmt: skip

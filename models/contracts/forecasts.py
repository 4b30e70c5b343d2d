"""What a forecast promises: a mean, quantiles that never cross, and when it was issued."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Issue, Table, columns, said_by
from models.contracts.fields import (
    ISSUED_AT,
    ISSUED_DATE,
    QUANTILE_COLUMNS,
    QUANTILES_DO_NOT_CROSS,
)
from silver.contracts import DIRECTION, ENDS_AT, FUEL, LOCATION_ID, RESOLUTION, STARTS_AT

LOAD_FORECASTS = Table(
    name="models.load_forecasts",
    row="the forecast of one location, fuel, direction and interval, as issued at one time",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        ISSUED_AT,
        RESOLUTION,
        STARTS_AT,
        ENDS_AT,
        QUANTILE_COLUMNS,
        Column(name="mean_kwh", type="double", unit="kWh", minimum=0,
               meaning="Expected value. Means of hours add up to the mean of their sum, the "
                       "quantiles do not. Empty in forecasts that were issued before it was told."),
        Column(name="model_version", type="string", nullable=False,
               meaning="Registered model and version that made it."),
        ISSUED_DATE,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "issued_at", "resolution", "starts_at"),
    update=Issue(date="issued_date"),
    partitioned_by=("issued_date",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "starts_at"),
    checks=(
        QUANTILES_DO_NOT_CROSS,
        Check(name="forecast_is_of_the_future", condition="starts_at >= issued_at"),
    ),
    as_of=said_by("issued_at"),
    version=2,
)  # fmt: skip

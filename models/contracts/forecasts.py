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

BASES = ("own_history", "similar_homes", "profile")
LOAD_FORECASTS = Table(
    name="models.load_forecasts",
    row="the forecast of one location, fuel, direction and interval, as issued at one time",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        ISSUED_AT,
        RESOLUTION.meaning_here("PT1H: one of 336 hours; PT15M: a quarter of one of the next 48, "
                                "of meters that tell quarters."),
        STARTS_AT,
        ENDS_AT,
        QUANTILE_COLUMNS,
        Column(name="mean_kwh", type="double", unit="kWh", minimum=0,
               meaning="Expected value. Means of hours add up to the mean of their sum, those of "
                       "quarters to the hour's; quantiles do not. Empty in forecasts that were "
                       "issued before it was told."),
        Column(name="basis", type="string", values=BASES,
               meaning="What it was told from. own_history: the home's own last weeks. "
                       "similar_homes: the hours of at least ten homes of the partner with the "
                       "same house type or heating, scaled to the home's own few days or, before "
                       "the first, to what its profile says or such homes use. profile: the same "
                       "of all homes of the partner in the country, where too few are alike. "
                       "Empty in forecasts that were issued before it was told."),
        Column(name="model_version", type="string", nullable=False,
               meaning="Registered model and version that made it; of what was told from other "
                       "homes the rule and its version."),
        ISSUED_DATE,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "issued_at", "resolution", "starts_at"),
    update=Issue(date="issued_date"),
    partitioned_by=("issued_date",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "resolution", "starts_at"),
    checks=(
        QUANTILES_DO_NOT_CROSS,
        Check(name="forecast_is_of_the_future", condition="starts_at >= issued_at"),
    ),
    as_of=said_by("issued_at"),
    version=3,
)  # fmt: skip

"""What a forecast promises: a mean, quantiles that never cross, and when it was issued."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Issue, Table, columns, said_by
from models.contracts.fields import ISSUED_AT, ISSUED_DATE
from silver.contracts import DIRECTION, ENDS_AT, FUEL, LOCATION_ID, RESOLUTION, STARTS_AT

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)


def quantile_column(quantile: float) -> str:
    """Name the column of a quantile: 0.05 is ``p05_kwh``."""
    return f"p{round(quantile * 100):02d}_kwh"


_QUANTILES = tuple(
    Column(name=quantile_column(q), type="double", unit="kWh", nullable=False, minimum=0,
           meaning=f"In {q:.0%} of the cases the energy stays below this.")
    for q in QUANTILES
)  # fmt: skip
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
        _QUANTILES,
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
        Check(name="quantiles_do_not_cross",
              condition="p05_kwh <= p10_kwh AND p10_kwh <= p25_kwh AND p25_kwh <= p50_kwh AND "
                        "p50_kwh <= p75_kwh AND p75_kwh <= p90_kwh AND p90_kwh <= p95_kwh"),
        Check(name="forecast_is_of_the_future", condition="starts_at >= issued_at"),
    ),
    as_of=said_by("issued_at"),
    version=2,
)  # fmt: skip

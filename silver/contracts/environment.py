"""What silver promises of weather and prices."""

from bronze.contracts import PARTNER_ID
from lake.contract import AS_IT_IS, Column, Replace, Table, Upsert, columns
from silver.contracts.fields import (
    CURRENCY,
    ENDS_AT,
    IRRADIANCE,
    KNOWN_AT,
    LATITUDE,
    LINE,
    LOCATION_ID,
    LONGITUDE,
    NEWEST,
    PRICE_ZONE,
    RESOLUTION,
    STARTS_AT,
    TEMPERATURE_C,
    WIND_SPEED,
)

WEATHER = Table(
    name="silver.weather",
    row="the weather at one fixed point and instant, observed or as forecast at one time",
    columns=columns(
        LATITUDE.required(),
        LONGITUDE.required(),
        Column(name="observed_at", type="timestamp", nullable=False,
               meaning="Instant that the values are for."),
        Column(name="issued_at", type="timestamp",
               meaning="When the forecast was issued; empty for an observation."),
        TEMPERATURE_C,
        WIND_SPEED,
        IRRADIANCE,
        Column(name="observed_date", type="date", nullable=False, meaning="Day (UTC)."),
        Column(name="observed_month", type="string", nullable=False, month_of="observed_date",
               meaning="Month (UTC)."),
        KNOWN_AT,
        LINE,
    ),
    key=("latitude", "longitude", "observed_at", "issued_at"),
    # Sources of one point measure different things.
    update=Upsert(newest_by=NEWEST, filled=("temperature_c", "wind_speed_m_s", "irradiance_w_m2")),
    partitioned_by=("observed_month",),
    sorted_by=("latitude", "longitude", "observed_at"),
    as_of=AS_IT_IS,
    releasable=(),
)  # fmt: skip
SPOT_PRICES = Table(
    name="silver.spot_prices",
    row="the spot price of one zone and interval",
    columns=columns(
        PRICE_ZONE.required(),
        STARTS_AT,
        ENDS_AT,
        RESOLUTION,
        Column(name="price_per_kwh", type="double", unit="currency/kWh", nullable=False,
               meaning="Day-ahead price, without tax."),
        CURRENCY.required(),
        KNOWN_AT,
        LINE,
    ),
    key=("price_zone", "starts_at", "resolution"),
    update=Upsert(newest_by=NEWEST),
    sorted_by=("price_zone", "starts_at"),
    as_of=AS_IT_IS,
    releasable=(),
)  # fmt: skip
# kg per kWh in one unit of what is sent, in lower case.
CO2_KG_PER_KWH_IN = {"g/kwh": 1e-3, "kg/kwh": 1.0, "kg/mwh": 1e-3, "t/mwh": 1.0}
# Above any power plant (lignite: 1.1), so that g said as kg are caught.
MOST_CO2_KG_PER_KWH = 2.0
CO2_KG_PER_KWH = Column(
    name="co2_kg_per_kwh", type="double", unit="kg/kWh", minimum=0, maximum=MOST_CO2_KG_PER_KWH,
    meaning="CO2 equivalents that a kWh of electricity from the grid emits, mean of the zone.",
)  # fmt: skip
CO2_INTENSITY = Table(
    name="silver.co2_intensity",
    row="the carbon intensity of the grid in one zone and interval",
    columns=columns(
        PRICE_ZONE.required(),
        STARTS_AT,
        ENDS_AT,
        RESOLUTION,
        CO2_KG_PER_KWH.required(),
        KNOWN_AT,
        LINE,
    ),
    key=("price_zone", "starts_at", "resolution"),
    update=Upsert(newest_by=NEWEST),
    sorted_by=("price_zone", "starts_at"),
    releasable=(),
)
LOCATION_WEATHER = Table(
    name="silver.location_weather",
    row="a location and the fixed weather point nearest to it",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        LATITUDE.meaning_here("Latitude of the weather point.").required(),
        LONGITUDE.meaning_here("Longitude of the weather point.").required(),
        Column(name="distance_km", type="double", unit="km", minimum=0, maximum=150,
               meaning="How far the point is from the home (great circle)."),
    ),
    key=("partner_id", "location_id"),
    update=Replace(),
    as_of=AS_IT_IS,
)  # fmt: skip

"""What silver promises: true, typed, in UTC and kWh, one current row a key, nothing lost."""

from bronze.contracts import ORIGIN, PARTNER_ID
from lake.contract import Check, Column, Replace, Table, Upsert, columns
from silver.references import HOLIDAYS

FUELS = ("elec", "gas", "district_heating")
DIRECTIONS = ("import", "export", "consumption", "production")
HOUSE_TYPES = ("apartment", "house_detached", "semi_detached", "townhouse", "holiday_home", "other")

LOCATION_ID = Column(
    name="location_id", type="string", nullable=False, meaning="The partner's id of the location."
)
METER_ID = Column(name="meter_id", type="string", nullable=False, meaning="Meter id.")
FUEL = Column(name="fuel", type="string", nullable=False, values=FUELS, meaning="What is metered.")
DIRECTION = Column(
    name="direction", type="string", nullable=False, values=DIRECTIONS,
    meaning="Which way the energy flows, seen from the home.",
)  # fmt: skip
STARTS_AT = Column(
    name="starts_at", type="timestamp", nullable=False, meaning="Start of the interval, included."
)
ENDS_AT = Column(
    name="ends_at", type="timestamp", nullable=False, meaning="End of the interval, excluded."
)
LOCAL_DATE = Column(
    name="local_date", type="date", nullable=False,
    meaning="The period's first day in the location's own time zone.",
)  # fmt: skip
LOCAL_MONTH = Column(
    name="local_month", type="string", nullable=False, month_of="local_date",
    meaning="Month of local_date, as in 2025-10.",
)  # fmt: skip
RESOLUTION = Column(
    name="resolution", type="string", nullable=False,
    meaning="Length of the interval (ISO 8601 duration), as in PT15M, P1D, P1M.",
)  # fmt: skip
TIME_ZONE = Column(
    name="time_zone", type="string", nullable=False, meaning="IANA time zone of the location."
)
PRICE_ZONE = Column(name="price_zone", type="string", meaning="Bidding zone of the spot price.")
KNOWN_AT = Column(
    name="known_at", type="timestamp", nullable=False,
    meaning="When it was said, or when it arrived here where the sender did not tell.",
)  # fmt: skip
CURRENCY = Column(name="currency", type="string", meaning="Currency (ISO 4217).")
TEMPERATURE_C = Column(
    name="temperature_c", type="double", unit="°C", minimum=-90, maximum=60,
    meaning="Air temperature at the nearest weather point.",
)  # fmt: skip
WIND_SPEED = Column(
    name="wind_speed_m_s", type="double", unit="m/s", minimum=0, maximum=120, meaning="Wind speed."
)
IRRADIANCE = Column(
    name="irradiance_w_m2", type="double", unit="W/m²", minimum=-20, maximum=1500,
    meaning="Global horizontal irradiance.",
)  # fmt: skip
LATITUDE = Column(
    name="latitude", type="double", unit="°", minimum=-90, maximum=90, meaning="Latitude (WGS 84)."
)
LONGITUDE = Column(
    name="longitude", type="double", unit="°", minimum=-180, maximum=180,
    meaning="Longitude (WGS 84).",
)  # fmt: skip
_INTERVAL = (STARTS_AT, ENDS_AT, RESOLUTION, LOCAL_DATE, LOCAL_MONTH)
LINE = tuple(c for c in ORIGIN if c.name in ("source_file", "source_line", "received_at"))
PROFILE = (
    Column(name="house_type", type="string", values=HOUSE_TYPES, meaning="Kind of house."),
    Column(name="living_area_m2", type="double", unit="m²", minimum=0, meaning="Heated area."),
    Column(name="persons", type="int", minimum=0, meaning="People who live there."),
    Column(name="heating_type_primary", type="string", meaning="Main way of heating."),
    Column(name="electric_cars", type="int", minimum=0, meaning="Electric cars."),
)

_NEWEST = ("known_at", "received_at", "source_file", "source_line")

LOCATIONS = Table(
    name="silver.locations",
    row="a home or site as its partner registered it last",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        Column(name="country_code", type="string", meaning="Country (ISO 3166-1 alpha-2)."),
        TIME_ZONE,
        Column(name="latitude", type="double", unit="°", minimum=-90, maximum=90, personal=True,
               meaning="Latitude of the home (WGS 84)."),
        Column(name="longitude", type="double", unit="°", minimum=-180, maximum=180, personal=True,
               meaning="Longitude of the home (WGS 84)."),
        PRICE_ZONE,
        KNOWN_AT,
        LINE,
    ),
    key=("partner_id", "location_id"),
    update=Upsert(newest_by=_NEWEST),
)  # fmt: skip
METERS = Table(
    name="silver.meters",
    row="a meter as its partner registered it last",
    columns=columns(
        PARTNER_ID,
        METER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        Column(name="is_sub_meter", type="boolean", nullable=False,
               meaning="Meters a part of the home (heat pump, charger), never added to the whole."),
        Column(name="supply_start", type="date", meaning="First local day of supply."),
        Column(name="supply_end", type="date", meaning="Last local day of supply."),
        Column(name="fuse_ampere", type="double", unit="A", minimum=0,
               meaning="Main fuse; bounds the power that can be true."),
        Column(name="kwh_per_m3", type="double", unit="kWh/m³", minimum=0,
               meaning="Conversion of gas volume to energy."),
        KNOWN_AT,
        LINE,
    ),
    key=("partner_id", "meter_id"),
    update=Upsert(newest_by=_NEWEST),
)  # fmt: skip
HOME_PROFILES = Table(
    name="silver.home_profiles",
    row="what was true of a home from one day on, until the next version",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        Column(name="valid_from", type="date", nullable=False, meaning="First day it holds."),
        Column(name="valid_to", type="date", meaning="Day it no longer holds; empty: still does."),
        PROFILE,
        Column(name="document", type="string", personal=True,
               meaning="The whole profile as JSON, with what has no column."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "valid_from"),
    update=Replace(slices=("partner_id", "location_id")),
)  # fmt: skip
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
    update=Upsert(newest_by=_NEWEST),
    partitioned_by=("observed_month",),
    sorted_by=("latitude", "longitude", "observed_at"),
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
    update=Upsert(newest_by=_NEWEST),
    sorted_by=("price_zone", "starts_at"),
)  # fmt: skip
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
)  # fmt: skip
_READING = columns(
    PARTNER_ID,
    LOCATION_ID,
    METER_ID,
    FUEL,
    DIRECTION,
    Column(name="is_sub_meter", type="boolean", nullable=False,
           meaning="Meters a part of the home, never added to the whole."),
    _INTERVAL,
    Column(name="energy_kwh", type="double", unit="kWh", nullable=False, minimum=0,
           meaning="Energy of the interval as the partner reported it."),
    Column(name="volume_m3", type="double", unit="m³", minimum=0,
           meaning="Gas volume, where the meter counts volume."),
    Column(name="quality", type="string", nullable=False, values=("measured", "estimated"),
           meaning="Whether the partner measured or estimated it."),
    KNOWN_AT,
    LINE,
)  # fmt: skip
METER_READINGS = Table(
    name="silver.meter_readings",
    row="the newest reading of one meter, direction and interval",
    columns=_READING,
    key=("partner_id", "meter_id", "direction", "starts_at", "ends_at"),
    update=Upsert(newest_by=_NEWEST, revisions="silver.meter_reading_revisions"),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "meter_id", "starts_at"),
    checks=(
        Check(name="interval_is_not_empty", condition="ends_at > starts_at"),
        Check(name="energy_is_finite", condition="NOT isnan(energy_kwh) AND energy_kwh < 1e9"),
    ),
)
METER_READING_REVISIONS = Table(
    name="silver.meter_reading_revisions",
    row="a reading that a later one superseded",
    columns=columns(
        _READING,
        Column(name="superseded_at", type="timestamp", nullable=False,
               meaning="known_at of the version that took its place."),
    ),
    key=(*METER_READINGS.key, "known_at", "source_file", "source_line"),
    update=Upsert(newest_by=("superseded_at",)),
    partitioned_by=("local_month",),
    written_with=(METER_READINGS.name,),
)  # fmt: skip
QUARANTINE = Table(
    name="silver.quarantine",
    row="a reading, price, observation or registration that was judged untrue, waiting for repair",
    columns=columns(
        Column(name="table_name", type="string", nullable=False, meaning="The table it waits for."),
        PARTNER_ID,
        Column(name="entity_id", type="string", meaning="Meter, zone, point or location."),
        Column(name="position", type="int", nullable=False,
               meaning="Which value of the block, counted from 0; -1 for the whole line."),
        Column(name="reasons", type="array<string>", nullable=False, meaning="Rules it broke."),
        Column(name="payload", type="string", personal=True, meaning="What was sent, as JSON."),
        LINE,
        Column(name="quarantined_at", type="timestamp", nullable=False, volatile=True,
               meaning="When it was judged."),
    ),
    key=("table_name", "source_file", "source_line", "position"),
    update=Replace(slices=("table_name", "source_file", "source_line")),
    partitioned_by=("table_name",),
    written_with=(METER_READINGS.name, WEATHER.name, SPOT_PRICES.name, LOCATIONS.name, METERS.name),
)  # fmt: skip
ENERGY_IN_CONTEXT = Table(
    name="silver.energy_in_context",
    row="the energy of one location, fuel, direction and interval with what was true then",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        _INTERVAL,
        TIME_ZONE,
        Column(name="energy_kwh", type="double", unit="kWh", nullable=False,
               meaning="Energy of the interval, sub-meters left out."),
        Column(name="quality", type="string", nullable=False, values=("measured", "estimated"),
               meaning="Estimated where any of its readings is."),
        Column(name="is_derived", type="boolean", nullable=False,
               meaning="Consumption made as import + production - export."),
        Column(name="is_consumption", type="boolean", nullable=False,
               meaning="Import that is the consumption too: the home meters nothing else."),
        Column(name="price_per_kwh", type="double", unit="currency/kWh",
               meaning="Mean spot price over the interval."),
        CURRENCY,
        TEMPERATURE_C,
        WIND_SPEED,
        IRRADIANCE,
        PROFILE,
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "starts_at", "ends_at"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "starts_at"),
)  # fmt: skip

TABLES = (
    LOCATIONS,
    HOLIDAYS,
    METERS,
    HOME_PROFILES,
    WEATHER,
    SPOT_PRICES,
    LOCATION_WEATHER,
    METER_READINGS,
    METER_READING_REVISIONS,
    QUARANTINE,
    ENERGY_IN_CONTEXT,
)

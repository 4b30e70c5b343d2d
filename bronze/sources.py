"""What partners and pulled sources send: every field once, with its unit and meaning.

From these are made the text columns of bronze, the columns that a CSV must have (``forms.py``),
what counts as unknown (``rescued``), and the published contracts (docs/contracts).
"""

from lake.source import Field, Source

METER_ID = Field(name="meter_id", type="string", required=True, meaning="Meter id.")
STARTS_AT = Field(
    name="starts_at", type="timestamp", required=True,
    meaning="Start of the first interval, with its offset from UTC.",
)  # fmt: skip
RESOLUTION = Field(
    name="resolution", type="string", required=True,
    meaning="Length of an interval (ISO 8601 duration).",
)  # fmt: skip
KNOWN_AT = Field(name="known_at", type="timestamp", meaning="When the partner said it.")
SENDER = Field(
    name="partner_id", type="string", meaning="The sender; needed on the event stream, else known.",
)  # fmt: skip
SCHEMA_VERSION = Field(
    name="schema_version", type="string",
    meaning="Version of the sender's own schema, where it says one; drift is told by it.",
)  # fmt: skip
PRICE_ZONE = Field(name="price_zone", type="string", required=True, meaning="Bidding zone.")
_OF_ZONE = (
    PRICE_ZONE,
    Field(name="starts_at", type="timestamp", required=True,
          meaning="Start of the interval, with its offset from UTC."),
    Field(name="resolution", type="string", required=True,
          meaning="Length of the interval (ISO 8601 duration)."),
)  # fmt: skip
_PUBLISHED_AT = Field(name="known_at", type="timestamp", meaning="When it was published.")

READINGS = Source(
    name="readings",
    row="a block of consecutive readings of one meter, or a single reading as a block of one",
    fields=(
        METER_ID,
        STARTS_AT,
        RESOLUTION,
        Field(name="unit", type="string",
              meaning="Unit of the values; kWh unless said (Wh, MWh, kW, W, m3 for gas)."),
        Field(name="values", type="array", items="number",
              meaning="One value an interval; null is a gap."),
        Field(name="value", type="number", required_in_csv=True,
              meaning="The one value, in place of values."),
        Field(name="quality", type="string",
              meaning="One word for all values, or a JSON list with one word a value."),
        KNOWN_AT,
        Field(name="message_id", type="string", meaning="The partner's id of the message."),
        SENDER,
        SCHEMA_VERSION,
    ),
    key=("meter_id", "starts_at", "resolution"),
    table="bronze.meter_readings",
    forms=("ndjson", "csv"),
    topic="meter-readings",
    rules=("There is one of values and value.", "What known_at says last replaces."),
)  # fmt: skip
REGISTERS = Source(
    name="registers",
    row="what one register of a meter showed at one instant",
    fields=(
        METER_ID,
        Field(name="read_at", type="timestamp", required=True,
              meaning="Instant of the read, with its offset from UTC, or a local date: its start."),
        Field(name="register", type="string",
              meaning="Tariff register (day, night) or OBIS code; empty: the total."),
        Field(name="reading", type="number", required=True, minimum=0,
              meaning="What the register showed."),
        Field(name="unit", type="string", meaning="Unit of the register."),
        Field(name="quality", type="string", meaning="Whether it was measured or estimated."),
        KNOWN_AT,
        Field(name="device", type="string",
              meaning="Number of the device, another where it was exchanged; empty: not told."),
        SENDER,
        SCHEMA_VERSION,
    ),
    key=("meter_id", "register", "device", "read_at"),
    table="bronze.register_reads",
    forms=("ndjson", "csv"),
    version="1.1.0",
)  # fmt: skip
DEMAND = Source(
    name="demand",
    row="the highest power of one meter in one month, as its operator metered it",
    fields=(
        METER_ID,
        Field(name="month", type="date", required=True,
              meaning="First day of the local month, as in 2025-10-01."),
        Field(name="demand", type="number", required_in_csv=True, minimum=0,
              meaning="The maximum; needed, unless it is taken back."),
        Field(name="unit", type="string", meaning="Unit of it; kW unless said (W, kVA)."),
        Field(name="quality", type="string", meaning="Whether it was measured or estimated."),
        KNOWN_AT,
        Field(name="is_deleted", type="boolean",
              meaning="It is taken back: the month has none until one is said again."),
        SENDER,
        SCHEMA_VERSION,
    ),
    key=("meter_id", "month"),
    table="bronze.max_demand",
    forms=("ndjson", "csv"),
    rules=("What known_at says last replaces.",),
)  # fmt: skip
WEATHER = Source(
    name="weather",
    row="one observation or forecast at one fixed point and instant",
    fields=(
        Field(name="latitude", type="number", unit="°", required=True, minimum=-90, maximum=90,
              meaning="Latitude of the point."),
        Field(name="longitude", type="number", unit="°", required=True, minimum=-180, maximum=180,
              meaning="Longitude of the point."),
        Field(name="observed_at", type="timestamp", required=True,
              meaning="Instant that the values are for."),
        Field(name="issued_at", type="timestamp",
              meaning="When a forecast was issued; empty for an observation."),
        Field(name="temperature_c", type="number", unit="°C",
              meaning="Air temperature at 2 m in degrees Celsius."),
        Field(name="wind_speed_m_s", type="number", unit="m/s", minimum=0,
              meaning="Wind speed at 10 m in m/s."),
        Field(name="irradiance_w_m2", type="number", unit="W/m²", minimum=0,
              meaning="Global horizontal irradiance in W/m2."),
        Field(name="known_at", type="timestamp", meaning="When an observation was published."),
        SCHEMA_VERSION,
    ),
    key=("latitude", "longitude", "observed_at", "issued_at"),
    table="bronze.weather",
    forms=("csv",),
    rules=("Further weather columns are welcome, and kept as sent.",),
    version="1.1.0",
)  # fmt: skip
PRICES = Source(
    name="prices",
    row="the day-ahead price of one zone and interval",
    fields=(
        *_OF_ZONE,
        Field(name="price", type="number", required=True, meaning="Price."),
        Field(name="unit", type="string", required=True,
              meaning="Currency and energy unit of the price, as in EUR/MWh."),
        _PUBLISHED_AT,
        SCHEMA_VERSION,
    ),
    key=("price_zone", "starts_at", "resolution"),
    table="bronze.spot_prices",
    forms=("csv",),
)  # fmt: skip
CO2 = Source(
    name="co2",
    row="what a kWh from the grid emits in one zone and interval",
    fields=(
        *_OF_ZONE,
        Field(name="co2", type="number", required=True, minimum=0,
              meaning="Carbon intensity of the grid."),
        Field(name="unit", type="string", required=True,
              meaning="Mass of CO2 equivalents and energy unit, as in g/kWh."),
        _PUBLISHED_AT,
        SCHEMA_VERSION,
    ),
    key=("price_zone", "starts_at", "resolution"),
    table="bronze.co2_intensity",
    forms=("csv",),
)  # fmt: skip
_FUEL = Field(name="fuel", type="string", required=True, meaning="What is metered.",
              values=("elec", "gas", "district_heating"))  # fmt: skip
_IS_DELETED = Field(
    name="is_deleted", type="boolean",
    meaning="It is deleted, and counts on no day until it is registered again.",
)  # fmt: skip
_METER = (
    METER_ID,
    _FUEL,
    Field(name="direction", type="string", required=True, meaning="Which way energy goes.",
          values=("import", "export", "consumption", "production")),
    Field(name="is_sub_meter", type="boolean",
          meaning="Meters a part of the home (heat pump, charger), never added to the whole."),
    Field(name="name", type="string", personal=True, meaning="What the partner calls it."),
    Field(name="supply_start", type="date", meaning="First local day of supply."),
    Field(name="supply_end", type="date", meaning="Last local day of supply."),
    Field(name="fuse_ampere", type="number", unit="A", minimum=0, meaning="Main fuse."),
    Field(name="kwh_per_m3", type="number", unit="kWh/m³", minimum=0,
          meaning="Conversion of gas volume to energy."),
    Field(name="register_digits", type="number", minimum=0,
          meaning="Digits of its registers before the decimal point."),
    _IS_DELETED,
)  # fmt: skip
_PROFILE = (
    Field(name="valid_from", type="date", meaning="First local day it holds."),
    Field(name="house_type", type="string", meaning="Kind of building."),
    Field(name="living_area_m2", type="number", unit="m²", minimum=0, meaning="Living area."),
    Field(name="persons", type="number", minimum=0, meaning="Persons in the home."),
    Field(name="heating_type_primary", type="string", meaning="Main heating."),
    Field(name="electric_cars", type="number", minimum=0, meaning="Electric cars."),
)  # fmt: skip
_TARIFF = (
    Field(name="tariff_id", type="string", required=True, meaning="The partner's id."),
    _FUEL,
    Field(name="direction", type="string", values=("import", "export"),
          meaning="Import is paid for; the energy of an export is credited."),
    Field(name="currency", type="string", required=True, meaning="Currency (ISO 4217)."),
    Field(name="valid_from", type="date", required=True, meaning="First local day it holds."),
    Field(name="valid_to", type="date", meaning="Local day it no longer holds."),
    Field(name="vat", type="number", unit="share", minimum=0, maximum=1, meaning="VAT on top."),
    Field(name="elements", type="array", required=True,
          meaning="What the price is made of: standing charge, energy, capacity."),
)  # fmt: skip
_MAX_DEMAND_LIMIT = (
    METER_ID,
    Field(name="valid_from", type="date", required=True,
          meaning="First day of the local month from which it holds, until the next."),
    Field(name="min", type="number", required=True, minimum=0, meaning="Lowest of the range."),
    Field(name="target", type="number", required=True, minimum=0,
          meaning="What the home means to stay below."),
    Field(name="max", type="number", required=True, minimum=0, meaning="What it may draw."),
    Field(name="unit", type="string", meaning="Unit of the three; kW unless said (W, kVA)."),
    _IS_DELETED,
)  # fmt: skip
REGISTRATIONS = Source(
    name="registrations",
    row="what a partner said about one location: the location, its profile, its meters",
    fields=(
        Field(name="location_id", type="string", required=True,
              meaning="The partner's id of the location."),
        Field(name="user_id", type="string", personal=True, meaning="Whose home it is."),
        Field(name="country_code", type="string", meaning="Country (ISO 3166-1 alpha-2)."),
        Field(name="postal_code", type="string", personal=True, meaning="Postal code."),
        Field(name="city", type="string", personal=True, meaning="Town."),
        Field(name="time_zone", type="string", meaning="IANA time zone."),
        Field(name="latitude", type="number", unit="°", minimum=-90, maximum=90, personal=True,
              meaning="Latitude of the home (WGS 84)."),
        Field(name="longitude", type="number", unit="°", minimum=-180, maximum=180, personal=True,
              meaning="Longitude of the home (WGS 84)."),
        Field(name="price_zone", type="string", meaning="Bidding zone."),
        Field(name="profile", type="object", personal=True, of=_PROFILE,
              meaning="What is true of the home from a day on; further fields are welcome."),
        Field(name="meters", type="array", of=_METER, meaning="Its meters."),
        Field(name="tariffs", type="array", of=_TARIFF, meaning="What it pays, from a day on."),
        Field(name="max_demand_limits", type="array", of=_MAX_DEMAND_LIMIT,
              meaning="What the highest power of its meters should stay in, from a month on."),
        KNOWN_AT,
        _IS_DELETED,
        SENDER,
        SCHEMA_VERSION,
    ),
    key=("location_id",),
    table="bronze.registrations",
    forms=("ndjson",),
    version="1.1.0",
)  # fmt: skip

SOURCES = (READINGS, REGISTERS, DEMAND, WEATHER, PRICES, CO2, REGISTRATIONS)

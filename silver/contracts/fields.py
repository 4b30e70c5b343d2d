"""Fields that the tables of silver share, each defined once."""

from bronze.contracts import ORIGIN, PARTNER_ID
from lake.contract import Column, columns

FUELS = ("elec", "gas", "district_heating")
DIRECTIONS = ("import", "export", "consumption", "production")
# What names a home, and a series of its energy, in every table that has them.
HOME = ["partner_id", "location_id"]
SERIES = [*HOME, "fuel", "direction"]
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
    meaning="Length of the interval (ISO 8601 duration), as in PT15M, P1D, P1M, PT744H.",
)  # fmt: skip
TIME_ZONE = Column(
    name="time_zone", type="string", nullable=False, meaning="IANA time zone of the location."
)
PRICE_ZONE = Column(name="price_zone", type="string", meaning="Bidding zone of the spot price.")
KNOWN_AT = Column(
    name="known_at", type="timestamp", nullable=False,
    meaning="When the value was reported; when it arrived where the sender gave no time, or a "
            "later one.",
)  # fmt: skip
DELETED_AT = Column(
    name="deleted_at", type="timestamp",
    meaning="When its partner deleted it; empty: it is registered.",
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
INTERVAL = (STARTS_AT, ENDS_AT, RESOLUTION, LOCAL_DATE, LOCAL_MONTH)
OF_METER = columns(PARTNER_ID, LOCATION_ID, METER_ID, FUEL, DIRECTION)
LINE = tuple(c for c in ORIGIN if c.name in ("source_file", "source_line", "received_at"))
PROFILE = (
    Column(name="house_type", type="string", values=HOUSE_TYPES, meaning="Kind of house."),
    Column(name="living_area_m2", type="double", unit="m²", minimum=0, meaning="Heated area."),
    Column(name="persons", type="int", minimum=0, meaning="People who live there."),
    Column(name="heating_type_primary", type="string", meaning="Main way of heating."),
    Column(name="electric_cars", type="int", minimum=0, meaning="Electric cars."),
)
RECEIVED = (
    Column(name="source", type="string", nullable=False,
           meaning="By which way its last reading came: landing or events."),
    next(c for c in ORIGIN if c.name == "received_date"),
)  # fmt: skip
NEWEST = ("known_at", "received_at", "source_file", "source_line")

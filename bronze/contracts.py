"""What bronze promises: every line as it was sent, with where it came from; nothing cleaned."""

from collections.abc import Iterable

from lake.contract import Append, Column, Table, columns

PARTNER_ID = Column(
    name="partner_id", type="string", meaning="The partner who sent it; nobody else sees it.",
    nullable=False,
)  # fmt: skip
ORIGIN = (
    PARTNER_ID,
    Column(name="source", type="string", meaning="How it came: landing or the event stream.",
           nullable=False),
    Column(name="source_file", type="string", nullable=False,
           meaning="File below landing/, or topic and partition of the event stream."),
    Column(name="source_line", type="bigint", nullable=False,
           meaning="Line in the file, counted from 1, or offset in the partition."),
    Column(name="received_at", type="timestamp", meaning="When it arrived here.", nullable=False),
    Column(name="received_date", type="date", meaning="Day (UTC) of received_at.", nullable=False),
)  # fmt: skip


def _as_sent(**meanings: str) -> Iterable[Column]:
    """Text columns: bronze keeps text as text."""
    return (Column(name=n, type="string", meaning=f"{m} As sent.") for n, m in meanings.items())


def _bronze(noun: str, *, folder: str, row: str, sent: tuple[Column, ...]) -> Table:
    return Table(
        name=f"bronze.{noun}",
        row=row,
        columns=columns(ORIGIN, sent),
        key=("source_file", "source_line"),
        update=Append(),
        partitioned_by=("received_date", "partner_id"),
        folder=f"raw/{folder}",
    )


METER_READINGS = _bronze(
    "meter_readings",
    folder="energy/meter_readings",
    row="a block of consecutive readings of one meter, or a single reading as a block of one",
    sent=columns(
        _as_sent(
            meter_id="Meter id.",
            starts_at="Start of the first interval, with its offset from UTC.",
            resolution="Length of an interval (ISO 8601 duration).",
            unit="Unit of the values.",
        ),
        Column(name="values", type="array<string>", meaning="One value an interval. As sent."),
        _as_sent(
            quality="One word for all values, or a JSON list with one word a value.",
            known_at="When the partner said it.",
            message_id="The partner's id of the message.",
        ),
    ),
)
REGISTER_READS = _bronze(
    "register_reads",
    folder="energy/register_reads",
    row="what one register of a meter showed at one instant",
    sent=columns(
        _as_sent(
            meter_id="Meter id.",
            read_at="Instant of the read, with its offset from UTC, or a local date: its start.",
            register="Tariff register (day, night) or OBIS code; empty: the total.",
            reading="What the register showed.",
            unit="Unit of the register.",
            quality="Whether it was measured or estimated.",
            known_at="When the partner said it.",
        ),
    ),
)
WEATHER = _bronze(
    "weather",
    folder="weather/weather",
    row="one observation or forecast at one fixed point and instant",
    sent=columns(
        _as_sent(
            latitude="Latitude of the point.",
            longitude="Longitude of the point.",
            observed_at="Instant that the values are for.",
            issued_at="When a forecast was issued; empty for an observation.",
            temperature_c="Air temperature at 2 m in degrees Celsius.",
            wind_speed_m_s="Wind speed at 10 m in m/s.",
            irradiance_w_m2="Global horizontal irradiance in W/m2.",
            other="All further columns as one JSON object.",
        ),
    ),
)
SPOT_PRICES = _bronze(
    "spot_prices",
    folder="prices/spot_prices",
    row="the day-ahead price of one zone and interval",
    sent=columns(
        _as_sent(
            price_zone="Bidding zone.",
            starts_at="Start of the interval, with its offset from UTC.",
            resolution="Length of the interval (ISO 8601 duration).",
            price="Price.",
            unit="Currency and energy unit of the price, as in EUR/MWh.",
            known_at="When it was published.",
        ),
    ),
)
CO2_INTENSITY = _bronze(
    "co2_intensity",
    folder="prices/co2_intensity",
    row="what a kWh from the grid emits in one zone and interval",
    sent=columns(
        _as_sent(
            price_zone="Bidding zone.",
            starts_at="Start of the interval, with its offset from UTC.",
            resolution="Length of the interval (ISO 8601 duration).",
            co2="Carbon intensity of the grid.",
            unit="Mass of CO2 equivalents and energy unit, as in g/kWh.",
            known_at="When it was published.",
        ),
    ),
)
REGISTRATIONS = _bronze(
    "registrations",
    folder="profiles/registrations",
    row="what a partner said about one location: the location, its profile, its meters",
    sent=columns(
        _as_sent(location_id="The partner's id of the location."),
        Column(name="document", type="string", personal=True, meaning="The document. As sent."),
    ),
)
REJECTED = Table(
    name="bronze.rejected",
    row="one line that could not be parsed, with the reason",
    columns=columns(
        ORIGIN,
        Column(name="table_name", type="string", meaning="The table it was meant for.",
               nullable=False),
        Column(name="reason", type="string", meaning="Why it could not be taken.", nullable=False),
        Column(name="payload", type="string", personal=True,
               meaning="The line as sent, its first 4,000 characters."),
    ),
    key=("source_file", "source_line"),
    update=Append(),
    partitioned_by=("received_date", "partner_id"),
    folder="raw/rejected",
    written_with=(
        METER_READINGS.name, REGISTER_READS.name, WEATHER.name, SPOT_PRICES.name,
        CO2_INTENSITY.name, REGISTRATIONS.name,
    ),
)  # fmt: skip
LOST_RANGES = Table(
    name="bronze.lost_ranges",
    row="offsets of an event stream that were gone before they were read",
    columns=(
        Column(name="table_name", type="string", meaning="The table that they were meant for.",
               nullable=False),
        Column(name="topic", type="string", meaning="The topic.", nullable=False),
        Column(name="source_file", type="string", nullable=False,
               meaning="Topic and partition, as rows of them would have said."),
        Column(name="partition", type="int", meaning="The partition.", nullable=False),
        Column(name="first_offset", type="bigint", meaning="First offset lost.", nullable=False),
        Column(name="last_offset", type="bigint",
               meaning="Last offset lost; empty where nobody knows how far the topic went."),
        Column(name="reason", type="string", meaning="Why they are gone.", nullable=False),
        Column(name="noticed_at", type="timestamp", meaning="When that was noticed.",
               nullable=False),
    ),
    key=("source_file", "first_offset"),
    update=Append(),
    folder="raw/lost_ranges",
    written_with=(METER_READINGS.name,),
)  # fmt: skip

TABLES = (
    METER_READINGS,
    REGISTER_READS,
    WEATHER,
    SPOT_PRICES,
    CO2_INTENSITY,
    REGISTRATIONS,
    REJECTED,
    LOST_RANGES,
)

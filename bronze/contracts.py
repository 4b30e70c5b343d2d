"""What bronze promises: every line as it was sent, with where it came from; nothing cleaned."""

from collections.abc import Iterable

from bronze import sources
from bronze.sources import CO2, DEMAND, PRICES, READINGS, REGISTERS, SOURCES
from lake.contract import Append, Column, Table, columns
from lake.source import Source

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


# How reasons in bronze.rejected name the field that does not keep its contract.
MISSING_FIELD = r"^(\w+) is missing$"
NO_COLUMN = r"^no column ([^;]+)"
RETYPED_FIELD = r"^(\w+) is not [\w ]+: [\w ]+$"
BROKEN_LINE = r"^not a (?:JSON object|CSV file with a header)$|^more than a JSON object$"
SCHEMA_VERSION = Column(name="schema_version", type="string",
                        meaning=f"{sources.SCHEMA_VERSION.meaning} As sent.")  # fmt: skip
RESCUED = Column(
    name="rescued", type="string", personal=True,
    meaning="The fields of the line that the contract of its source does not know, as one JSON "
            "object; empty: there are none.",
)  # fmt: skip
_OF_LINE = ("partner_id", "schema_version", "value")


def _as_sent(source: Source) -> Iterable[Column]:
    """Text columns: bronze keeps text as text."""
    return (
        Column(name=f.name, type="array<string>" if f.type == "array" else "string",
               meaning=f"{f.meaning} As sent.")
        for f in source.fields if f.name not in _OF_LINE
    )  # fmt: skip


def _bronze(noun: str, source: Source, *, folder: str, sent: tuple[Column, ...]) -> Table:
    return Table(
        name=f"bronze.{noun}",
        row=source.row,
        columns=columns(ORIGIN, sent, SCHEMA_VERSION),
        key=("source_file", "source_line"),
        update=Append(),
        partitioned_by=("received_date", "partner_id"),
        folder=f"raw/{folder}",
    )


METER_READINGS = _bronze(
    "meter_readings", READINGS, folder="energy/meter_readings",
    sent=columns(_as_sent(READINGS), RESCUED),
)  # fmt: skip
REGISTER_READS = _bronze(
    "register_reads", REGISTERS, folder="energy/register_reads",
    sent=columns(_as_sent(REGISTERS), RESCUED),
)  # fmt: skip
MAX_DEMAND = _bronze(
    "max_demand", DEMAND, folder="energy/max_demand", sent=columns(_as_sent(DEMAND), RESCUED)
)
# Further columns are no drift here: the contract welcomes them, so there is no ``rescued``.
WEATHER = _bronze(
    "weather", sources.WEATHER, folder="weather/weather",
    sent=columns(
        _as_sent(sources.WEATHER),
        Column(name="other", type="string", meaning="All further columns as one JSON object. As "
                                                    "sent."),
    ),
)  # fmt: skip
SPOT_PRICES = _bronze(
    "spot_prices", PRICES, folder="prices/spot_prices", sent=columns(_as_sent(PRICES), RESCUED)
)
CO2_INTENSITY = _bronze(
    "co2_intensity", CO2, folder="prices/co2_intensity", sent=columns(_as_sent(CO2), RESCUED)
)
REGISTRATIONS = _bronze(
    "registrations", sources.REGISTRATIONS, folder="profiles/registrations",
    sent=columns(
        Column(name="location_id", type="string",
               meaning="The partner's id of the location. As sent."),
        Column(name="document", type="string", personal=True, meaning="The document. As sent."),
        RESCUED,
    ),
)  # fmt: skip
REJECTED = Table(
    name="bronze.rejected",
    row="one line that could not be parsed, with the reason",
    columns=columns(
        ORIGIN,
        Column(name="table_name", type="string", meaning="The table it was meant for.",
               nullable=False),
        Column(name="reason", type="string", meaning="Why it could not be taken.", nullable=False),
        Column(name="payload", type="string", personal=True,
               meaning="The line as sent: of an event all of it, of a file its first 4,000 "
                       "characters; bytes that are no UTF-8 are U+FFFD."),
        RESCUED,
        SCHEMA_VERSION,
    ),
    key=("source_file", "source_line"),
    update=Append(),
    partitioned_by=("received_date", "partner_id"),
    folder="raw/rejected",
    written_with=(
        METER_READINGS.name, REGISTER_READS.name, MAX_DEMAND.name, WEATHER.name,
        SPOT_PRICES.name, CO2_INTENSITY.name, REGISTRATIONS.name, "bronze.repairs",
    ),
)  # fmt: skip
REPAIRS = Table(
    name="bronze.repairs",
    row="what somebody decided about one line that was rejected, or row that was held back",
    columns=columns(
        ORIGIN,
        Column(name="action", type="string", nullable=False,
               values=("release", "mend", "drop", "replay", "reopen"),
               meaning="release: it counts as it is; mend: another line was sent for it; drop: it "
                       "counts no more; replay: it was read after all; reopen: undoes these."),
        Column(name="table_name", type="string", nullable=False,
               meaning="The table that it was meant for."),
        Column(name="held_file", type="string", nullable=False,
               meaning="Where it stands: its source_file."),
        Column(name="held_line", type="bigint", nullable=False,
               meaning="Where it stands: its source_line."),
        Column(name="position", type="int", nullable=False,
               meaning="Which value of the line, counted from 0; -1 for the whole line."),
        Column(name="held_at", type="timestamp", meaning="When it arrived."),
        Column(name="reasons", type="array<string>",
               meaning="Why it was held back; of a release those that are overruled."),
        Column(name="mended", type="string", personal=True,
               meaning="The line that was sent for it."),
        Column(name="decided_by", type="string", nullable=False, personal=True,
               meaning="Who decided. As sent."),
        Column(name="note", type="string", meaning="Why. As sent."),
        Column(name="decided_at", type="timestamp", nullable=False,
               meaning="When; the latest decision about a row holds."),
    ),
    key=("source_file", "source_line"),
    update=Append(),
    partitioned_by=("received_date", "partner_id"),
    folder="raw/repairs",
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

# What partners and pulled sources must send.
PUBLISHED = SOURCES
TABLES = (
    METER_READINGS,
    REGISTER_READS,
    MAX_DEMAND,
    WEATHER,
    SPOT_PRICES,
    CO2_INTENSITY,
    REGISTRATIONS,
    REJECTED,
    REPAIRS,
    LOST_RANGES,
)

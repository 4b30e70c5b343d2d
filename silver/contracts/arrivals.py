"""What silver promises of arrivals; silver.contracts shows it on to the other layers."""

from bronze.contracts import ORIGIN, PARTNER_ID
from lake.contract import Column, Replace, Table, columns

SOURCE, RECEIVED_DATE = (c for c in ORIGIN if c.name in ("source", "received_date"))
ARRIVALS_DAILY = Table(
    name="silver.arrivals_daily",
    row="what arrived of one kind from one partner by one way on one day (UTC) of receipt",
    columns=columns(
        PARTNER_ID,
        Column(name="table_name", type="string", nullable=False,
               meaning="The table of bronze that it is for."),
        SOURCE,
        RECEIVED_DATE,
        Column(name="lines", type="bigint", nullable=False, minimum=0,
               meaning="Lines or messages that bronze took."),
        Column(name="readings", type="bigint", nullable=False, minimum=0,
               meaning="Values in them, gaps left out; of weather, prices and registrations: "
                       "lines."),
        Column(name="entities", type="bigint", nullable=False, minimum=0,
               meaning="Different meters, weather points, price zones or locations."),
        Column(name="rejected", type="bigint", nullable=False, minimum=0,
               meaning="Lines that could not be parsed."),
        Column(name="quarantined", type="bigint", nullable=False, minimum=0,
               meaning="Values, or whole lines, that wait in quarantine now."),
        Column(name="estimated_share", type="double", unit="share", minimum=0, maximum=1,
               meaning="Share of the readings that the partner estimated."),
        Column(name="first_received_at", type="timestamp", nullable=False,
               meaning="First arrival of the day."),
        Column(name="last_received_at", type="timestamp", nullable=False,
               meaning="Last arrival of the day."),
        Column(name="longest_gap_h", type="double", unit="h", minimum=0,
               meaning="Longest time between two arrivals of the day; empty: there was one."),
        Column(name="median_delay_h", type="double", unit="h",
               meaning="Median over the lines of the time from the end of the last interval (of "
                       "prices its start) to the arrival; negative: it came ahead."),
    ),
    key=("partner_id", "table_name", "source", "received_date"),
    update=Replace(slices=("partner_id", "received_date")),
    sorted_by=("partner_id", "table_name", "source", "received_date"),
)  # fmt: skip
INGESTION_ERRORS_DAILY = Table(
    name="silver.ingestion_errors_daily",
    row="lines or values of one partner and day (UTC) of receipt, refused for one reason",
    columns=columns(
        PARTNER_ID,
        Column(name="table_name", type="string", nullable=False,
               meaning="The table that they were meant for: of bronze where they could not be "
                       "parsed, of silver where they were judged untrue."),
        SOURCE,
        RECEIVED_DATE,
        Column(name="reason", type="string", nullable=False,
               meaning="Why they were refused; what has two reasons counts under both."),
        Column(name="refused", type="bigint", nullable=False, minimum=1,
               meaning="All of them, whatever became of them; what a registration freed by itself "
                       "is left out."),
        *(
            Column(name=name, type="bigint", nullable=False, minimum=0, meaning=meaning)
            for name, meaning in (
                ("waiting", "Those that wait for a repair."),
                ("released", "Those that count as they were sent, by somebody's decision."),
                ("mended", "Those for which another line was sent."),
                ("dropped", "Those that count no more."),
                ("replayed", "Those that a later parser could read."),
            )
        ),
        Column(name="oldest_waiting_at", type="timestamp",
               meaning="Arrival of the oldest that waits; empty: none does."),
    ),
    key=("partner_id", "table_name", "source", "received_date", "reason"),
    update=Replace(slices=("partner_id", "received_date")),
    sorted_by=("partner_id", "received_date", "table_name", "reason"),
)  # fmt: skip

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

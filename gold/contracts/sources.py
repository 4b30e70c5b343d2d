"""What gold promises of the sources: what arrived, and which rules it broke."""

from lake.contract import Column, Issue, Replace, Table, columns, said_by
from silver.contracts import ARRIVALS_DAILY

# A day's volume is held against the same weekday of the days before it where that is there often
# enough, else against all of them; too few: no judgement. Robust z is 0.6745 (sent - median) over
# the spread: the median deviation, and no less than a part of the median.
HISTORY_DAYS = 28
HISTORY_NEEDED = 7
SAME_WEEKDAYS_NEEDED = 3
ODD_FROM_Z = 3.5
LEAST_SPREAD = 0.05
# A source is late when it is silent for longer than so many times its usual gap.
LATE_AFTER_GAPS = 3
GAPS_NEEDED = 5
_OF_SOURCE = tuple(ARRIVALS_DAILY.column(name) for name in ("partner_id", "table_name", "source"))
SOURCE_HEALTH_DAILY = Table(
    name="gold.source_health_daily",
    row="what arrived from one source on one day (UTC) of receipt, and whether that is usual",
    columns=columns(
        ARRIVALS_DAILY.columns,
        Column(name="expected_readings", type="double", minimum=0,
               meaning=f"Median of the readings of the same weekday in the {HISTORY_DAYS} days "
                       f"before, where {SAME_WEEKDAYS_NEEDED} are there, else of all of them."),
        Column(name="volume_z", type="double",
               meaning="By how many robust standard deviations the readings are off."),
        Column(name="volume", type="string", nullable=False,
               values=("usual", "high", "low", "too_little_history"),
               meaning=f"High or low: off by more than {ODD_FROM_Z}; too little history: fewer "
                       f"than {HISTORY_NEEDED} days with an arrival before it."),
    ),
    key=ARRIVALS_DAILY.key,
    update=Replace(slices=("partner_id", "received_date")),
    sorted_by=ARRIVALS_DAILY.sorted_by,
)  # fmt: skip
SOURCE_FRESHNESS = Table(
    name="gold.source_freshness",
    row="how long one source had been silent when it was looked at on one day",
    columns=columns(
        _OF_SOURCE,
        Column(name="last_received_at", type="timestamp", nullable=False,
               meaning="Its last arrival."),
        Column(name="silent_h", type="double", unit="h", nullable=False, minimum=0,
               meaning="Time since then."),
        Column(name="usual_gap_h", type="double", unit="h", minimum=0,
               meaning=f"Median over its last {HISTORY_DAYS} days with an arrival of the longest "
                       "silence that ended on the day; an hour at least."),
        Column(name="gaps", type="bigint", nullable=False, minimum=0,
               meaning="Days that the usual gap is made of."),
        Column(name="freshness", type="string", nullable=False,
               values=("fresh", "late", "too_little_history"),
               meaning=f"Late: silent for more than {LATE_AFTER_GAPS} usual gaps; too little "
                       f"history: fewer than {GAPS_NEEDED} gaps."),
        Column(name="issued_at", type="timestamp", nullable=False,
               meaning="When it was looked at: the clock of the run."),
        Column(name="issued_date", type="date", nullable=False, meaning="Day (UTC) of issued_at."),
    ),
    key=("partner_id", "table_name", "source", "issued_at"),
    update=Issue(date="issued_date"),
    sorted_by=("partner_id", "table_name", "source", "issued_at"),
    as_of=said_by("issued_at"),
)  # fmt: skip
VALIDATION_DAILY = Table(
    name="gold.validation_daily",
    row="how often one rule was broken by what one source sent on one day (UTC) of receipt",
    columns=columns(
        _OF_SOURCE,
        ARRIVALS_DAILY.column("received_date"),
        Column(name="stage", type="string", nullable=False,
               values=("rejected", "quarantined", "flagged"),
               meaning="Rejected: not parsed; quarantined: not true, waiting for repair; "
                       "flagged: odd beside the days around it, or left out as an error."),
        Column(name="rule", type="string", nullable=False, meaning="The rule that was broken."),
        Column(name="severity", type="string", nullable=False, values=("error", "warning"),
               meaning="Error: it is left out; warning: it is used, and marked."),
        Column(name="broken_rows", type="bigint", nullable=False, minimum=1,
               meaning="Lines, or single values; one that breaks two rules counts under both."),
    ),
    key=("partner_id", "table_name", "source", "received_date", "stage", "rule", "severity"),
    update=Replace(slices=("partner_id", "received_date")),
    sorted_by=("partner_id", "table_name", "source", "received_date"),
)  # fmt: skip

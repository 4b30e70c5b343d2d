"""What silver promises of drift: how what partners send differs from the contract of its source."""

from bronze.contracts import PARTNER_ID, REJECTED, SCHEMA_VERSION
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts.arrivals import ARRIVALS_DAILY, SOURCE

DRIFT = ("added", "missing", "retyped", "broken")
# A partner's day of one table has so many rows at most; what is rarer is one row together.
MOST_DRIFTS = 200
FURTHER = "(further fields)"
_LONGEST = 100
FIELD_DRIFT_DAILY = Table(
    name="silver.field_drift_daily",
    row="how one field of what came from one source on one day (UTC) of receipt differs from the "
        "contract",
    columns=columns(
        PARTNER_ID,
        REJECTED.column("table_name"),
        SOURCE,
        SCHEMA_VERSION.meaning_here(
            "Version that the sender says of its own schema; empty: it says none."
        ).required(),
        ARRIVALS_DAILY.column("received_date"),
        Column(name="field_name", type="string", nullable=False,
               meaning=f"The field or column, its first {_LONGEST} characters; empty: the line."),
        Column(name="drift", type="string", nullable=False, values=DRIFT,
               meaning="Added: not in the contract, kept in rescued; missing, retyped: not as it "
                       "must be; broken: the line has no fields."),
        Column(name="is_breaking", type="boolean", nullable=False,
               meaning="The lines were not taken for it."),
        Column(name="lines", type="bigint", nullable=False, minimum=1, meaning="Lines with it."),
        Column(name="reason", type="string",
               meaning="What was expected and what came, in one of the lines."),
        Column(name="example", type="string", personal=True,
               meaning=f"What came in one of the lines, its first {_LONGEST} characters."),
        Column(name="first_received_at", type="timestamp", nullable=False,
               meaning="First arrival with it on the day."),
        Column(name="last_received_at", type="timestamp", nullable=False,
               meaning="Last arrival with it on the day."),
    ),
    key=("partner_id", "table_name", "source", "received_date", "schema_version", "field_name",
         "drift"),
    update=Replace(slices=("partner_id", "received_date")),
    sorted_by=("partner_id", "table_name", "source", "received_date"),
    checks=(
        Check(name="nothing_is_refused_for_its_fields", condition="NOT is_breaking",
              severity="warning"),
        Check(name="no_unknown_fields", condition="drift <> 'added'", severity="warning"),
    ),
)  # fmt: skip

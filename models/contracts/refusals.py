"""What a refusal promises: a stable code, and what is missing."""

from bronze.contracts import PARTNER_ID
from lake.contract import Column, Issue, Table, columns, said_by
from models.contracts.fields import ISSUED_AT, ISSUED_DATE
from silver.contracts import DIRECTION, FUEL, LOCATION_ID

INSIGHT_REFUSALS = Table(
    name="models.insight_refusals",
    row="an insight that a location cannot have yet, and what is missing",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        Column(name="insight", type="string", nullable=False, meaning="Which insight."),
        Column(name="code", type="string", nullable=False, meaning="Stable code of the refusal.",
               values=("too_little_history", "too_old", "no_variation", "no_model",
                       "profile_insufficient", "not_enough_contributors", "no_matching_group",
                       "not_enough_data", "house_type_unknown", "no_weather")),
        Column(name="description", type="string", nullable=False, meaning="In plain words."),
        Column(name="details", type="string", meaning="What is there and what is needed, as JSON."),
        ISSUED_AT,
        ISSUED_DATE,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "insight", "issued_at"),
    update=Issue(date="issued_date"),
    version=2,
    partitioned_by=("issued_date",),
    as_of=said_by("issued_at"),
)  # fmt: skip

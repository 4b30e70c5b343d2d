"""What an estimate without a meter promises: bounds, and days that add up to the year."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Issue, Table, columns, said_by
from models.contracts.fields import ISSUED_AT, ISSUED_DATE
from silver.contracts import FUEL, LOCAL_DATE, LOCATION_ID

USAGE_ESTIMATES = Table(
    name="models.usage_estimates",
    row="what one location is expected to use of one fuel in a year of normal weather, or on one "
        "of its days, told from its profile alone",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        ISSUED_AT,
        Column(name="resolution", type="string", nullable=False, values=("P1Y", "P1D"),
               meaning="P1Y: the calendar year; P1D: one of its days, of homes that have no year "
                       "of readings."),
        LOCAL_DATE,
        Column(name="energy_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Expected consumption; the days add up to the year."),
        Column(name="low_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="A tenth of homes like it use less in the year; of a day the same part."),
        Column(name="high_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="A tenth of homes like it use more in the year; of a day the same part."),
        Column(name="source", type="string", nullable=False, values=("model", "published"),
               meaning="model: learned from metered homes of the lake; published: a country's "
                       "typical values, which know nothing of the home but its heating."),
        Column(name="model_version", type="string", nullable=False,
               meaning="Registered model and version, or the publication."),
        ISSUED_DATE,
    ),
    key=("partner_id", "location_id", "fuel", "issued_at", "resolution", "local_date"),
    update=Issue(date="issued_date"),
    partitioned_by=("issued_date",),
    sorted_by=("partner_id", "location_id", "fuel", "resolution", "local_date"),
    checks=(
        Check(name="bounds_hold_the_estimate",
              condition="low_kwh <= energy_kwh AND energy_kwh <= high_kwh"),
    ),
    as_of=said_by("issued_at"),
)  # fmt: skip

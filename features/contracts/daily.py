"""What the feature of whole days promises: a day's energy, and when it was known."""

from bronze.contracts import PARTNER_ID
from features.contracts.fields import FEATURE_AT
from lake.contract import Check, Column, Keep, Table, columns, said_by
from silver.contracts import (
    DIRECTION,
    FUEL,
    KNOWN_AT,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
    TIME_ZONE,
)

# A day of which less was observed says too little of its total.
WHOLE_SHARE = 0.9
DAILY_LOAD = Table(
    name="features.daily_load",
    row="a local day of one location, fuel and direction that was metered whole, as known once",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        LOCAL_DATE,
        FEATURE_AT.meaning_here("Event time: the end of local_date."),
        KNOWN_AT.meaning_here("When the last reading that went in was known."),
        Column(name="day_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Energy of the whole day: what was observed over the share observed."),
        Column(name="observed_share", type="double", unit="share", nullable=False,
               minimum=WHOLE_SHARE, maximum=1,
               meaning="Share of the day's metering intervals with a reading."),
        TIME_ZONE,
        LOCAL_MONTH,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date", "known_at"),
    # A correction adds a version with a later known_at; the version before it stays.
    update=Keep(slices=("partner_id", "location_id", "local_date")),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
    checks=(Check(name="known_after_the_day_began", condition="known_at IS NOT NULL"),),
    as_of=said_by("known_at"),
)  # fmt: skip

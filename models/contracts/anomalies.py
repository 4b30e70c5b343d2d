"""What anomalies promise: what is unusual at a home, against what was expected, and when told."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Keep, Table, columns, said_by
from silver.contracts import (
    CURRENCY,
    DIRECTION,
    FUEL,
    KNOWN_AT,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
)

LEVELS = ("none", "low", "high")
KINDS = {
    "daily": "the energy of the day against the band of the forecast issued before it",
    "high_month": "the month so far and its expected rest against the same month a year before",
    "flat": "all intervals of a day alike, which are not so at this home",
    "spike": "a power that the home has not had",
    "night_use": "what is drawn all the time has risen and stays so, as by a leak",
    "pv_underperforming": "less made than the sun has given this home before",
}
# The home's own past by which a day is judged, and how much of it has to be there.
PAST_DAYS, DAYS_NEEDED = 56, 28


def _kwh(name: str, meaning: str, *, minimum: float | None = 0) -> Column:
    return Column(name=f"{name}_kwh", type="double", unit="kWh", minimum=minimum, meaning=meaning)


ANOMALIES = Table(
    name="models.anomalies",
    row="what is unusual of one kind at a location, fuel and direction on a local day, as told at "
        "one time; of the kind daily the usual days too, of the others only those that were told "
        "otherwise before",
    columns=columns(
        *(PARTNER_ID, LOCATION_ID, FUEL, DIRECTION),
        Column(name="kind", type="string", nullable=False, values=tuple(KINDS),
               meaning="; ".join(f"{kind}: {what}" for kind, what in KINDS.items()) + "."),
        LOCAL_DATE.meaning_here("The day that was looked at; of a month, the last day so far."),
        Column(name="level", type="string", nullable=False, values=LEVELS,
               meaning="How unusual: none, low, high."),
        Column(name="side", type="string", values=("above", "below"),
               meaning="More or less than expected; empty where neither."),
        Column(name="days", type="int", unit="d", nullable=False, minimum=1,
               meaning="Days over which it was looked at, up to local_date."),
        _kwh("actual", "Energy of the day; of high_month, as projected for the whole month."),
        _kwh("expected", "Energy that was expected; empty of a spike, which is a power."),
        _kwh("low", "In 5 of 100 cases the expected energy would be lower, as in the home's own "
                    "past; of high_month, what is projected at the lowest of eight weeks."),
        _kwh("high", "In 5 of 100 cases it would be higher; of high_month, at the highest week."),
        _kwh("excess", "actual_kwh less expected_kwh, over all of the days; below zero: too "
                       "little.", minimum=None),
        Column(name="excess_cost", type="double", unit="currency",
               meaning="What that costs at the day's mean price; empty where that is not known."),
        CURRENCY,
        Column(name="description", type="string", nullable=False,
               meaning="In words and numbers."),
        Column(name="details", type="string", nullable=False,
               meaning="What it was judged by, as JSON."),
        Column(name="issued_at", type="timestamp", nullable=False, volatile=True,
               meaning="When it was told first: the clock of the run, and not before known_at."),
        LOCAL_MONTH,
        KNOWN_AT.meaning_here("When the last reading that it was judged by was known."),
    ),
    key=("partner_id", "location_id", "fuel", "direction", "kind", "local_date", "known_at"),
    # What was told stays; a correction tells it anew, with a later known_at.
    update=Keep(slices=("partner_id", "location_id", "local_date")),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "local_date"),
    checks=(
        Check(name="band_holds_what_is_modelled",
              condition="kind = 'high_month' AND actual_kwh BETWEEN low_kwh AND high_kwh OR "
                        "kind <> 'high_month' AND expected_kwh BETWEEN low_kwh AND high_kwh"),
        Check(name="what_is_told_has_a_side",
              condition="level = 'none' OR side IS NOT NULL"),
    ),
    as_of=said_by("issued_at"),
)  # fmt: skip

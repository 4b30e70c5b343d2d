"""What silver promises of validation: a meter's days in figures, and the stretches that are odd."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts.fields import (
    DIRECTION,
    ENDS_AT,
    FUEL,
    INTERVAL,
    KNOWN_AT,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
    OF_METER,
    RECEIVED,
    RESOLUTION,
    STARTS_AT,
    TIME_ZONE,
)

# Which rules there are, and what follows: an error is left out of the energy, a warning counted.
READING_RULES = {
    "spike": "warning",
    "peak_out_of_reach": "error",
    "flat_line": "warning",
    "zero_run": "warning",
    "clock_change_count": "warning",
    "unit_change": "error",
    "outside_supply": "warning",
    "swapped_directions": "warning",
}
# A rule looks no further back than this, so that a day's cost depends on what arrived.
HISTORY_OF_METER_DAYS = 35
_SEVERITIES = ("error", "warning")


def _count(name: str, meaning: str) -> Column:
    return Column(name=name, type="int", nullable=False, minimum=0, meaning=meaning)


METER_DAYS = Table(
    name="silver.meter_days",
    row="what one meter said of one local day in intervals of one length, in figures",
    columns=columns(
        OF_METER,
        LOCAL_DATE,
        LOCAL_MONTH,
        RESOLUTION,
        STARTS_AT.meaning_here("Start of the first interval."),
        ENDS_AT.meaning_here("End of the last interval."),
        Column(name="interval_s", type="bigint", unit="s", nullable=False, minimum=1,
               meaning="Length of an interval, of several the shortest."),
        Column(name="longest_interval_s", type="bigint", unit="s", minimum=1,
               meaning="Length of the longest one."),
        _count("intervals", "Intervals with a reading."),
        Column(name="expected_intervals", type="int", nullable=False, minimum=1,
               meaning="Intervals of the local day of 23, 24 or 25 hours."),
        _count("zero_intervals", "Intervals without energy."),
        _count("estimated_intervals", "Intervals that the partner estimated."),
        Column(name="energy_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Their energy together."),
        Column(name="lowest_kw", type="double", unit="kW", nullable=False, minimum=0,
               meaning="Lowest mean power of an interval."),
        Column(name="highest_kw", type="double", unit="kW", nullable=False, minimum=0,
               meaning="Highest mean power of an interval."),
        _count("night_intervals", "Intervals between midnight and 4:00 of standard time."),
        _count("night_zero_intervals", "Those of them without energy."),
        Column(name="night_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="The energy of the night's intervals."),
        _count("held_intervals", "Intervals of which no reading counts, as it waits in quarantine "
                                 "for being more than the fuse lets through."),
        Column(name="held_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="The energy that those would be together."),
        Column(name="held_highest_kw", type="double", unit="kW", minimum=0,
               meaning="The highest mean power of them; empty: there are none."),
        Column(name="is_sub_meter", type="boolean",
               meaning="Whether what it meters is metered by another of the home too."),
        Column(name="first_known_at", type="timestamp",
               meaning="When the first of its readings, as they are now, was said."),
        Column(name="last_known_at", type="timestamp",
               meaning="When the last of them was said."),
        RECEIVED,
    ),
    key=("partner_id", "meter_id", "direction", "local_date", "resolution"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "meter_id", "local_date"),
)  # fmt: skip
READING_FLAGS = Table(
    name="silver.reading_flags",
    row="a stretch of one meter within one local day that breaks one rule",
    columns=columns(
        OF_METER,
        LOCAL_DATE,
        LOCAL_MONTH,
        RESOLUTION,
        Column(name="rule", type="string", nullable=False, values=tuple(READING_RULES),
               meaning="The rule that is broken."),
        Column(name="severity", type="string", nullable=False, values=_SEVERITIES,
               meaning="Error: the stretch is left out of the energy; warning: it is counted."),
        STARTS_AT.meaning_here("Start of the stretch, included."),
        ENDS_AT.meaning_here("End of the stretch, excluded."),
        Column(name="intervals", type="int", nullable=False, minimum=0,
               meaning="Readings in the stretch."),
        Column(name="observed", type="double",
               meaning="What was seen, as the rule measures it: kW, kWh, intervals, a factor."),
        Column(name="bound", type="double", meaning="What the rule holds it against."),
        RECEIVED,
    ),
    key=("partner_id", "meter_id", "direction", "rule", "resolution", "starts_at"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "meter_id", "starts_at"),
    checks=(Check(name="stretch_is_not_empty", condition="ends_at > starts_at"),),
)  # fmt: skip
SUBSTITUTED_ENERGY = Table(
    name="silver.substituted_energy",
    row="what the platform fills in for a gap of one location, fuel and direction",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        INTERVAL,
        TIME_ZONE,
        Column(name="substituted_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Energy that the interval would have held; no one reported it."),
        Column(name="method", type="string", nullable=False, values=("interpolated", "like_day"),
               meaning="A straight line over at most 2 hours, or the same weekday of the weeks "
                       "before, scaled."),
        Column(name="is_consumption", type="boolean", nullable=False,
               meaning="Import that is the consumption too."),
        KNOWN_AT.meaning_here("When the newest of what it is made of was said."),
    ),
    key=("partner_id", "location_id", "fuel", "direction", "starts_at", "ends_at"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "starts_at"),
)  # fmt: skip

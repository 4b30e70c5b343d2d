"""What silver promises of readings, and of the energy that they make."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Replace, Table, Upsert, columns, said_by
from silver.contracts.as_of import energy_as_of, readings_as_of
from silver.contracts.demand import MAX_DEMAND, MAX_DEMAND_LIMITS
from silver.contracts.environment import CO2_INTENSITY, CO2_KG_PER_KWH, SPOT_PRICES, WEATHER
from silver.contracts.fields import (
    CURRENCY,
    DIRECTION,
    FUEL,
    INTERVAL,
    IRRADIANCE,
    KNOWN_AT,
    LINE,
    LOCATION_ID,
    METER_ID,
    NEWEST,
    PROFILE,
    TEMPERATURE_C,
    TIME_ZONE,
    WIND_SPEED,
)
from silver.contracts.registers import REGISTER_READS
from silver.contracts.registrations import HOME_PROFILES, LOCATIONS, METERS, TARIFFS

# What a sender may say of a value; one that is missing is a gap.
SENT_QUALITIES = ("measured", "estimated", "missing")
_READING = columns(
    PARTNER_ID,
    LOCATION_ID,
    METER_ID,
    FUEL,
    DIRECTION,
    Column(name="is_sub_meter", type="boolean", nullable=False,
           meaning="Meters a part of the home, never added to the whole."),
    INTERVAL,
    Column(name="energy_kwh", type="double", unit="kWh", nullable=False, minimum=0,
           meaning="Energy of the interval as the partner reported it."),
    Column(name="volume_m3", type="double", unit="m³", minimum=0,
           meaning="Gas volume, where the meter counts volume."),
    Column(name="quality", type="string", nullable=False, values=("measured", "estimated"),
           meaning="Whether the partner measured or estimated it."),
    KNOWN_AT,
    LINE,
)  # fmt: skip
METER_READINGS = Table(
    name="silver.meter_readings",
    row="the newest reading of one meter, direction and interval",
    columns=_READING,
    key=("partner_id", "meter_id", "direction", "starts_at", "ends_at"),
    update=Upsert(newest_by=NEWEST, revisions="silver.meter_reading_revisions"),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "meter_id", "starts_at"),
    checks=(
        Check(name="interval_is_not_empty", condition="ends_at > starts_at"),
        Check(name="energy_is_finite", condition="NOT isnan(energy_kwh) AND energy_kwh < 1e9"),
    ),
    as_of=readings_as_of(tuple(c.name for c in _READING)),
    releasable=("more_than_the_fuse",),
)
METER_READING_REVISIONS = Table(
    name="silver.meter_reading_revisions",
    row="a reading that a later one superseded",
    columns=columns(
        _READING,
        Column(name="superseded_at", type="timestamp", nullable=False,
               meaning="known_at of the version that took its place."),
    ),
    key=(*METER_READINGS.key, "known_at", "source_file", "source_line"),
    update=Upsert(newest_by=("superseded_at",)),
    partitioned_by=("local_month",),
    written_with=(METER_READINGS.name,),
    as_of=said_by("superseded_at"),
)  # fmt: skip
QUARANTINE = Table(
    name="silver.quarantine",
    row="a reading, price, observation or registration that was judged untrue, waiting for repair",
    columns=columns(
        Column(name="table_name", type="string", nullable=False, meaning="The table it waits for."),
        PARTNER_ID,
        Column(name="entity_id", type="string", meaning="Meter, zone, point or location."),
        Column(name="position", type="int", nullable=False,
               meaning="Which value of the block, counted from 0; -1 for the whole line."),
        Column(name="reasons", type="array<string>", nullable=False, meaning="Rules it broke."),
        Column(name="payload", type="string", personal=True, meaning="What was sent, as JSON."),
        LINE,
        Column(name="quarantined_at", type="timestamp", nullable=False, volatile=True,
               meaning="When it was judged."),
        # Of what is told by meter and day, so that the days of meters find it.
        Column(name="location_id", type="string",
               meaning="The partner's id of the location, where the row tells it."),
        Column(name="local_date", type="date",
               meaning="Of a reading the local day on which it begins."),
        Column(name="energy_kwh", type="double", unit="kWh",
               meaning="Of a reading the energy that it would be."),
    ),
    key=("table_name", "source_file", "source_line", "position"),
    update=Replace(slices=("table_name", "source_file", "source_line")),
    partitioned_by=("table_name",),
    written_with=(
        METER_READINGS.name, WEATHER.name, SPOT_PRICES.name, CO2_INTENSITY.name, LOCATIONS.name,
        METERS.name, HOME_PROFILES.name, TARIFFS.name, REGISTER_READS.name, MAX_DEMAND.name,
        MAX_DEMAND_LIMITS.name,
    ),
)  # fmt: skip
_ENERGY_IN_CONTEXT = columns(
    PARTNER_ID,
    LOCATION_ID,
    FUEL,
    DIRECTION,
    INTERVAL,
    TIME_ZONE,
    Column(name="energy_kwh", type="double", unit="kWh", nullable=False,
           meaning="Energy of the interval, sub-meters left out."),
    Column(name="quality", type="string", nullable=False, values=("measured", "estimated"),
           meaning="Estimated where any of its readings is."),
    Column(name="is_derived", type="boolean", nullable=False,
           meaning="Consumption made as import + production - export."),
    Column(name="is_consumption", type="boolean", nullable=False,
           meaning="Import that is the consumption too: the home meters nothing else."),
    Column(name="price_per_kwh", type="double", unit="currency/kWh",
           meaning="Mean spot price over the interval, of electricity; empty for other fuels."),
    CURRENCY,
    CO2_KG_PER_KWH.meaning_here("Mean carbon intensity of the grid over the interval, of "
                                "electricity; empty for other fuels."),
    TEMPERATURE_C,
    WIND_SPEED,
    IRRADIANCE,
    PROFILE,
    KNOWN_AT,
)  # fmt: skip
ENERGY_IN_CONTEXT = Table(
    name="silver.energy_in_context",
    row="the energy of one location, fuel, direction and interval with what was true then",
    columns=_ENERGY_IN_CONTEXT,
    key=("partner_id", "location_id", "fuel", "direction", "starts_at", "ends_at"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "starts_at"),
    as_of=energy_as_of(tuple(c.name for c in _ENERGY_IN_CONTEXT)),
)  # fmt: skip
ENERGY_REVISIONS = Table(
    name="silver.energy_revisions",
    row="the energy of one location, fuel, direction and interval as it was known for a time",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        INTERVAL,
        TIME_ZONE,
        Column(name="energy_kwh", type="double", unit="kWh", minimum=0,
               meaning="Energy as it was known; empty: the interval was not known by itself then."),
        Column(name="quality", type="string", values=("measured", "estimated"),
               meaning="Estimated where any of its readings was."),
        Column(name="is_derived", type="boolean",
               meaning="Consumption made as import + production - export."),
        Column(name="is_consumption", type="boolean",
               meaning="Import that was the consumption too: the home meters nothing else."),
        KNOWN_AT.meaning_here("From when this was what is known."),
        Column(name="superseded_at", type="timestamp", nullable=False,
               meaning="Until when, excluded: known_at of what took its place."),
    ),
    key=(*ENERGY_IN_CONTEXT.key, "known_at"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    partitioned_by=("local_month",),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "starts_at", "known_at"),
    checks=(Check(name="known_for_a_time", condition="superseded_at > known_at"),),
)  # fmt: skip

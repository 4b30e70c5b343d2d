"""What silver promises of registers: what they showed, and the energy between two reads."""

from lake.contract import Check, Column, Replace, Table, Upsert, columns
from silver.contracts.fields import (
    ENDS_AT,
    INTERVAL,
    KNOWN_AT,
    LINE,
    LOCAL_DATE,
    LOCAL_MONTH,
    NEWEST,
    OF_METER,
    RECEIVED,
    RESOLUTION,
    STARTS_AT,
)

# What may be wrong with a stretch between two reads; all are warnings: a stretch without energy is
# a gap already, and of a sum check it cannot be told which side is wrong.
REGISTER_RULES = {
    "register_reset": "warning",
    "register_unit_changes": "warning",
    "registers_change": "warning",
    "more_than_the_fuse": "warning",
    "sum_check": "warning",
}
TOTAL_REGISTER = "total"
_QUALITY = ("measured", "estimated")
_READ = columns(
    OF_METER,
    Column(name="register", type="string", nullable=False,
           meaning="Tariff register (day, night, tariff_1), or total."),
    # May be null so that a lake without it gets it; of a key it is never null.
    Column(name="device", type="string",
           meaning="Number of the device that has it; empty: the sender does not tell it."),
    Column(name="read_at", type="timestamp", nullable=False, meaning="Instant of the read."),
    Column(name="reading", type="double", unit="kWh or m³", nullable=False, minimum=0,
           meaning="What the register showed, in its unit."),
    Column(name="unit", type="string", nullable=False, values=("kWh", "m3"),
           meaning="Unit of the reading."),
    Column(name="last_digit", type="double", unit="kWh or m³", nullable=False, minimum=0,
           meaning="One unit of the last digit that was sent."),
    Column(name="quality", type="string", nullable=False, values=_QUALITY,
           meaning="Whether it was read or estimated by the partner."),
    KNOWN_AT,
    LINE,
)  # fmt: skip
REGISTER_READS = Table(
    name="silver.register_reads",
    row="the newest read of one register of a meter's device, direction and instant",
    columns=_READ,
    key=("partner_id", "meter_id", "register", "device", "direction", "read_at"),
    update=Upsert(newest_by=NEWEST, revisions="silver.register_read_revisions"),
    sorted_by=("partner_id", "meter_id", "read_at"),
    checks=(Check(name="reading_is_finite", condition="NOT isnan(reading) AND reading < 1e12"),),
    releasable=(),
    version=2,
)
REGISTER_READ_REVISIONS = Table(
    name="silver.register_read_revisions",
    row="a register read that a later one superseded",
    columns=columns(
        _READ,
        Column(name="superseded_at", type="timestamp", nullable=False,
               meaning="known_at of the version that took its place."),
    ),
    key=(*REGISTER_READS.key, "known_at", "source_file", "source_line"),
    update=Upsert(newest_by=("superseded_at",)),
    version=2,
    written_with=(REGISTER_READS.name,),
)  # fmt: skip
REGISTER_ENERGY = Table(
    name="silver.register_energy",
    row="the energy of one meter and direction between two reads of its registers",
    columns=columns(
        OF_METER,
        INTERVAL,
        Column(name="energy_kwh", type="double", unit="kWh", minimum=0,
               meaning="Difference of the reads, tariff registers added up; empty: see reason."),
        Column(name="volume_m3", type="double", unit="m³", minimum=0,
               meaning="The difference, where the registers count volume."),
        Column(name="registers", type="array<string>", nullable=False,
               meaning="The registers that make it."),
        Column(name="is_rolled_over", type="boolean", nullable=False,
               meaning="A register ran over its last digit and began again at zero."),
        Column(name="reason", type="string",
               values=tuple(r for r in REGISTER_RULES if r != "sum_check"),
               meaning="Why the stretch has no energy; empty: it has."),
        Column(name="is_counted", type="boolean", nullable=False,
               meaning="Goes into the home's energy: a main meter in its registered direction, "
                       "within a local day that readings do not tell whole, or mostly within a "
                       "month and at most 32 days."),
        Column(name="last_digit_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="One unit of the last digit of each register, added up."),
        Column(name="quality", type="string", nullable=False, values=_QUALITY,
               meaning="Estimated where a read at either end is."),
        KNOWN_AT.meaning_here("When the later said of both ends was said."),
        RECEIVED,
    ),
    key=("partner_id", "meter_id", "direction", "starts_at", "ends_at"),
    update=Replace(slices=("partner_id", "meter_id")),
    sorted_by=("partner_id", "location_id", "meter_id", "starts_at"),
    checks=(
        Check(name="stretch_is_not_empty", condition="ends_at > starts_at"),
        Check(name="energy_or_reason",
              condition="(energy_kwh IS NULL) = (reason IS NOT NULL)"),
    ),
)  # fmt: skip
REGISTER_FLAGS = Table(
    name="silver.register_flags",
    row="a stretch between two reads of a meter's registers that breaks one rule",
    columns=columns(
        OF_METER,
        LOCAL_DATE,
        LOCAL_MONTH,
        RESOLUTION,
        Column(name="rule", type="string", nullable=False, values=tuple(REGISTER_RULES),
               meaning="The rule that is broken."),
        Column(name="severity", type="string", nullable=False, values=("error", "warning"),
               meaning="Warning: it is counted."),
        STARTS_AT.meaning_here("The earlier read."),
        ENDS_AT.meaning_here("The later read."),
        Column(name="observed", type="double", unit="kWh",
               meaning="Of a sum check the interval readings together; else empty."),
        Column(name="bound", type="double", unit="kWh",
               meaning="Of a sum check the energy by the registers; else empty."),
        RECEIVED,
    ),
    key=("partner_id", "meter_id", "direction", "rule", "starts_at", "ends_at"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "meter_id", "starts_at"),
)  # fmt: skip

"""What silver promises of maximum demand: what operators metered, and what a home may draw."""

from bronze.contracts import PARTNER_ID
from lake.contract import AS_IT_IS, Check, Column, Replace, Table, Upsert, columns
from silver.contracts.fields import (
    DIRECTION,
    FUEL,
    KNOWN_AT,
    LINE,
    LOCATION_ID,
    METER_ID,
    NEWEST,
)

_UNIT = Column(
    name="unit", type="string", nullable=False, values=("kW", "kVA"),
    meaning="Unit of it: active power, or apparent power where the operator bills that.",
)  # fmt: skip
MAX_DEMAND = Table(
    name="silver.max_demand",
    row="the highest power of one meter in one local month, as its operator said it last",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        METER_ID,
        FUEL,
        DIRECTION,
        Column(name="month", type="date", nullable=False, meaning="First day of the local month."),
        Column(name="demand", type="double", unit="kW or kVA", minimum=0,
               meaning="The maximum, in its unit; empty: it was taken back."),
        _UNIT,
        Column(name="quality", type="string", nullable=False, values=("measured", "estimated"),
               meaning="Whether it was measured or estimated by the partner."),
        KNOWN_AT,
        LINE,
    ),
    key=("partner_id", "meter_id", "month"),
    update=Upsert(newest_by=NEWEST),
    sorted_by=("partner_id", "location_id", "meter_id", "month"),
    checks=(
        Check(name="month_is_its_first_day", condition="day(month) = 1"),
        Check(name="demand_is_finite", condition="NOT isnan(demand) AND demand < 1e9"),
    ),
    releasable=(),
)  # fmt: skip
MAX_DEMAND_LIMITS = Table(
    name="silver.max_demand_limits",
    row="what the highest power of one meter should stay in from one month on, until the next",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        METER_ID,
        Column(name="valid_from", type="date", nullable=False,
               meaning="First local month in which it holds, by its first day."),
        Column(name="valid_to", type="date",
               meaning="Month in which it no longer holds; empty: still does."),
        Column(name="min_demand", type="double", unit="kW or kVA", nullable=False, minimum=0,
               meaning="Lowest of the range, in its unit."),
        Column(name="target_demand", type="double", unit="kW or kVA", nullable=False, minimum=0,
               meaning="What the home means to stay below."),
        Column(name="max_demand", type="double", unit="kW or kVA", nullable=False, minimum=0,
               meaning="What it may draw."),
        _UNIT,
        KNOWN_AT,
        LINE,
    ),
    key=("partner_id", "location_id", "meter_id", "valid_from"),
    update=Replace(slices=("partner_id", "location_id")),
    checks=(
        Check(name="min_below_target_below_max",
              condition="min_demand < target_demand AND target_demand < max_demand"),
        Check(name="valid_from_is_a_first_day", condition="day(valid_from) = 1"),
        Check(name="ends_after_it_starts", condition="valid_to > valid_from"),
    ),
    as_of=AS_IT_IS,
    releasable=(),
)  # fmt: skip

"""What gold promises of energy: a period at a time, always with how much of it was observed."""

from bronze.contracts import PARTNER_ID
from gold.contracts.as_of import days_as_of, months_as_of, quality_as_of, steps_as_of
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import (
    CURRENCY,
    DIRECTION,
    ENDS_AT,
    FUEL,
    KNOWN_AT,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
    STARTS_AT,
    TEMPERATURE_C,
)

OBSERVED = Column(
    name="observed_intervals", type="int", nullable=False, minimum=0,
    meaning="Metering intervals of the period for which there is a reading.",
)  # fmt: skip
EXPECTED = Column(
    name="expected_intervals", type="int", nullable=False, minimum=1,
    meaning="Metering intervals that the whole period has.",
)  # fmt: skip
ESTIMATED = Column(
    name="estimated_share", type="double", unit="share", nullable=False, minimum=0, maximum=1,
    meaning="Share of the observed intervals that the partner estimated.",
)  # fmt: skip
ENERGY = columns(
    PARTNER_ID,
    LOCATION_ID,
    FUEL,
    DIRECTION,
    STARTS_AT,
    ENDS_AT,
    LOCAL_DATE,
    Column(name="energy_kwh", type="double", unit="kWh",
           meaning="Energy as reported, the partner's estimates included, gaps left out."),
    OBSERVED,
    EXPECTED,
    ESTIMATED,
    Column(name="substituted_kwh", type="double", unit="kWh",
           meaning="What the platform fills in for gaps, beside the energy; empty: nothing."),
    Column(name="cost", type="double", unit="currency",
           meaning="Energy times spot price, of electricity; empty where a price is missing, and "
                   "for other fuels."),
    CURRENCY,
    Column(name="co2_kg", type="double", unit="kg",
           meaning="CO2 equivalents of what is drawn from the grid, at its mean intensity then "
                   "(location-based); of import, and of consumption that is import; empty where "
                   "an intensity is missing."),
    Column(name="peak_kw", type="double", unit="kW",
           meaning="Highest mean power of a metering interval."),
    Column(name="peak_at", type="timestamp", meaning="Start of the interval of the peak."),
    TEMPERATURE_C.meaning_here("Mean air temperature over the observed intervals: of a day that "
                               "was metered in part not that of the whole day, which "
                               "gold.temperature_daily has."),
    Column(name="degree_days", type="double", unit="°C·d", minimum=0,
           meaning="Heating degree days by the country's practice, of a day's temperature_c: that "
                   "of its observed intervals. A longer period has those of its days with a "
                   "reading. Empty below a local day."),
    Column(name="cooling_degree_days", type="double", unit="°C·d", minimum=0,
           meaning="Cooling degree days by the country's practice, as degree_days; empty below a "
                   "local day."),
    LOCAL_MONTH,
    KNOWN_AT,
)  # fmt: skip


_NAMES = tuple(c.name for c in ENERGY)
# Weeks and years have no SQL of their own: they are added up from days and months.
_AS_OF = {
    "quarter_hourly": steps_as_of("energy_quarter_hourly", _NAMES, seconds=900),
    "hourly": steps_as_of("energy_hourly", _NAMES, seconds=3600),
    "daily": days_as_of(_NAMES),
    "monthly": months_as_of(_NAMES),
}


def _energy(period: str, row: str, *, slice_by: str = "local_date", is_long: bool = False) -> Table:
    """Return the energy table of one period; long periods are few, so they are not partitioned."""
    return Table(
        name=f"gold.energy_{period}",
        row=f"the energy of one location, fuel and direction in one {row}",
        columns=ENERGY,
        key=("partner_id", "location_id", "fuel", "direction", "starts_at"),
        update=Replace(slices=("partner_id", "location_id", slice_by)),
        partitioned_by=() if is_long else ("local_month",),
        sorted_by=("partner_id", "location_id", "fuel", "direction", "starts_at"),
        checks=(
            Check(name="observed_at_most_expected",
                  condition="observed_intervals <= expected_intervals"),
            Check(name="period_is_not_empty", condition="ends_at > starts_at"),
            Check(name="peak_within_period", condition="peak_at >= starts_at AND peak_at < ends_at",
                  severity="warning"),
        ),
        as_of=_AS_OF.get(period),
    )  # fmt: skip


ENERGY_QUARTER_HOURLY = _energy("quarter_hourly", "quarter of an hour")
ENERGY_HOURLY = _energy("hourly", "hour")
ENERGY_DAILY = _energy("daily", "local day of 23, 24 or 25 hours", is_long=True)
ENERGY_WEEKLY = _energy("weekly", "ISO week from local Monday", is_long=True)
ENERGY_MONTHLY = _energy("monthly", "local month", slice_by="local_month", is_long=True)
ENERGY_YEARLY = _energy("yearly", "local year", is_long=True)
_QUALITY = (
    "partner_id", "location_id", "fuel", "direction", "local_date", "observed_intervals",
    "expected_intervals", "estimated_share", "completeness", "has_price", "has_temperature",
    "known_at",
)  # fmt: skip
DATA_QUALITY_DAILY = Table(
    name="gold.data_quality_daily",
    row="how complete the data of one location, fuel and direction is on one local day",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        LOCAL_DATE,
        OBSERVED,
        EXPECTED,
        ESTIMATED,
        Column(name="completeness", type="double", unit="share", nullable=False, minimum=0,
               maximum=1, meaning="Observed over expected intervals."),
        Column(name="has_price", type="boolean", nullable=False, meaning="Every interval has one."),
        Column(name="has_temperature", type="boolean", nullable=False,
               meaning="The day has a temperature."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
    as_of=quality_as_of(_QUALITY),
)  # fmt: skip

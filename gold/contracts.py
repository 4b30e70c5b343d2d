"""What gold promises: answers a period at a time, always with how much of it was observed."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Issue, Replace, Table, columns
from silver.contracts import (
    ARRIVALS_DAILY,
    CURRENCY,
    DIRECTION,
    ENDS_AT,
    FUEL,
    KNOWN_AT,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
    PEAK_WINDOWS,
    STARTS_AT,
    TARIFF_ELEMENT_KINDS,
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
           meaning="Energy times spot price; empty where a price is missing."),
    CURRENCY,
    Column(name="co2_kg", type="double", unit="kg",
           meaning="Emissions of the energy; empty where the intensity is not known."),
    Column(name="peak_kw", type="double", unit="kW",
           meaning="Highest mean power of a metering interval."),
    Column(name="peak_at", type="timestamp", meaning="Start of the interval of the peak."),
    TEMPERATURE_C.meaning_here("Mean air temperature over the observed intervals."),
    Column(name="degree_days", type="double", unit="°C·d", minimum=0,
           meaning="Heating degree days; empty below a whole local day."),
    LOCAL_MONTH,
    KNOWN_AT,
)  # fmt: skip


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
    )  # fmt: skip


ENERGY_QUARTER_HOURLY = _energy("quarter_hourly", "quarter of an hour")
ENERGY_HOURLY = _energy("hourly", "hour")
ENERGY_DAILY = _energy("daily", "local day of 23, 24 or 25 hours", is_long=True)
ENERGY_MONTHLY = _energy("monthly", "local month", slice_by="local_month", is_long=True)
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
)  # fmt: skip
PEAK_POWER_DAILY = Table(
    name="gold.peak_power_daily",
    row="the highest mean power of one location, fuel and direction on one local day",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        LOCAL_DATE,
        Column(name="window_minutes", type="int", unit="min", nullable=False,
               minimum=min(PEAK_WINDOWS), maximum=max(PEAK_WINDOWS),
               meaning="How long the power is the mean of: 6, 10, 15, 30 or 60."),
        Column(name="peak_kw", type="double", unit="kW", nullable=False,
               meaning="Highest mean power of a window that was metered whole."),
        Column(name="peak_at", type="timestamp", nullable=False,
               meaning="Start of that window; of equal ones the first."),
        OBSERVED.meaning_here("Windows of the day that were metered whole."),
        EXPECTED.meaning_here("Windows that the whole day has."),
        LOCAL_MONTH,
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date", "window_minutes"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
    checks=(Check(name="observed_at_most_expected",
                  condition="observed_intervals <= expected_intervals"),),
)  # fmt: skip
AVERAGE_PRICE = "average_price"


def _money(name: str, meaning: str) -> Column:
    return Column(name=name, type="double", unit="currency", meaning=meaning)


_COST = columns(
    Column(name="element", type="string", nullable=False,
           values=(*TARIFF_ELEMENT_KINDS, AVERAGE_PRICE),
           meaning="Part of the tariff, those of one kind together."),
    Column(name="tariff_id", type="string",
           meaning="The partner's id of the tariff; empty: none, or several in the period."),
    _money("net_amount", "What it costs without tax, an export's energy as a credit (below zero); "
                         "empty where a price or a power is missing."),
    _money("vat_amount", "Value added tax on it."),
    _money("total_amount", "What it costs with tax."),
    CURRENCY,
    Column(name="is_fallback", type="boolean", nullable=False,
           meaning="The country's average price stands for a tariff, which is not registered."),
    OBSERVED,
    EXPECTED,
)  # fmt: skip
COST_DAILY = Table(
    name="gold.cost_daily",
    row="what one element of the tariff of a location, fuel and direction costs on one local day",
    columns=columns(
        *(PARTNER_ID, LOCATION_ID, FUEL, DIRECTION, LOCAL_DATE),
        _COST,
        LOCAL_MONTH,
        KNOWN_AT.meaning_here("When its energy was said."),
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date", "element"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
)
COST_MONTHLY = Table(
    name="gold.cost_monthly",
    row="what one element of the tariff of a location, fuel and direction costs in a local month",
    columns=columns(
        *(PARTNER_ID, LOCATION_ID, FUEL, DIRECTION, LOCAL_DATE),
        _COST,
        LOCAL_MONTH,
        KNOWN_AT.meaning_here("When its energy was said."),
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date", "element"),
    update=Replace(slices=("partner_id", "location_id", "local_month")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
)

# The smallest group of homes whose figures are published, and the most that one home may make up.
SMALLEST_GROUP = 10
LARGEST_SHARE = 0.2
# A month is compared with the one a year before where both are this complete.
COMPARABLE = 0.9
SEGMENT_KINDS = (
    "all", "country", "price_zone", "house_type", "heating_type_primary", "living_area",
)  # fmt: skip
# Name, from and below, in m².
LIVING_AREA_CLASSES = (
    ("under 60 m²", 0, 60),
    ("60 to 89 m²", 60, 90),
    ("90 to 119 m²", 90, 120),
    ("120 to 159 m²", 120, 160),
    ("160 m² or more", 160, 1_000_000),
)


def _of_a_home(statistic: str, meaning: str) -> Column:
    return Column(name=f"{statistic}_kwh", type="double", unit="kWh", meaning=meaning)


PORTFOLIO_MONTHLY = Table(
    name="gold.portfolio_monthly",
    row=f"the energy of one segment of a partner's homes in one local month; withheld where it has "
        f"fewer than {SMALLEST_GROUP} homes, one home is over {LARGEST_SHARE:.0%} of it, or it "
        "would tell a withheld one by subtraction",
    columns=columns(
        PARTNER_ID,
        Column(name="segment_kind", type="string", nullable=False, values=SEGMENT_KINDS,
               meaning="By what the homes are divided."),
        Column(name="segment", type="string", nullable=False,
               meaning="Which homes: the country, country/zone, house type, heating or class of "
                       f"living area ({', '.join(name for name, _, _ in LIVING_AREA_CLASSES)}), "
                       "as it was at the month's end; unknown: not registered."),
        FUEL,
        DIRECTION,
        LOCAL_DATE.meaning_here("First day of the month."),
        LOCAL_MONTH,
        Column(name="is_withheld", type="boolean", nullable=False,
               meaning="The figures are empty, to keep single homes private."),
        Column(name="withheld_because", type="string", meaning="Why it is withheld.",
               values=("too_few_homes", "too_dominant", "complement")),
        Column(name="homes", type="bigint", minimum=SMALLEST_GROUP,
               meaning="Homes with a reading of this fuel and direction in the month."),
        Column(name="energy_kwh", type="double", unit="kWh",
               meaning="Energy of all of them as reported, gaps left out."),
        _of_a_home("mean", "Mean energy of a home."),
        _of_a_home("p25", "A quarter of the homes have less."),
        _of_a_home("p50", "Half of the homes have less (median)."),
        _of_a_home("p75", "Three quarters of the homes have less."),
        Column(name="completeness", type="double", unit="share", minimum=0, maximum=1,
               meaning="Mean over the homes of observed over expected intervals."),
        Column(name="cost", type="double", unit="currency",
               meaning="Energy times spot price; empty where a price of any home is missing, or "
                       "currencies differ."),
        CURRENCY,
        Column(name="co2_kg", type="double", unit="kg",
               meaning="Emissions; empty where the intensity is not known for every home."),
        Column(name="change_share", type="double", unit="share",
               meaning="Change of the mean a home against the same month a year before (-0.1: a "
                       "tenth less), whichever homes there were then; empty where either month is "
                       f"withheld or less than {COMPARABLE:.0%} complete."),
    ),
    key=("partner_id", "segment_kind", "segment", "fuel", "direction", "local_month"),
    update=Replace(slices=("partner_id", "local_month")),
    sorted_by=("partner_id", "segment_kind", "segment", "local_month"),
    checks=(
        Check(name="withheld_rows_say_nothing",
              condition="NOT is_withheld OR coalesce(homes, energy_kwh, mean_kwh, p25_kwh, "
                        "p50_kwh, p75_kwh, completeness, cost, co2_kg, change_share) IS NULL"),
        Check(name="published_rows_have_homes", condition="is_withheld OR homes IS NOT NULL"),
    ),
)  # fmt: skip

# A day's volume is held against the same weekday of the days before it where that is there often
# enough, else against all of them; too few: no judgement. Robust z is 0.6745 (sent - median) over
# the spread: the median deviation, and no less than a part of the median.
HISTORY_DAYS = 28
HISTORY_NEEDED = 7
SAME_WEEKDAYS_NEEDED = 3
ODD_FROM_Z = 3.5
LEAST_SPREAD = 0.05
# A source is late when it is silent for longer than so many times its usual gap.
LATE_AFTER_GAPS = 3
GAPS_NEEDED = 5
_OF_SOURCE = tuple(ARRIVALS_DAILY.column(name) for name in ("partner_id", "table_name", "source"))
SOURCE_HEALTH_DAILY = Table(
    name="gold.source_health_daily",
    row="what arrived from one source on one day (UTC) of receipt, and whether that is usual",
    columns=columns(
        ARRIVALS_DAILY.columns,
        Column(name="expected_readings", type="double", minimum=0,
               meaning=f"Median of the readings of the same weekday in the {HISTORY_DAYS} days "
                       f"before, where {SAME_WEEKDAYS_NEEDED} are there, else of all of them."),
        Column(name="volume_z", type="double",
               meaning="By how many robust standard deviations the readings are off."),
        Column(name="volume", type="string", nullable=False,
               values=("usual", "high", "low", "too_little_history"),
               meaning=f"High or low: off by more than {ODD_FROM_Z}; too little history: fewer "
                       f"than {HISTORY_NEEDED} days with an arrival before it."),
    ),
    key=ARRIVALS_DAILY.key,
    update=Replace(slices=("partner_id", "received_date")),
    sorted_by=ARRIVALS_DAILY.sorted_by,
)  # fmt: skip
SOURCE_FRESHNESS = Table(
    name="gold.source_freshness",
    row="how long one source had been silent when it was looked at on one day",
    columns=columns(
        _OF_SOURCE,
        Column(name="last_received_at", type="timestamp", nullable=False,
               meaning="Its last arrival."),
        Column(name="silent_h", type="double", unit="h", nullable=False, minimum=0,
               meaning="Time since then."),
        Column(name="usual_gap_h", type="double", unit="h", minimum=0,
               meaning=f"Median over its last {HISTORY_DAYS} days with an arrival of the longest "
                       "silence that ended on the day; an hour at least."),
        Column(name="gaps", type="bigint", nullable=False, minimum=0,
               meaning="Days that the usual gap is made of."),
        Column(name="freshness", type="string", nullable=False,
               values=("fresh", "late", "too_little_history"),
               meaning=f"Late: silent for more than {LATE_AFTER_GAPS} usual gaps; too little "
                       f"history: fewer than {GAPS_NEEDED} gaps."),
        Column(name="issued_at", type="timestamp", nullable=False,
               meaning="When it was looked at: the clock of the run."),
        Column(name="issued_date", type="date", nullable=False, meaning="Day (UTC) of issued_at."),
    ),
    key=("partner_id", "table_name", "source", "issued_at"),
    update=Issue(date="issued_date"),
    sorted_by=("partner_id", "table_name", "source", "issued_at"),
)  # fmt: skip
VALIDATION_DAILY = Table(
    name="gold.validation_daily",
    row="how often one rule was broken by what one source sent on one day (UTC) of receipt",
    columns=columns(
        _OF_SOURCE,
        ARRIVALS_DAILY.column("received_date"),
        Column(name="stage", type="string", nullable=False, values=("rejected", "quarantined"),
               meaning="Rejected: not parsed; quarantined: not true, waiting for repair."),
        Column(name="rule", type="string", nullable=False, meaning="The rule that was broken."),
        Column(name="severity", type="string", nullable=False, values=("error", "warning"),
               meaning="Error: it is left out; warning: it is used, and marked."),
        Column(name="broken_rows", type="bigint", nullable=False, minimum=1,
               meaning="Lines, or single values; one that breaks two rules counts under both."),
    ),
    key=("partner_id", "table_name", "source", "received_date", "stage", "rule", "severity"),
    update=Replace(slices=("partner_id", "received_date")),
    sorted_by=("partner_id", "table_name", "source", "received_date"),
)  # fmt: skip

TABLES = (
    ENERGY_QUARTER_HOURLY,
    ENERGY_HOURLY,
    ENERGY_DAILY,
    ENERGY_MONTHLY,
    DATA_QUALITY_DAILY,
    PEAK_POWER_DAILY,
    COST_DAILY,
    COST_MONTHLY,
    PORTFOLIO_MONTHLY,
    SOURCE_HEALTH_DAILY,
    SOURCE_FRESHNESS,
    VALIDATION_DAILY,
)

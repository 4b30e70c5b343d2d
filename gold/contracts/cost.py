"""What gold promises of peak power and cost."""

from bronze.contracts import PARTNER_ID
from gold.contracts.energy import EXPECTED, OBSERVED
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import (
    CURRENCY,
    DIRECTION,
    FUEL,
    KNOWN_AT,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
    PEAK_WINDOWS,
    TARIFF_ELEMENT_KINDS,
)

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
           meaning="Part of the tariff, those of one kind together; average_price: there is no "
                   "tariff."),
    Column(name="tariff_id", type="string",
           meaning="The partner's id of the tariff; empty: none, or several in the period."),
    _money("net_amount", "What it costs without tax, an export's energy as a credit (below zero); "
                         "empty where a price or a power is missing, so without a tariff where "
                         "is_fallback is not."),
    _money("vat_amount", "Value added tax on it."),
    _money("total_amount", "What it costs with tax."),
    CURRENCY,
    Column(name="is_fallback", type="boolean", nullable=False,
           meaning="The country's average price of the half year stands for a tariff, which is not "
                   "registered; for a year after the newest that was published, that one. Without "
                   "tariff and not so: none is known, of a month on one of its days."),
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
    version=2,
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
    checks=(
        Check(name="a_fallback_has_a_price", condition="NOT is_fallback OR currency IS NOT NULL"),
    ),
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
    version=2,
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
)

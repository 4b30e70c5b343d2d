"""What gold promises of spot prices: by market day and month, and against what they were before."""

from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import CURRENCY, ENDS_AT, KNOWN_AT, PRICE_ZONE, STARTS_AT

# Deliveries of the coupled day-ahead markets (SDAC, and N2EX too) are sold by the day of Brussels.
MARKET_TIME_ZONE = "Europe/Brussels"
LEVELS = ("low", "normal", "high")
# Tibber calls a price cheap up to 0.9 times the mean before it, and expensive from 1.15 times on.
LOW, HIGH = 0.9, 1.15


def level(price: str, before: str) -> str:
    """Return the SQL that says a price's level against a mean; null without one above zero."""
    return (
        f"CASE WHEN {before} IS NULL OR {before} <= 0 THEN NULL "
        f"WHEN {price} <= {LOW} * {before} THEN 'low' "
        f"WHEN {price} >= {HIGH} * {before} THEN 'high' ELSE 'normal' END"
    )


_PRICES = columns(
    STARTS_AT,
    ENDS_AT,
    Column(name="mean_per_kwh", type="double", unit="currency/kWh", nullable=False,
           meaning="Mean price over the time that has one."),
    Column(name="low_per_kwh", type="double", unit="currency/kWh", nullable=False,
           meaning="Lowest price of a quarter of an hour."),
    Column(name="high_per_kwh", type="double", unit="currency/kWh", nullable=False,
           meaning="Highest price of a quarter of an hour."),
    CURRENCY.required(),
    Column(name="priced_share", type="double", unit="share", nullable=False, minimum=0,
           maximum=1, meaning="Part of the period that has a price."),
    KNOWN_AT,
)  # fmt: skip
_MEAN_IS_WITHIN = Check(
    name="mean_between_low_and_high",
    condition="low_per_kwh <= mean_per_kwh + 1e-9 AND mean_per_kwh <= high_per_kwh + 1e-9",
)
_DATE = Column(name="price_date", type="date", nullable=False,
               meaning="Market day, which begins at midnight in Brussels.")  # fmt: skip
PRICE_DAILY = Table(
    name="gold.price_daily",
    row="the spot price of one zone on one market day",
    columns=columns(PRICE_ZONE.required(), _DATE, _PRICES),
    key=("price_zone", "price_date"),
    update=Replace(slices=("price_zone", "price_date")),
    sorted_by=("price_zone", "price_date"),
    checks=(_MEAN_IS_WITHIN,),
)
PRICE_LEVELS = Table(
    name="gold.price_levels",
    row="the spot price of one zone in a market day or month, against what it was before",
    columns=columns(
        PRICE_ZONE.required(),
        Column(name="resolution", type="string", nullable=False, values=("P1D", "P1M"),
               meaning="Length of the period."),
        _DATE.meaning_here("First market day of the period."),
        _PRICES,
        Column(name="before_30d_per_kwh", type="double", unit="currency/kWh",
               meaning="Mean of the 30 days before the period; empty where 27 are not there."),
        Column(name="before_12m_per_kwh", type="double", unit="currency/kWh",
               meaning="Mean of the 365 days before the period; empty where 329 are not there."),
        Column(name="level_30d", type="string", values=LEVELS,
               meaning=f"low: up to {LOW} times before_30d_per_kwh; high: from {HIGH} times on."),
        Column(name="level_12m", type="string", values=LEVELS,
               meaning="The same against before_12m_per_kwh."),
    ),
    key=("price_zone", "resolution", "price_date"),
    update=Replace(slices=("price_zone", "price_date")),
    sorted_by=("price_zone", "resolution", "price_date"),
    checks=(_MEAN_IS_WITHIN,),
)  # fmt: skip

"""bronze.spot_prices -> silver.spot_prices: per kWh, with currency and the interval it is for."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import (
    CURRENCIES,
    HUNDREDTH,
    MOST_PRICE_PER_KWH,
    PRICED_KWH,
    SPOT_PRICES,
)
from silver.late import said_after
from silver.registration import payload
from silver.typed import is_number, is_of_zone_interval, reasons, with_interval_of_zone

# 2: nothing is known before it arrived. 3: what is no currency, or no price in it, waits.
# 4: t and z of an instant may be small.
RULE_VERSION = 4


def spot_prices(bronze_spot_prices: DataFrame) -> DataFrame:
    """Return a row a zone and interval; negative prices are real, unreadable ones are not.

    A currency that is none (ORE), a hundredth of one (GBp) or more than any market lets a price
    reach is a wrong unit.
    """
    parts = F.split(F.trim("unit"), "/")
    per = F.lit(None).cast("double")
    for name, kwh in PRICED_KWH.items():
        per = F.when(F.lower(F.get(parts, F.lit(1))) == name, kwh).otherwise(per)
    price = F.col("price").try_cast("double")
    is_finite = is_number(price)
    said = F.trim(F.get(parts, F.lit(0)))
    is_currency = F.upper(said).isin(*CURRENCIES) & ~said.rlike(f"^{HUNDREDTH}$")
    most = F.lit(None).cast("double")
    for currency, highest in MOST_PRICE_PER_KWH.items():
        most = F.when(F.upper(said) == currency, highest).otherwise(most)
    return (
        bronze_spot_prices.withColumn(
            "_payload", payload("price_zone", "starts_at", "resolution", "price", "unit")
        )
        .transform(with_interval_of_zone)
        .withColumn("currency", F.upper(said))
        .withColumn("price_per_kwh", price / per)
        .withColumn(
            REASONS,
            reasons(
                ("starts_at_unreadable", F.col("starts_at").isNull()),
                ("unknown_resolution", ~is_of_zone_interval()),
                ("unknown_unit", per.isNull() | ~F.coalesce(is_currency, F.lit(False))),
                ("not_a_number", ~is_finite),
                ("implausible", is_currency & is_finite & (F.abs(price / per) > most)),
            ),
        )
        .withColumn("_entity_id", F.col("price_zone"))
        .withColumn("_position", F.lit(-1))
        .select(*SPOT_PRICES.names, REASONS, "_entity_id", "_position", "_payload", "partner_id")
    )


def touched_by_bronze_spot_prices(
    changes: DataFrame, bronze_spot_prices: DataFrame
) -> DataFrame | None:
    """Return the lines that were said after one that comes late, if any are."""
    return said_after(changes, bronze_spot_prices, "price_zone")

"""landing/prices -> bronze.spot_prices: one zone and interval a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.contracts import SPOT_PRICES
from lake.arriving import REASON, with_cells

_SENT = ("price_zone", "starts_at", "resolution", "price", "unit", "known_at")


def spot_prices(landing_prices: DataFrame) -> DataFrame:
    """Return a row a line of a prices CSV."""
    return (
        with_cells(landing_prices, _SENT, most=len(_SENT) + 4)
        .withColumn(
            REASON,
            F.coalesce(
                F.when(F.col("header").isNull(), "not a CSV file with a header"),
                *(
                    F.when(F.col(n).isNull(), F.lit(f"{n} is missing"))
                    for n in _SENT
                    if n != "known_at"
                ),
            ),
        )
        .select(*SPOT_PRICES.names, REASON, "line")
    )

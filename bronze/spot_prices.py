"""landing/prices -> bronze.spot_prices: one zone and interval a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.contracts import SPOT_PRICES
from lake.arriving import REASON, cell, csv_cells

_SENT = ("price_zone", "starts_at", "resolution", "price", "unit", "known_at")


def spot_prices(landing_prices: DataFrame) -> DataFrame:
    """Return a row a line of a prices CSV."""
    cells = cell(csv_cells(F.col("line"), most=len(_SENT) + 4), F.col("header"), _SENT)
    return (
        landing_prices.withColumns(cells)
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

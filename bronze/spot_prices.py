"""landing/prices -> bronze.spot_prices: one zone and interval a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze import drift
from bronze.contracts import SPOT_PRICES
from bronze.drift import RESCUED, missing
from bronze.sources import PRICES
from lake.ingestion.arriving import REASON
from lake.ingestion.cells import with_cells

_SENT = drift.texts(PRICES)
_NEEDED = PRICES.columns[0]


def spot_prices(landing_prices: DataFrame) -> DataFrame:
    """Return a row a line of a prices CSV."""
    no_header = F.when(F.col("header").isNull(), "not a CSV file with a header")
    return (
        with_cells(landing_prices, _SENT, most=drift.most_cells(_SENT))
        .withColumn(RESCUED, drift.rescued_columns(_SENT))
        .withColumn(REASON, F.coalesce(no_header, *map(missing, _NEEDED)))
        .select(*SPOT_PRICES.names, REASON, "line")
    )

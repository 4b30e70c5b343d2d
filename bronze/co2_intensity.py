"""landing/co2 -> bronze.co2_intensity: one zone and interval a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze import drift
from bronze.contracts import CO2_INTENSITY
from bronze.drift import RESCUED, missing
from bronze.sources import CO2
from lake.ingestion.arriving import REASON
from lake.ingestion.cells import with_cells

_SENT = drift.texts(CO2)
_NEEDED = CO2.columns[0]


def co2_intensity(landing_co2: DataFrame) -> DataFrame:
    """Return a row a line of a CSV of carbon intensities."""
    no_header = F.when(F.col("header").isNull(), "not a CSV file with a header")
    return (
        with_cells(landing_co2, _SENT, most=drift.most_cells(_SENT))
        .withColumn(RESCUED, drift.rescued_columns(_SENT))
        .withColumn(REASON, F.coalesce(no_header, *map(missing, _NEEDED)))
        .select(*CO2_INTENSITY.names, REASON, "line")
    )

"""landing/co2 -> bronze.co2_intensity: one zone and interval a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.contracts import CO2_INTENSITY
from lake.arriving import REASON, with_cells

_SENT = ("price_zone", "starts_at", "resolution", "co2", "unit", "known_at")


def co2_intensity(landing_co2: DataFrame) -> DataFrame:
    """Return a row a line of a CSV of carbon intensities."""
    missing = [
        F.when(F.col(n).isNull(), F.lit(f"{n} is missing")) for n in _SENT if n != "known_at"
    ]
    no_header = F.when(F.col("header").isNull(), "not a CSV file with a header")
    return (
        with_cells(landing_co2, _SENT, most=len(_SENT) + 4)
        .withColumn(REASON, F.coalesce(no_header, *missing))
        .select(*CO2_INTENSITY.names, REASON, "line")
    )

"""landing/weather -> bronze.weather: one observation or forecast a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze import drift
from bronze.contracts import WEATHER
from bronze.drift import missing
from bronze.sources import WEATHER as SOURCE
from lake.ingestion.arriving import REASON
from lake.ingestion.cells import with_cells

_SENT = drift.texts(SOURCE)
_MOST = 40
_NEEDED = SOURCE.columns[0]


def weather(landing_weather: DataFrame) -> DataFrame:
    """Return a row a line of a weather CSV; columns beyond the known ones stay in ``other``."""
    no_header = F.when(F.col("header").isNull(), "not a CSV file with a header")
    return (
        with_cells(landing_weather, _SENT, most=_MOST)
        .withColumn("other", drift.rescued_columns(_SENT))
        .withColumn(REASON, F.coalesce(no_header, *map(missing, _NEEDED)))
        .select(*WEATHER.names, REASON, "line")
    )

"""landing/weather -> bronze.weather: one observation or forecast a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.contracts import WEATHER
from lake.arriving import REASON, with_cells

_SENT = (
    "latitude",
    "longitude",
    "observed_at",
    "issued_at",
    "temperature_c",
    "wind_speed_m_s",
    "irradiance_w_m2",
)
_MOST = 40


def weather(landing_weather: DataFrame) -> DataFrame:
    """Return a row a line of a weather CSV; columns beyond the known ones stay in ``other``."""
    pairs = F.map_from_arrays("header", F.slice("_cells", 1, F.size("header")))
    other = F.map_filter(pairs, lambda name, text: ~name.isin(*_SENT) & (text != ""))
    has_other = F.size(F.array_except("header", F.array(*map(F.lit, _SENT)))) > 0
    is_whole = F.size("_cells") >= F.size("header")
    return (
        with_cells(landing_weather, _SENT, most=_MOST)
        .withColumn("other", F.when(has_other & is_whole, F.to_json(other)))
        .withColumn(
            REASON,
            F.coalesce(
                F.when(F.col("header").isNull(), "not a CSV file with a header"),
                *(
                    F.when(F.col(n).isNull(), F.lit(f"{n} is missing"))
                    for n in ("latitude", "longitude", "observed_at")
                ),
            ),
        )
        .select(*WEATHER.names, REASON, "line")
    )

"""bronze.weather -> silver.weather: observations and forecasts by fixed point and instant (UTC)."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import WEATHER
from silver.late import said_after
from silver.registration import payload
from silver.typed import AHEAD, instant_or_utc, reasons, said_at

# 2: an issue of the future waits: it would win over every later one. 3: what says nothing of a
# measure leaves what was said of it. 4: t and z of an instant may be small.
RULE_VERSION = 4
_MEASURES = ("temperature_c", "wind_speed_m_s", "irradiance_w_m2")


def weather(bronze_weather: DataFrame) -> DataFrame:
    """Return a row a point, instant and issue; stamps without an offset are UTC."""
    typed = bronze_weather.withColumns(
        {
            "_payload": payload("latitude", "longitude", "observed_at", *_MEASURES),
            "observed_at": instant_or_utc("observed_at"),
            "_issued": F.col("issued_at"),
            "issued_at": instant_or_utc("issued_at"),
        }
    ).withColumns({n: F.col(n).try_cast("double") for n in ("latitude", "longitude", *_MEASURES)})
    bounds = {n: WEATHER.column(n) for n in ("latitude", "longitude", *_MEASURES)}
    return (
        typed.withColumn(
            REASONS,
            reasons(
                ("observed_at_unreadable", F.col("observed_at").isNull()),
                (
                    "issued_at_unreadable",
                    (F.col("_issued") != "") & F.col("issued_at").isNull(),
                ),
                ("of_the_future", F.col("issued_at") > F.col("received_at") + F.expr(AHEAD)),
                ("latitude_unreadable", F.col("latitude").isNull()),
                ("longitude_unreadable", F.col("longitude").isNull()),
                ("nothing_measured", F.coalesce(*_MEASURES).isNull()),
                *(
                    (f"{n}_out_of_range", ~F.col(n).between(F.lit(c.minimum), F.lit(c.maximum)))
                    for n, c in bounds.items()
                ),
            ),
        )
        .withColumn("observed_date", F.to_date("observed_at"))
        .withColumn("observed_month", F.date_format("observed_at", "yyyy-MM"))
        .withColumn("known_at", F.coalesce("issued_at", said_at()))
        .withColumn("_entity_id", F.concat_ws(",", "latitude", "longitude"))
        .withColumn("_position", F.lit(-1))
        .select(*WEATHER.names, REASONS, "_entity_id", "_position", "_payload", "partner_id")
    )


def touched_by_bronze_weather(changes: DataFrame, bronze_weather: DataFrame) -> DataFrame | None:
    """Return the observations that were said after one that comes late, if any are.

    Versions of a forecast are all said at its issue: what comes last holds.
    """
    lines, arrived = (rows.transform(observations) for rows in (changes, bronze_weather))
    return said_after(lines, arrived, "latitude", "longitude", "observed_at")


def observations(lines: DataFrame) -> DataFrame:
    """Return the lines that tell no issue, with point and instant typed."""
    return lines.where(F.coalesce(F.trim("issued_at"), F.lit("")) == "").withColumns(
        {
            "latitude": F.col("latitude").try_cast("double"),
            "longitude": F.col("longitude").try_cast("double"),
            "observed_at": instant_or_utc("observed_at"),
        }
    )

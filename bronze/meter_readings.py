"""landing/readings, events -> bronze.meter_readings: as sent, a block or a single value a row."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bronze.contracts import METER_READINGS
from lake.arriving import REASON, with_cells

TOPIC = "meter-readings"
_SENT = ("meter_id", "starts_at", "resolution", "unit", "quality", "known_at", "message_id")
_CSV = (*_SENT, "value", "partner_id")
# ``refused``: what bronze.intake could not read in a meter file, and why.
_JSON = "partner_id STRING, values ARRAY<STRING>, value STRING, _broken STRING, refused STRING, "
_JSON += ", ".join(f"{name} STRING" for name in _SENT)


def meter_readings(landing_readings: DataFrame) -> DataFrame:
    """Return a row a line: the canonical reading (NDJSON or CSV) with its fields as text.

    ``_rejected`` names the reason where a line cannot be taken.
    """
    return (
        landing_readings.transform(parsed)
        .withColumn(REASON, reason())
        .select(*METER_READINGS.names, REASON, "line")
    )


def parsed(lines: DataFrame) -> DataFrame:
    """Add the fields of a line; JSON and CSV lines may stand in one landing folder."""
    document = F.from_json("line", _JSON, {"columnNameOfCorruptRecord": "_broken"})
    is_csv = F.col("header").isNotNull()
    values = F.coalesce(F.col("_json.values"), F.array(F.col("_json.value")))
    cells = {n: F.col(n) for n in _CSV}
    return (
        lines.withColumnRenamed("partner_id", "_sender")
        .transform(lambda rows: with_cells(rows, _CSV, most=len(_CSV) + 2))
        .withColumn("_json", F.when(~is_csv, document))
        .withColumn("values", F.when(is_csv, F.array(cells["value"])).otherwise(values))
        .withColumns({n: F.coalesce(f"_json.{n}", n) for n in (*_SENT, "partner_id")})
        .withColumn("_claimed", F.col("partner_id"))
        .withColumn("partner_id", F.col("_sender"))
    )


def reason() -> Column:
    """Say why a line cannot be taken, or null."""
    lacks = [
        F.when(F.col(name).isNull() | (F.trim(F.col(name)) == ""), F.lit(f"{name} is missing"))
        for name in ("meter_id", "starts_at", "resolution")
    ]
    return F.coalesce(
        F.when(F.col("header").isNull() & F.col("_json._broken").isNotNull(), "not a JSON object"),
        F.col("_json.refused"),
        F.when(F.col("_claimed") != F.col("partner_id"), "partner_id is not the sender's"),
        *lacks,
        F.when(F.size("values") == 0, "values is empty"),
        F.when(F.get("values", F.lit(0)).isNull() & (F.size("values") == 1), "value is missing"),
    )

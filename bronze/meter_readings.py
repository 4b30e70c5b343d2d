"""landing/readings, events -> bronze.meter_readings: as sent, a block or a single value a row."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bronze import drift
from bronze.contracts import METER_READINGS
from bronze.drift import RESCUED, missing
from bronze.sources import READINGS
from lake.ingestion.arriving import NOBODY, REASON
from lake.ingestion.cells import with_cells
from lake.ingestion.landed import is_partner_id

TOPIC = READINGS.topic
_TEXTS = drift.texts(READINGS)
_SENT = tuple(name for name in _TEXTS if name != "value")
# ``refused``: what bronze.intake could not read in a meter file, and why.
_OF_INTAKE = ("refused", "payload")
_JSON = ", ".join(f"{name} STRING" for name in ("_broken", *_TEXTS, *_OF_INTAKE))
_JSON += ", values ARRAY<STRING>"


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
    cells = {n: F.col(n) for n in _TEXTS}
    odd = drift.odd_fields("_json", READINGS, also=_OF_INTAKE, may_be_list=("quality",))
    unknown = drift.rescued_fields((*READINGS.names, *_OF_INTAKE))
    return (
        lines.withColumnRenamed("partner_id", "_sender")
        .transform(lambda rows: with_cells(rows, _TEXTS, most=drift.most_cells(_TEXTS)))
        .withColumn("_json", F.when(~is_csv, document))
        .transform(drift.with_said, F.when(~is_csv, odd))
        .withColumn(RESCUED, F.when(is_csv, drift.rescued_columns(_TEXTS)).otherwise(unknown))
        .withColumn("values", F.when(is_csv, F.array(cells["value"])).otherwise(values))
        .withColumns({n: F.coalesce(f"_json.{n}", n) for n in _SENT})
        .withColumn("_claimed", F.col("partner_id"))
        .withColumn("partner_id", F.coalesce("_sender", _named_by_an_event()))
    )


def _named_by_an_event() -> Column:
    """Return whom an event names, also where it cannot be taken, so that its partner sees it.

    A table's folders are named by it: what is no partner's id would stop the topic for everybody.
    """
    is_broken = F.col("_json._broken").isNotNull()
    named = F.coalesce("_claimed", F.when(is_broken, F.get_json_object("line", "$.partner_id")))
    return F.when(is_partner_id(named), named).otherwise(NOBODY)


def reason() -> Column:
    """Say why a line cannot be taken, or null."""
    is_json, value = F.col("header").isNull(), F.get("values", F.lit(0))
    # A list of one null is a gap that somebody says.
    is_single = F.col("_json.values").isNull() & (F.size("values") == 1)
    return F.coalesce(
        F.when(is_json, drift.broken("_json", lists=("values",))),
        F.col("_json.refused"),
        F.when(F.col("_claimed") != F.col("_sender"), "partner_id is not the sender's"),
        *(missing(name) for name in ("meter_id", "starts_at", "resolution")),
        F.when(is_json, drift.retyped(READINGS, may_be_list=("quality",))),
        drift.rounded("meter_id"),
        F.when(~is_partner_id(F.col("_claimed")), "partner_id is no id of a partner"),
        F.when(F.size("values") == 0, "values is empty"),
        F.when(is_single, missing("value", value)),
    )

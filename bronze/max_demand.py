"""landing/demand -> bronze.max_demand: the maximum of one meter and month a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze import drift
from bronze.contracts import MAX_DEMAND
from bronze.drift import RESCUED, missing
from bronze.sources import DEMAND
from lake.ingestion.arriving import REASON
from lake.ingestion.cells import with_cells

_SENT = drift.texts(DEMAND)
_NEEDED = ("meter_id", "month")
_JSON = ", ".join(f"{name} STRING" for name in (*_SENT, "_broken"))


def max_demand(landing_demand: DataFrame) -> DataFrame:
    """Return a row a line of NDJSON or CSV, its fields as text.

    ``_rejected`` names the reason where a line cannot be taken.
    """
    is_json = F.col("header").isNull()
    document = F.from_json("line", _JSON, {"columnNameOfCorruptRecord": "_broken"})
    unknown = drift.rescued_fields(_SENT)
    is_taken_back = F.coalesce(F.col("is_deleted").try_cast("boolean"), F.lit(False))
    return (
        landing_demand.withColumnRenamed("partner_id", "_sender")
        .transform(lambda lines: with_cells(lines, _SENT, most=drift.most_cells(_SENT)))
        .withColumn("_json", F.when(is_json, document))
        .transform(drift.with_said, F.when(is_json, drift.odd_fields("_json", DEMAND)))
        .withColumn(RESCUED, F.when(is_json, unknown).otherwise(drift.rescued_columns(_SENT)))
        .withColumns({n: F.coalesce(f"_json.{n}", n) for n in _SENT})
        .withColumn(
            REASON,
            F.coalesce(
                drift.broken("_json"),
                F.when(F.col("partner_id") != F.col("_sender"), "partner_id is not the sender's"),
                *(missing(n) for n in _NEEDED),
                F.when(~is_taken_back, missing("demand")),
                F.when(is_json, drift.retyped(DEMAND)),
                drift.rounded("meter_id"),
            ),
        )
        .withColumn("partner_id", F.col("_sender"))
        .select(*MAX_DEMAND.names, REASON, "line")
    )

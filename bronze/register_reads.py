"""landing/registers -> bronze.register_reads: one read of one register a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.contracts import REGISTER_READS
from lake.arriving import REASON, with_cells

_SENT = ("meter_id", "read_at", "register", "reading", "unit", "quality", "known_at")
_NEEDED = ("meter_id", "read_at", "reading")
_JSON = ", ".join(f"{name} STRING" for name in (*_SENT, "partner_id", "_broken"))


def register_reads(landing_registers: DataFrame) -> DataFrame:
    """Return a row a line of NDJSON or CSV, its fields as text.

    ``_rejected`` names the reason where a line cannot be taken.
    """
    is_json = F.col("header").isNull()
    document = F.from_json("line", _JSON, {"columnNameOfCorruptRecord": "_broken"})
    claimed = (*_SENT, "partner_id")
    return (
        landing_registers.withColumnRenamed("partner_id", "_sender")
        .transform(lambda lines: with_cells(lines, claimed, most=len(claimed) + 2))
        .withColumn("_json", F.when(is_json, document))
        .withColumns({n: F.coalesce(f"_json.{n}", n) for n in claimed})
        .withColumn(
            REASON,
            F.coalesce(
                F.when(F.col("_json._broken").isNotNull(), "not a JSON object"),
                F.when(F.col("partner_id") != F.col("_sender"), "partner_id is not the sender's"),
                *(
                    F.when(F.col(n).isNull() | (F.trim(n) == ""), F.lit(f"{n} is missing"))
                    for n in _NEEDED
                ),
            ),
        )
        .withColumn("partner_id", F.col("_sender"))
        .select(*REGISTER_READS.names, REASON, "line")
    )

"""landing/registers -> bronze.register_reads: one read of one register a row, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze import drift
from bronze.contracts import REGISTER_READS
from bronze.drift import RESCUED, missing
from bronze.sources import REGISTERS
from lake.ingestion.arriving import REASON
from lake.ingestion.cells import with_cells

_SENT = drift.texts(REGISTERS)
_NEEDED = ("meter_id", "read_at", "reading")
_JSON = ", ".join(f"{name} STRING" for name in (*_SENT, "_broken"))


def register_reads(landing_registers: DataFrame) -> DataFrame:
    """Return a row a line of NDJSON or CSV, its fields as text.

    ``_rejected`` names the reason where a line cannot be taken.
    """
    is_json = F.col("header").isNull()
    document = F.from_json("line", _JSON, {"columnNameOfCorruptRecord": "_broken"})
    unknown = drift.rescued_fields(_SENT)
    return (
        landing_registers.withColumnRenamed("partner_id", "_sender")
        .transform(lambda lines: with_cells(lines, _SENT, most=drift.most_cells(_SENT)))
        .withColumn("_json", F.when(is_json, document))
        .transform(drift.with_said, F.when(is_json, drift.odd_fields("_json", REGISTERS)))
        .withColumn(RESCUED, F.when(is_json, unknown).otherwise(drift.rescued_columns(_SENT)))
        .withColumns({n: F.coalesce(f"_json.{n}", n) for n in _SENT})
        .withColumn(
            REASON,
            F.coalesce(
                drift.broken("_json"),
                F.when(F.col("partner_id") != F.col("_sender"), "partner_id is not the sender's"),
                *(missing(n) for n in _NEEDED),
                F.when(is_json, drift.retyped(REGISTERS)),
                drift.rounded("meter_id"),
            ),
        )
        .withColumn("partner_id", F.col("_sender"))
        .select(*REGISTER_READS.names, REASON, "line")
    )

"""landing/repairs -> bronze.repairs: what people decided about rows that were held back."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bronze.contracts import REPAIRS
from lake.ingestion.arriving import REASON

_JSON = (
    "action STRING, table_name STRING, held_file STRING, held_line BIGINT, position INT, "
    "held_at TIMESTAMP, reasons ARRAY<STRING>, mended STRING, decided_by STRING, note STRING, "
    "decided_at TIMESTAMP, _broken STRING"
)
_NEEDED = tuple(c.name for c in REPAIRS.columns if not c.nullable and c.name in _JSON)


def repairs(landing_repairs: DataFrame) -> DataFrame:
    """Return a row a decision; ``_rejected`` names the reason where a line is none.

    They are written by `lake quarantine`, `lake rejected`, `lake replay` and the Data Management
    API (:mod:`lake.repair.repairs`), always as NDJSON.
    """
    document = F.from_json("line", _JSON, {"columnNameOfCorruptRecord": "_broken"})
    return (
        landing_repairs.withColumn("_json", document)
        .select("*", "_json.*")
        .withColumn(REASON, reason())
        .select(*REPAIRS.names, REASON, "line")
    )


def reason() -> Column:
    """Say why a line cannot be taken, or null."""
    lacks = [F.when(F.col(n).isNull(), F.lit(f"{n} is missing")) for n in _NEEDED]
    actions = REPAIRS.column("action").values
    return F.coalesce(
        F.when(F.col("_broken").isNotNull(), "not a JSON object"),
        *lacks,
        F.when(~F.col("action").isin(*actions), "action is unknown"),
    )

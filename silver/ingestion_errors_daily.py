"""rejected, quarantine, repairs -> silver.ingestion_errors_daily: refused, and what came of it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import decided
from lake.ingestion.landed import came_by
from silver.contracts import INGESTION_ERRORS_DAILY

_ROW = ["table_name", "partner_id", "source_file", "source_line", "position"]
# What became of a row, by the action that was taken; the column that counts it.
_COUNTED = {
    "waiting": "waiting",
    "release": "released",
    "mend": "mended",
    "drop": "dropped",
    "replay": "replayed",
}


def ingestion_errors_daily(
    rejected: DataFrame, quarantine: DataFrame, repairs: DataFrame
) -> DataFrame:
    """Return a row a partner, table, way of arrival, day (UTC) of receipt and reason."""
    decisions = decided(repairs).withColumnRenamed("held_at", "received_at")
    # Rejected lines stay where they are; what is decided about others takes them out of quarantine.
    is_line = F.col("table_name").startswith("bronze.")
    lines = (
        rejected.withColumn("position", F.lit(-1))
        .withColumn("reasons", F.array("reason"))
        .select(*_ROW, "reasons", "received_at")
        .join(decisions.where(is_line).select(*_ROW, "action"), on=_ROW, how="left")
    )
    rows = quarantine.select(*_ROW, "reasons", "received_at").withColumn(
        "action", F.lit(None).cast("string")
    )
    gone = (
        decisions.where(~is_line)
        .join(quarantine.select(*_ROW), on=_ROW, how="left_anti")
        .select(*_ROW, "reasons", "received_at", "action")
        .where("received_at IS NOT NULL")
    )
    return lines.unionByName(rows).unionByName(gone).transform(counted)


def touched_by_quarantine(changes: DataFrame) -> DataFrame:
    """Return the days on which arrived what is held or let go."""
    return changes.select("partner_id", F.to_date("received_at").alias("received_date"))


def touched_by_repairs(changes: DataFrame) -> DataFrame:
    """Return the days on which arrived what somebody decided about."""
    return changes.select("partner_id", F.to_date("held_at").alias("received_date"))


def needed_for_repairs(slices: DataFrame) -> DataFrame:
    """Return the partners: the day of a decision is another than that of the row."""
    return slices.select("partner_id").distinct()


def counted(refused: DataFrame) -> DataFrame:
    """Count what was refused by reason, and what became of it."""
    state = F.coalesce("action", F.lit("waiting"))
    return (
        refused.withColumn("source", came_by(F.col("source_file")))
        .withColumn("received_date", F.to_date("received_at"))
        .withColumn("_state", state)
        .withColumn("reason", F.explode("reasons"))
        .groupBy("partner_id", "table_name", "source", "received_date", "reason")
        .agg(
            F.count(F.lit(1)).alias("refused"),
            *(F.count_if(F.col("_state") == s).alias(name) for s, name in _COUNTED.items()),
            F.min(F.when(F.col("_state") == "waiting", F.col("received_at"))).alias(
                "oldest_waiting_at"
            ),
        )
        .select(*INGESTION_ERRORS_DAILY.names)
    )

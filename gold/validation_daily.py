"""bronze.rejected, silver.quarantine, flags -> gold.validation_daily: rules broken, how often.

Each judgement is a part with the columns of ``_BY``; a further one is one more part of the union.
"""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.contracts import VALIDATION_DAILY
from lake.ingestion.landed import came_by

_BY = ("partner_id", "table_name", "source", "received_date", "stage", "rule", "severity")


def validation_daily(
    rejected: DataFrame,
    quarantine: DataFrame,
    reading_flags: DataFrame,
    register_flags: DataFrame,
) -> DataFrame:
    """Return a row a partner, table, source, day (UTC) of receipt and rule, with its rows."""
    parts = (
        of_rejected(rejected),
        of_quarantine(quarantine),
        of_flags(reading_flags),
        of_register_flags(register_flags),
    )
    return (
        reduce(DataFrame.unionByName, parts)
        .groupBy(*_BY)
        .agg(F.sum("_rows").alias("broken_rows"))
        .select(*VALIDATION_DAILY.names)
    )


def touched_by_quarantine(changes: DataFrame) -> DataFrame:
    """Return the days on which arrived what is held or let go."""
    return changes.select("partner_id", F.to_date("received_at").alias("received_date"))


def of_rejected(rejected: DataFrame) -> DataFrame:
    """Return a row a line that could not be parsed; nothing of it was taken."""
    return rejected.withColumns(
        {
            "stage": F.lit("rejected"),
            "rule": F.col("reason"),
            "severity": F.lit("error"),
            "_rows": F.lit(1),
        }
    ).select(*_BY, "_rows")


def of_quarantine(quarantine: DataFrame) -> DataFrame:
    """Return a row a value, or a whole line, and rule that it breaks."""
    return (
        quarantine.withColumn("rule", F.explode("reasons"))
        .withColumn("source", came_by(F.col("source_file")))
        .withColumn("received_date", F.to_date("received_at"))
        .withColumns({"stage": F.lit("quarantined"), "severity": F.lit("error"), "_rows": F.lit(1)})
        .select(*_BY, "_rows")
    )


def of_flags(reading_flags: DataFrame) -> DataFrame:
    """Return the readings of a stretch that breaks a rule, by the last receipt of its day."""
    return reading_flags.withColumns(
        {
            "table_name": F.lit("silver.meter_readings"),
            "stage": F.lit("flagged"),
            "_rows": F.col("intervals"),
        }
    ).select(*_BY, "_rows")


def of_register_flags(register_flags: DataFrame) -> DataFrame:
    """Return a row a stretch between two reads that breaks a rule, by the receipt of the later."""
    return register_flags.withColumns(
        {
            "table_name": F.lit("silver.register_reads"),
            "stage": F.lit("flagged"),
            "_rows": F.lit(1),
        }
    ).select(*_BY, "_rows")

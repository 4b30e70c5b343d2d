"""A little of all that a lake does in Spark, so that its classes are loaded: shared_classes.py."""

import sys
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lake.session import session
from lake.settings import Settings


def warm_up(folder: str) -> None:
    """Stream, parse, join, aggregate, merge and read changes, on a line of data in ``folder``."""
    spark = session(Settings())
    table, landed = f"{folder}/table", Path(folder, "landed")
    landed.mkdir(parents=True)
    (landed / "a.ndjson").write_text('{"k": "a", "at": "2025-01-01T00:00:00Z", "v": [1.5, 2]}\n')

    def write(batch: DataFrame, number: int) -> None:
        (
            batch.select(F.from_json("value", "k string, at timestamp, v array<double>").alias("r"))
            .select("r.k", "r.at", F.posexplode("r.v").alias("i", "v"))
            .withColumn("month", F.date_format("at", "yyyy-MM"))
            .persist()
            .write.format("delta")
            .partitionBy("month")
            .option("txnAppId", "warm_up")
            .option("txnVersion", number)
            .save(table)
        )

    lines = spark.readStream.format("text").load(str(landed))
    (
        lines.writeStream.trigger(availableNow=True)
        .option("checkpointLocation", f"{folder}/checkpoint")
        .foreachBatch(write)
        .start()
        .awaitTermination()
    )
    spark.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES (delta.enableChangeDataFeed = true)")
    by_key = Window.partitionBy("k").orderBy("i")
    rows = spark.read.format("delta").load(table).withColumn("before", F.lag("v").over(by_key))
    sums = rows.groupBy("k", F.to_utc_timestamp("at", "Europe/London").alias("at")).agg(
        F.sum("v").alias("total"), F.max_by("v", "i").alias("last"), F.collect_list("v")
    )
    rows.join(sums, on=["k", "at"], how="full").join(F.broadcast(sums.select("k")), "k").toArrow()
    changed = rows.select("k", "at", "i", (F.col("v") * 2).alias("v"), "month")
    (
        DeltaTable.forPath(spark, table)
        .alias("stored")
        .merge(changed.alias("new"), "stored.k = new.k AND stored.i = new.i")
        .whenMatchedUpdateAll()
        .whenNotMatchedInsertAll()
        .execute()
    )
    changes = spark.read.format("delta").option("readChangeFeed", True).option("startingVersion", 2)
    changes.load(table).distinct().count()
    spark.stop()


if __name__ == "__main__":
    warm_up(sys.argv[1])

"""One side of the streaming benchmark: `nothing` or `bronze`; says how long the topic took."""

import sys
import time
from datetime import UTC, datetime

from benchmarks.streaming import STEP
from bronze.meter_readings import TOPIC
from lake.catalog import catalog
from lake.ingestion.topics import kafka_options
from lake.running import Runner
from lake.session import session
from lake.settings import Settings


def main(side: str) -> None:
    """Read the topic once, all that it holds."""
    settings = Settings()
    spark = session(settings)
    began = time.monotonic()
    if side == "bronze":
        runner = Runner(spark, settings, catalog(), datetime.now(UTC))
        report = runner.run("bronze.meter_readings", sources=("events",))
        print(f"rows {report.written.inserted} rejected {report.rejected}")
    else:
        topic = (
            spark.readStream.format("kafka")
            .options(**kafka_options(settings))
            .option("subscribe", TOPIC)
            .option("startingOffsets", "earliest")
            .option("maxOffsetsPerTrigger", settings.events_a_batch)
            .load()
        )
        query = (
            topic.writeStream.format("noop")
            .option("checkpointLocation", f"{settings.root}/_checkpoints/noop")
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()
    print(f" seconds {STEP} {time.monotonic() - began:.2f}")
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])

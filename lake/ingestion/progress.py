"""How far Spark has read a topic, as the checkpoint of a query tells it (its log of offsets)."""

import json
from typing import Any

from pyspark.sql import SparkSession

from lake.contract import Table
from lake.spark.java import files_of, java
from lake.store import Store


def checkpoint_of(store: Store, table: Table, source: str) -> str:
    """Return where Spark keeps how far it has read a source for a table."""
    return f"{store.settings.root}/_checkpoints/{table.name}/{source}"


def read_to(spark: SparkSession, checkpoint: str, batch: int | None, topic: str) -> dict[int, int]:
    """Return the offset by partition before which a batch ends; nothing where it is not there.

    None asks for the newest batch that was begun.
    """
    folder = _path(spark, f"{checkpoint}/offsets")
    files = files_of(spark, folder)
    if batch is None:
        if not files.exists(folder):
            return {}
        names = [status.getPath().getName() for status in files.listStatus(folder)]
        batch = max((int(name) for name in names if name.isdigit()), default=-1)
    file = _path(spark, f"{checkpoint}/offsets/{batch}")
    if not files.exists(file):
        return {}
    stream = files.open(file)
    try:
        text: str = java(spark).org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
    finally:
        stream.close()
    # The version, what held for the batch, then a line a source, of which there is one.
    told: dict[str, dict[str, int]] = json.loads(text.splitlines()[-1])
    return {int(partition): offset for partition, offset in told.get(topic, {}).items()}


def drop(spark: SparkSession, checkpoint: str) -> None:
    """Remove a checkpoint; the ledger says where to go on."""
    folder = _path(spark, checkpoint)
    files_of(spark, folder).delete(folder, True)


def _path(spark: SparkSession, name: str) -> Any:
    return java(spark).org.apache.hadoop.fs.Path(name)

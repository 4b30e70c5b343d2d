"""A line is its sender's: one that names another partner is refused, and is told to its sender."""

import json
from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from bronze.contracts import REJECTED
from bronze.max_demand import max_demand
from bronze.meter_readings import meter_readings
from bronze.register_reads import register_reads
from lake.testing import frame

pytestmark = pytest.mark.spark
ORIGIN = ("partner_id", "source", "source_file", "source_line", "received_at", "received_date")
READING = ("meter_id", "starts_at", "resolution", "value")
READ = ("meter_id", "read_at", "reading")


@pytest.mark.parametrize(
    ("table", "columns", "cells"),
    [
        (meter_readings, READING, ("m", "2025-05-01T00:00:00Z", "PT1H", "1")),
        (max_demand, ("meter_id", "month", "demand"), ("m", "2025-05-01", "5")),
        (register_reads, READ, ("m", "2025-05-01T00:00:00Z", "5")),
    ],
)
def test_a_line_that_names_another_partner_than_its_sender_is_refused(
    spark: SparkSession,
    table: Callable[[DataFrame], DataFrame],
    columns: tuple[str, ...],
    cells: tuple[str, ...],
) -> None:
    header = [*columns, "partner_id"]
    said = dict(zip(columns, cells, strict=True))
    sent = [
        *((",".join((*cells, name)), header) for name in ("south", "north", "")),
        *((json.dumps({**said, "partner_id": name}), None) for name in ("south", "north")),
        (json.dumps(said), None),
    ]
    lines = spark.createDataFrame(
        [(n, *line) for n, line in enumerate(sent)],
        "source_line bigint, line string, header array<string>",
    )
    origin = frame(
        spark, REJECTED, [{"source_line": n, "partner_id": "north"} for n in range(len(sent))]
    ).select(*ORIGIN)
    taken = table(lines.join(origin, on="source_line", how="inner")).orderBy("source_line")
    found = [(row["partner_id"], row["_rejected"]) for row in taken.collect()]
    assert found == [
        ("north", "partner_id is not the sender's"), ("north", None), ("north", None),
    ] * 2  # fmt: skip

"""Whose an event is stands in it: what is no partner's id is refused, and stops nobody else."""

import pytest
from pyspark.sql import SparkSession

from bronze.contracts import REJECTED
from bronze.meter_readings import meter_readings
from lake.testing import frame

pytestmark = pytest.mark.spark
BLOCK = '"meter_id": "m", "starts_at": "2025-05-01T00:00:00Z", "resolution": "PT1H", "value": 1'
ORIGIN = ("source", "source_file", "source_line", "received_at", "received_date")


def test_an_event_of_no_partner_is_refused_and_its_partner_is_unknown(spark: SparkSession) -> None:
    no_id = "partner_id is no id of a partner"
    events: list[tuple[str, str, str | None]] = [
        ('"partner_id": "p"', "p", None),
        ('"partner_id": "møller-1"', "møller-1", None),
        ('"partner_id": ""', "unknown", no_id),
        ('"partner_id": "o\'neil"', "unknown", no_id),
        ('"partner_id": "Müller & Co"', "unknown", no_id),
        (f'"partner_id": "{"x" * 300}"', "unknown", no_id),
        ('"partner_id": {"a": 1}', "unknown", "partner_id is not text: an object"),
        ('"value": [!', "unknown", "not a JSON object"),
        ('"partner_id": "p", "values": 5', "p", "values is not a list: a number"),
        ('"partner_id": "a/b", "values": 5', "unknown", "values is not a list: a number"),
    ]
    text = spark.createDataFrame(
        [(n, f"{{{said}, {BLOCK}}}".partition("!")[0]) for n, (said, _, _) in enumerate(events)],
        "source_line bigint, line string",
    ).selectExpr("*", "CAST(NULL AS STRING) AS partner_id", "CAST(NULL AS ARRAY<STRING>) AS header")
    origin = frame(spark, REJECTED, [{"source_line": n} for n in range(len(events))])
    rows = meter_readings(text.join(origin.select(*ORIGIN), on="source_line", how="inner"))
    found = rows.orderBy("source_line").select("partner_id", "_rejected").collect()
    assert [tuple(row) for row in found] == [(partner, why) for _, partner, why in events]

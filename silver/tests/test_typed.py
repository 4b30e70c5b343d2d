"""What text says of the time at which something was said."""

from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession

from silver.typed import said_at

pytestmark = pytest.mark.spark
RECEIVED = datetime(2025, 5, 2, 12, tzinfo=UTC)


def test_nothing_is_known_before_it_arrived(spark: SparkSession) -> None:
    earlier = datetime(2025, 5, 2, 6, tzinfo=UTC)
    cases = {
        "2025-05-02T08:00:00+02:00": earlier,
        "2025-05-02t06:00z": earlier,
        "2025-05-02T12:00:00Z": RECEIVED,
        "2025-05-02T12:00:01Z": RECEIVED,
        "2035-05-02T06:00:00Z": RECEIVED,
        "2025-05-02T06:00:00": RECEIVED,
        "yesterday": RECEIVED,
        "": RECEIVED,
        None: RECEIVED,
    }
    lines = spark.createDataFrame(
        [(text, RECEIVED) for text in cases], "known_at STRING, received_at TIMESTAMP"
    )
    told = lines.select(said_at().alias("at")).collect()
    assert [row["at"].astimezone(UTC) for row in told] == list(cases.values())

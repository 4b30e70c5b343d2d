"""What is looked at more than once is the same rows, whether they are few or many."""

from datetime import UTC, date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.hops.at_hand import FEW, AtHand
from lake.session import for_few_rows

pytestmark = pytest.mark.spark
SCHEMA = (
    "partner_id STRING NOT NULL, local_date DATE, starts_at TIMESTAMP, energy_kwh DOUBLE,"
    " reasons ARRAY<STRING>, position INT, state STRUCT<at: TIMESTAMP, is_new: BOOLEAN>"
)
SAID = [
    ("p", date(1, 1, 1), datetime(9999, 12, 31, tzinfo=UTC), float("nan"), ["a", None], 0, None),
    ("p", None, None, None, None, None, (datetime(2025, 3, 30, 1, tzinfo=UTC), True)),
    ("q", date(2025, 3, 30), datetime(2025, 10, 26, 1, 30, tzinfo=UTC), -0.0, [], -1, (None, None)),
]  # fmt: skip


def told(rows: DataFrame) -> list[str]:
    return sorted(row.said for row in rows.select(F.to_json(F.struct("*")).alias("said")).collect())


def test_few_rows_are_literals_that_say_the_same_in_each_session(spark: SparkSession) -> None:
    rows = spark.createDataFrame(SAID, SCHEMA)
    with AtHand() as at_hand:
        kept = at_hand.keep(rows)
        assert kept.is_few
        assert at_hand.frames == []
        beside = kept.beside(for_few_rows(spark))
        for found in (kept.rows, beside):
            assert found.schema == rows.schema
            assert told(found) == told(rows)
        assert kept.values("local_date") == [date(1, 1, 1), date(2025, 3, 30)]
        # A field that is never null, within a struct that may be.
        state = F.when(F.col("partner_id") == "q", F.struct("partner_id"))
        within = rows.select(state.alias("state"), F.array(state).alias("states"))
        assert told(at_hand(within)) == told(within)
        none = at_hand.keep(rows.where("false"))
        assert none.is_few
        assert none.rows.isEmpty()
        assert none.values("partner_id") == []


def test_more_rows_stay_in_spark_for_as_long_as_they_are_at_hand(spark: SparkSession) -> None:
    rows = spark.range(FEW + 1).withColumn("position", F.col("id") % 3)
    with AtHand() as at_hand:
        kept = at_hand.keep(rows)
        assert not kept.is_few
        assert kept.rows.count() == FEW + 1
        assert sorted(kept.values("position")) == [0, 1, 2]
        assert kept.rows.is_cached
    assert not rows.is_cached

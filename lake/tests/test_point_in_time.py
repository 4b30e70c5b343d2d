"""A training set sees what was known then, whatever is said later."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from lake.feature_store.point_in_time import point_in_time

pytestmark = pytest.mark.spark
FEATURES = "home string, feature_at timestamp, known_at timestamp, kwh double"
QUESTIONS = "home string, asked_at timestamp, label double"


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2025, 3, day, hour, tzinfo=UTC)


def answers(
    spark: SparkSession, told: Sequence[Any], asked: Sequence[Any], **more: Any
) -> list[Any]:
    joined = point_in_time(
        spark.createDataFrame([(h, t, 1.0) for h, t in asked], QUESTIONS),
        spark.createDataFrame(list(told), FEATURES),
        keys=["home"],
        at="asked_at",
        names=["kwh"],
        **more,
    )
    assert joined.columns == ["home", "asked_at", "label", "feature_at", "kwh"]
    return [row.kwh for row in joined.orderBy("home", "asked_at").collect()]


TOLD = [("a", at(2), at(2, 6), 1.0), ("a", at(3), at(3, 6), 2.0), ("b", at(2), at(2, 6), 9.0)]


def test_the_newest_feature_known_by_then_is_taken(spark: SparkSession) -> None:
    asked = [("a", at(2, 5)), ("a", at(2, 6)), ("a", at(3, 5)), ("a", at(3, 7)), ("b", at(9))]
    assert answers(spark, TOLD, asked) == [None, 1.0, 1.0, 2.0, 9.0]


def test_a_feature_known_later_is_not_seen(spark: SparkSession) -> None:
    late = [("a", at(2), at(20), 7.0)]
    assert answers(spark, late, [("a", at(19)), ("a", at(20))]) == [None, 7.0]


def test_a_late_correction_leaves_an_old_training_set_unchanged(spark: SparkSession) -> None:
    asked = [("a", at(2, 7)), ("a", at(3, 7)), ("b", at(4))]
    corrected = [*TOLD, ("a", at(2), at(5), 100.0), ("b", at(2), at(5), 100.0)]
    assert answers(spark, corrected, asked) == answers(spark, TOLD, asked)


def test_a_correction_counts_once_it_is_known_but_never_beats_a_later_event(
    spark: SparkSession,
) -> None:
    corrected = [*TOLD, ("a", at(2), at(2, 12), 1.5), ("a", at(2), at(5), 100.0)]
    asked = [("a", at(2, 11)), ("a", at(2, 13)), ("a", at(6))]
    assert answers(spark, corrected, asked) == [1.0, 1.5, 2.0]


def test_what_is_older_than_the_lookback_is_not_taken(spark: SparkSession) -> None:
    asked = [("a", at(10)), ("a", at(10, 1))]
    assert answers(spark, TOLD, asked, lookback=timedelta(days=7)) == [2.0, None]


def test_rows_never_multiply_and_none_is_lost(spark: SparkSession) -> None:
    asked = [("a", at(4))] * 3 + [("nobody", at(4))]
    assert answers(spark, TOLD * 4, asked) == [2.0, 2.0, 2.0, None]


def test_the_plan_joins_nothing(spark: SparkSession) -> None:
    def frame(rows: list[Any], schema: str) -> DataFrame:
        return spark.createDataFrame(rows, schema)

    joined = point_in_time(
        frame([], QUESTIONS), frame([], FEATURES), keys=["home"], at="asked_at", names=["kwh"]
    )
    plan = joined._jdf.queryExecution().optimizedPlan().toString()  # noqa: SLF001
    assert "Join" not in plan
    assert plan.count("Window ") == 1

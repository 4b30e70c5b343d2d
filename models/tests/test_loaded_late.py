"""A history that came in one go can be learned from, and is no clairvoyant for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from models.inputs.loaded_late import as_if_told_then
from models.load_forecasts import training

pytestmark = [pytest.mark.spark]
Make = Callable[..., DataFrame]
BEGAN = datetime(2025, 6, 1, 9, tzinfo=UTC)
CLOCK = datetime(2025, 7, 20, 12, tzinfo=UTC)
ROWS = "home string, feature_at timestamp, known_at timestamp, kwh double"


def test_what_came_at_the_beginning_is_known_at_its_time_and_the_rest_when_it_was(
    spark: SparkSession,
) -> None:
    winter, day = datetime(2025, 1, 10, tzinfo=UTC), timedelta(days=1)
    rows = [
        ("a", winter, BEGAN, 1.0),
        # Corrected 30 days after the history came.
        ("a", winter, BEGAN + 30 * day, 2.0),
        # Corrected after the clock: nobody knows it yet.
        ("a", winter, CLOCK + day, 3.0),
        # Late by less than two weeks, as the last days of a history are: as it was.
        ("a", BEGAN - 3 * day, BEGAN, 4.0),
        ("a", BEGAN + 3 * day, BEGAN + 4 * day, 5.0),
        # A home that told day by day, once corrected much later.
        ("b", winter, winter + day, 6.0),
        ("b", winter + day, winter + 60 * day, 7.0),
    ]
    told = as_if_told_then(spark.createDataFrame(rows, ROWS), series=["home"], clock=CLOCK)
    found = {row.kwh: row.known_at.replace(tzinfo=UTC) for row in told.collect()}
    assert found == {
        1.0: winter, 2.0: winter + 30 * day, 4.0: BEGAN, 5.0: BEGAN + 4 * day,
        6.0: winter + day, 7.0: winter + 60 * day,
    }  # fmt: skip


def test_a_model_learns_from_a_history_of_one_file(
    hours: Make, meters: Make, profile: Make, nowhere: Any
) -> None:
    registered = meters(("a", "elec", "import"))
    sent = hours("a", days=60).withColumn("known_at", F.lit(BEGAN))
    frame = training(profile(sent, registered), sent, registered, **nowhere, clock=CLOCK).toPandas()
    assert len(frame) > 100
    assert (frame["starts_at"] >= frame["asked_at"]).all()
    # Nothing of the history was known before it came.
    before = BEGAN - timedelta(days=1)
    assert not training(
        profile(sent, registered), sent, registered, **nowhere, clock=before
    ).count()

"""Whole days are features once they are known; what is said later changes no earlier answer."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.contracts import DAILY_LOAD
from features.daily_load import daily_load, touched_by_meters

pytestmark = pytest.mark.spark
DAY = date(2025, 3, 30)
KNOWN = datetime(2025, 3, 31, 6, tzinfo=UTC)
_ENERGY = (
    "partner_id string, location_id string, fuel string, direction string, local_date date, "
    "local_month string, energy_kwh double, observed_intervals int, expected_intervals int, "
    "known_at timestamp"
)


@pytest.fixture
def homes(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    meters = spark.createDataFrame(
        [("p", "a", "elec", "import", False, None)],
        "partner_id string, location_id string, fuel string, direction string, "
        "is_sub_meter boolean, deleted_at timestamp",
    )
    locations = spark.createDataFrame(
        [("p", "a", "Europe/Copenhagen")], "partner_id string, location_id string, time_zone string"
    )
    return meters, locations


@pytest.fixture
def day(spark: SparkSession) -> Callable[..., DataFrame]:
    def made(kwh: float, observed: int, direction: str = "import") -> DataFrame:
        row = ("p", "a", "elec", direction, DAY, "2025-03", kwh, observed, 92, KNOWN)
        return spark.createDataFrame([row], _ENERGY)

    return made


def test_a_day_counts_from_nine_tenths_on_and_is_scaled_to_the_whole(
    day: Callable[..., DataFrame], homes: tuple[DataFrame, DataFrame]
) -> None:
    whole, nearly, half = (
        daily_load(day(9.0, observed), *homes).collect() for observed in (92, 83, 82)
    )
    assert [row.day_kwh for row in (*whole, *nearly)] == [9.0, pytest.approx(9.0 * 92 / 83)]
    assert half == []
    assert daily_load(day(9.0, 92), *homes).columns == list(DAILY_LOAD.names)
    # The clocks went forward on that day: it ends at 22 hours UTC.
    assert whole[0].feature_at == datetime(2025, 3, 30, 22)  # noqa: DTZ001 - Spark's session is UTC


def test_consumption_that_is_import_by_another_name_is_left_out(
    day: Callable[..., DataFrame], homes: tuple[DataFrame, DataFrame]
) -> None:
    both = day(9.0, 92).unionByName(day(9.0, 92, "consumption"))
    assert [row.direction for row in daily_load(both, *homes).collect()] == ["import"]
    meters, _ = homes
    touched = touched_by_meters(meters, both).collect()
    assert [(row.location_id, row.local_date) for row in touched] == [("a", DAY)]

"""The profile of an hour tells working days from weekends, and forgets nothing that was known."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.hourly_load_profile import hourly_load_profile

pytestmark = [pytest.mark.spark]
Make = Callable[[Sequence[float | None]], DataFrame]
# A Monday.
FIRST = datetime(2025, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def newest(spark: SparkSession) -> Make:
    """Make the profile of one hour from its energy day by day; return the row of the last day."""

    def made(kwh: Sequence[float | None]) -> DataFrame:
        hours = [
            (FIRST + timedelta(days=n), value) for n, value in enumerate(kwh) if value is not None
        ]
        energy = spark.createDataFrame(hours, "starts_at timestamp, energy_kwh double").select(
            *(F.lit(value).alias(name) for name, value in
              (("partner_id", "p"), ("location_id", "a"), ("fuel", "elec"), ("direction", "import"),
               ("observed_intervals", 1), ("expected_intervals", 1))),
            "starts_at", "energy_kwh", F.to_date("starts_at").alias("local_date"),
            F.date_format("starts_at", "yyyy-MM").alias("local_month"),
            F.timestamp_add("DAY", F.lit(1), "starts_at").alias("known_at"),
        )  # fmt: skip
        meters = spark.createDataFrame(
            [("p", "a", "elec", "import", False, None)],
            "partner_id string, location_id string, fuel string, direction string, "
            "is_sub_meter boolean, deleted_at timestamp",
        )
        zones = spark.createDataFrame(
            [("p", "a", "Atlantic/Reykjavik")],
            "partner_id string, location_id string, time_zone string",
        )
        rows = hourly_load_profile(energy, meters, zones)
        return rows.orderBy(F.desc("local_date")).limit(1)

    return made


def test_working_days_and_weekends_are_told_apart(newest: Make) -> None:
    week = [1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 40.0]
    row = newest(week * 4).collect()[0]
    assert (row.workday_median_28d_kwh, row.workday_mean_28d_kwh) == (3.0, 4.0)
    assert (row.weekend_median_28d_kwh, row.weekend_mean_28d_kwh) == (30.0, 30.0)
    assert row.median_28d_kwh == 4.0


def test_what_was_never_seen_is_empty_not_zero(newest: Make) -> None:
    row = newest([1.0, 2.0, None, None, 3.0]).collect()[0]
    assert (row.weekend_median_28d_kwh, row.weekend_mean_28d_kwh) == (None, None)
    assert (row.workday_median_28d_kwh, row.days_observed) == (2.0, 3)


def test_quantiles_lie_between_the_values(newest: Make) -> None:
    row = newest([float(n) for n in range(11)]).collect()[0]
    found = [row.p10_28d_kwh, row.p25_28d_kwh, row.median_28d_kwh, row.p75_28d_kwh, row.p90_28d_kwh]
    assert found == pytest.approx([1.0, 2.5, 5.0, 7.5, 9.0])


def test_one_reading_is_its_own_quantile(newest: Make) -> None:
    row = newest([0.7]).collect()[0]
    assert (row.p10_28d_kwh, row.median_28d_kwh, row.p90_28d_kwh) == (0.7, 0.7, 0.7)
    assert row.deviation_28d_kwh == 0.0

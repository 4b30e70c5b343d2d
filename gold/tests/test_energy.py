"""Sums by period: each thing once, and what is not known is not zero."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from gold.energy import in_days, in_months, in_steps
from silver.contracts import ENERGY_IN_CONTEXT

pytestmark = pytest.mark.spark
SPRING = datetime(2025, 3, 29, 23, tzinfo=UTC)  # midnight in Copenhagen; that day has 23 hours


@pytest.fixture
def energy(table: Callable[..., Any]) -> Callable[..., DataFrame]:
    """A maker of intervals of one home in Copenhagen."""

    def make(*told: tuple[datetime, str, int, float], **every: Any) -> DataFrame:
        rows = [
            {
                "starts_at": start,
                "ends_at": start + timedelta(seconds=seconds),
                "resolution": resolution,
                "energy_kwh": kwh,
                "local_date": (start + timedelta(hours=1)).date(),
                "local_month": f"{start + timedelta(hours=1):%Y-%m}",
            }
            for start, resolution, seconds, kwh in told
        ]
        same = {"location_id": "h", "fuel": "elec", "direction": "import"}
        zone = {"time_zone": "Europe/Copenhagen"}
        frame: DataFrame = table(ENERGY_IN_CONTEXT, rows, **{**same, **zone, **every})
        return frame

    return make


def hours(start: datetime, count: int, kwh: float = 1.0) -> list[tuple[datetime, str, int, float]]:
    return [(start + timedelta(hours=n), "PT1H", 3600, kwh) for n in range(count)]


def same(spark: SparkSession, found: DataFrame, schema: str, *rows: tuple[Any, ...]) -> None:
    names = [field.split()[0] for field in schema.split(", ")]
    assert_df_equality(
        found.select(*names),
        spark.createDataFrame(list(rows), schema),
        ignore_nullable=True,
        ignore_metadata=True,
        ignore_row_order=True,
    )


def test_a_spring_day_expects_23_hours_and_a_gap_is_seen(
    spark: SparkSession, energy: Callable[..., DataFrame]
) -> None:
    whole = in_days(energy(*hours(SPRING, 23)))
    counts = "energy_kwh double, observed_intervals int, expected_intervals int"
    same(spark, whole, counts, (23.0, 23, 23))
    same(spark, in_days(energy(*hours(SPRING, 20))), counts, (20.0, 20, 23))


def test_import_that_is_consumption_is_said_under_both_names(
    spark: SparkSession, energy: Callable[..., DataFrame]
) -> None:
    rows = energy(*hours(SPRING, 2), is_consumption=True)
    for found in (in_days(rows), in_months(rows)):
        same(
            spark,
            found,
            "direction string, energy_kwh double",
            ("import", 2.0),
            ("consumption", 2.0),
        )


def test_a_day_said_as_hours_and_as_its_total_counts_once(
    spark: SparkSession, energy: Callable[..., DataFrame]
) -> None:
    rows = energy(*hours(SPRING, 23), (SPRING, "P1D", 23 * 3600, 23.5))
    same(spark, in_days(rows), "energy_kwh double, observed_intervals int", (23.0, 23))


def test_quarters_add_up_to_hours_and_longer_intervals_to_no_hour(
    spark: SparkSession, energy: Callable[..., DataFrame]
) -> None:
    quarters = [(SPRING + timedelta(minutes=15 * n), "PT15M", 900, n + 1.0) for n in range(4)]
    rows = energy(*quarters, (SPRING + timedelta(hours=2), "PT2H", 7200, 9.0))
    same(
        spark,
        in_steps(rows, seconds=3600),
        "energy_kwh double, observed_intervals int, expected_intervals int, peak_kw double",
        (10.0, 4, 4, 16.0),
    )


def test_degree_days_and_cost_are_empty_where_temperature_and_price_are_missing(
    spark: SparkSession, energy: Callable[..., DataFrame]
) -> None:
    unknown = energy(*hours(SPRING, 23))
    cold = energy(*hours(SPRING, 23), temperature_c=5.0, price_per_kwh=0.5, currency="DKK")
    what = "temperature_c double, degree_days double, cost double, currency string"
    for made in (in_days, in_months):
        same(spark, made(unknown), what, (None, None, None, None))
        same(spark, made(cold), what, (5.0, 12.0, 11.5, "DKK"))
    warm = energy(*hours(SPRING, 23), temperature_c=20.0)
    same(spark, in_days(warm), "degree_days double", (0.0,))

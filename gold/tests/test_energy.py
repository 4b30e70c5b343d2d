"""Sums by period: each thing once, and what is not known is not zero."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from gold.energy import in_days, in_months, in_steps
from gold.energy_weekly import energy_weekly
from silver.contracts import ENERGY_IN_CONTEXT, LOCATIONS

pytestmark = pytest.mark.spark
CPH = ZoneInfo("Europe/Copenhagen")
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
                "local_date": start.astimezone(CPH).date(),
                "local_month": f"{start.astimezone(CPH):%Y-%m}",
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


@pytest.fixture
def place(table: Callable[..., Any]) -> DataFrame:
    """The home's location."""
    found: DataFrame = table(
        LOCATIONS, [{}], location_id="h", time_zone="Europe/Copenhagen", country_code="DK"
    )
    return found


def days_of(energy: DataFrame, place: DataFrame) -> DataFrame:
    return in_days(in_steps(energy, seconds=3600), energy, place)


def months_of(energy: DataFrame, place: DataFrame) -> DataFrame:
    return in_months(days_of(energy, place), energy, place)


def test_a_spring_day_expects_23_hours_and_a_gap_is_seen(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    whole = days_of(energy(*hours(SPRING, 23)), place)
    counts = "energy_kwh double, observed_intervals int, expected_intervals int"
    same(spark, whole, counts, (23.0, 23, 23))
    same(spark, days_of(energy(*hours(SPRING, 20)), place), counts, (20.0, 20, 23))


def test_import_that_is_consumption_is_said_under_both_names(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    rows = energy(*hours(SPRING, 2), is_consumption=True)
    total = energy((SPRING, "P1D", 23 * 3600, 2.0), is_consumption=True)
    for found in (days_of(rows, place), months_of(rows, place), days_of(total, place)):
        same(
            spark,
            found,
            "direction string, energy_kwh double",
            ("import", 2.0),
            ("consumption", 2.0),
        )


def test_a_month_said_beside_its_days_counts_once(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    start = datetime(2025, 2, 28, 23, tzinfo=UTC)
    seconds = 31 * 86_400 - 3600
    days = [(start + timedelta(days=n), "P1D", 86_400, 1.0) for n in range(31)]
    what = "energy_kwh double, observed_intervals int, expected_intervals int"
    told = (start, "P1M", seconds, 40.0)
    same(spark, months_of(energy(*days, told), place), what, (31.0, 31, 31))
    # A day is missing, so the month knows more than its days.
    same(spark, months_of(energy(*days[:-1], told), place), what, (40.0, 1, 1))
    same(spark, months_of(energy(*days[:-1]), place), what, (30.0, 30, 31))


OCTOBER = datetime(2025, 9, 30, 22, tzinfo=UTC)  # it has 31 days and an hour
COUNTS = "energy_kwh double, observed_intervals int, expected_intervals int"


def test_a_bill_stands_for_the_days_within_it_and_those_outside_count_beside_it(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    bill = (OCTOBER, "PT360H", 15 * 86_400, 150.0)
    exchanged = OCTOBER + timedelta(days=15)
    after = hours(exchanged, 16 * 24 + 1, 0.5)
    same(spark, months_of(energy(bill, *after), place), COUNTS, (342.5, 745, 745))
    # Hours of some days within it are told by it already, those of all are told by themselves.
    within = hours(OCTOBER + timedelta(days=9), 4 * 24, 9.0)
    same(spark, months_of(energy(bill, *within, *after), place), COUNTS, (342.5, 745, 745))
    whole = hours(OCTOBER, 15 * 24)
    same(spark, months_of(energy(bill, *whole, *after), place), COUNTS, (552.5, 745, 745))
    # A meter that is exchanged at ten begins on the day on which the other ends.
    at_ten = (OCTOBER, "PT370H", 15 * 86_400 + 36_000, 150.0)
    same(spark, months_of(energy(at_ten, *after[10:]), place), COUNTS, (337.5, 745, 745))
    # Of a bill that goes on in the next month the days of this one are looked at.
    late = (OCTOBER + timedelta(days=12), "PT624H", 26 * 86_400, 260.0)
    all_of_it = hours(OCTOBER, 31 * 24 + 1)
    same(spark, months_of(energy(late, *all_of_it), place), COUNTS, (745.0, 745, 745))


def test_a_bill_of_a_part_of_the_month_says_that_it_is_one(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    bill = energy((OCTOBER, "PT504H", 21 * 86_400, 210.0))
    same(spark, months_of(bill, place), COUNTS, (210.0, 21, 31))
    month = energy((OCTOBER, "P1M", 31 * 86_400 + 3600, 310.0))
    same(spark, months_of(month, place), COUNTS, (310.0, 1, 1))


def test_a_month_that_was_said_has_no_degree_days_of_some_of_its_days(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    last = hours(OCTOBER + timedelta(days=26, hours=1), 5 * 24)
    month = (OCTOBER, "P1M", 31 * 86_400 + 3600, 310.0)
    what = "energy_kwh double, degree_days double, cooling_degree_days double"
    same(spark, months_of(energy(*last, temperature_c=5.0), place), what, (120.0, 60.0, 0.0))
    said = energy(month, *last, temperature_c=5.0)
    same(spark, months_of(said, place), what, (310.0, None, None))


def test_quarters_add_up_to_hours_and_longer_intervals_to_no_hour(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    quarters = [(SPRING + timedelta(minutes=15 * n), "PT15M", 900, n + 1.0) for n in range(4)]
    rows = energy(*quarters, (SPRING + timedelta(hours=2), "PT2H", 7200, 9.0))
    same(
        spark,
        in_steps(rows, seconds=3600),
        "energy_kwh double, observed_intervals int, expected_intervals int, peak_kw double",
        (10.0, 4, 4, 16.0),
    )
    same(spark, days_of(rows, place), "energy_kwh double, peak_kw double", (19.0, 16.0))


def test_degree_days_and_cost_are_empty_where_temperature_and_price_are_missing(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    unknown = energy(*hours(SPRING, 23))
    cold = energy(*hours(SPRING, 23), temperature_c=5.0, price_per_kwh=0.5, currency="DKK")
    what = "temperature_c double, degree_days double, cost double, currency string"
    for made in (days_of, months_of):
        same(spark, made(unknown, place), what, (None, None, None, None))
        same(spark, made(cold, place), what, (5.0, 12.0, 11.5, "DKK"))
    warm = energy(*hours(SPRING, 23), temperature_c=20.0)
    same(spark, days_of(warm, place), "degree_days double", (0.0,))


def test_money_of_two_currencies_does_not_add_up(
    spark: SparkSession, energy: Callable[..., DataFrame], place: DataFrame
) -> None:
    day = SPRING - timedelta(days=1)
    krone = energy(*hours(day, 24), price_per_kwh=0.5, currency="DKK")
    # The last hour of the second day is the first in euro; so is all of the third.
    rows = (
        krone.unionByName(energy(*hours(SPRING, 22), price_per_kwh=0.5, currency="DKK"))
        .unionByName(energy(*hours(SPRING + timedelta(hours=22), 25), price_per_kwh=0.25,
                            currency="EUR"))
    )  # fmt: skip
    days = days_of(rows, place)
    what = "energy_kwh double, cost double, currency string"
    same(
        spark, days, what, (24.0, 12.0, "DKK"), (23.0, None, None),
        (24.0, 6.0, "EUR"),
    )  # fmt: skip
    same(spark, months_of(rows, place), what, (71.0, None, None))
    same(spark, energy_weekly(days, place), what, (47.0, None, None), (24.0, 6.0, "EUR"))

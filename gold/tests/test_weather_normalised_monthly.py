"""Use in normal weather: the degree days of each calendar day, averaged over the years."""

from datetime import date, timedelta

import numpy as np
import pytest
from pyspark.sql import Row, SparkSession

from gold.tests.modelled_homes import ModelledHomes

pytestmark = pytest.mark.spark
Months = dict[str, list[Row]]
HOMES = ModelledHomes()


@pytest.fixture(scope="module")
def months(spark: SparkSession) -> Months:
    """The months in normal weather of each home that this file adds with a model."""
    return HOMES.normalised(spark)


TWO_YEARS = [date(2023, 7, 1) + timedelta(days=n) for n in range(730)]
# May of one year had 10 °C, of the other 6: the normal May has 5 to 9, 7 on the average.
COLD = HOMES.add_model((d, 6.0 if d >= date(2025, 5, 1) else 10.0) for d in TWO_YEARS)


def test_a_cold_month_would_have_used_less_in_normal_weather(months: Months) -> None:
    (may,) = months[COLD]
    assert (may.outcome, may.years, may.energy_kwh) == ("normalised", 2, 300.0)
    assert may.normal_temperature_c == pytest.approx(8.0)
    assert may.normalised_kwh == pytest.approx(31 * (5 + 2 * (15 - 8)))
    within = 1.645 * np.sqrt(31 + 31 * 31 / 365)
    assert may.high_kwh - may.normalised_kwh == pytest.approx(within)
    assert may.normalised_kwh - may.low_kwh == pytest.approx(within)


MILD = HOMES.add_model((d, 25.0 if d.year < 2025 else 10.0) for d in TWO_YEARS)


def test_degree_days_are_averaged_and_not_those_of_the_mean(months: Months) -> None:
    (may,) = months[MILD]
    # At the mean of 17.5 °C nothing would be heated; in one year of two 5 °C·d a day are.
    assert may.normalised_kwh == pytest.approx(31 * (5 + 2 * 2.5))


PART_OF_A_YEAR = [(date(2024, 8, 1) + timedelta(days=n), 5.0) for n in range(330)]
NO_YEAR = HOMES.add_model(PART_OF_A_YEAR)
NO_MODEL = HOMES.add_model(PART_OF_A_YEAR, outcome="too_few_days", base_kwh_per_day=None)


def test_without_a_whole_year_of_weather_or_a_model_there_is_a_code(months: Months) -> None:
    (may,) = months[NO_YEAR]
    assert (may.outcome, may.normalised_kwh, may.energy_kwh) == ("no_normal_year", None, 300.0)
    (may,) = months[NO_MODEL]
    assert (may.outcome, may.low_kwh, may.high_kwh) == ("too_few_days", None, None)

"""Degree days follow the practice of the country, and a missing temperature stays missing."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from gold.contracts.degree_days import COOLING, HEATING
from gold.degree_days import cooling_degree_days, heating_degree_days

_CASES = [
    # country, mean temperature, heating and cooling degree days
    ("DK", 5.0, 12.0, 0.0),
    ("SE", 16.9, 0.1, 0.0),
    ("FI", 17.0, 0.0, 0.0),
    ("GB", 15.0, 0.5, 0.0),
    ("GB", 16.0, 0.0, 0.0),
    ("US", 10.0, 8.0 + 1 / 3, 0.0),
    ("US", 20.0, 0.0, 20 - (65 - 32) / 1.8),
    ("CH", 12.0, 8.0, 0.0),
    ("CH", 12.1, 0.0, 0.0),
    ("NL", 17.5, 0.5, 0.0),
    # Eurostat's rule: counted from the limit on, down to the base.
    ("DE", 15.0, 3.0, 0.0),
    ("DE", 15.1, 0.0, 0.0),
    ("IT", 23.9, 0.0, 0.0),
    ("IT", 24.0, 0.0, 3.0),
    ("ZZ", -10.0, 28.0, 0.0),
    (None, -10.0, 28.0, 0.0),
    ("DK", None, None, None),
    (None, None, None, None),
]


def test_each_country_has_its_base_and_others_that_of_eurostat(spark: SparkSession) -> None:
    days = spark.createDataFrame(
        [(n, *case) for n, case in enumerate(_CASES)],
        "n int, country_code string, temperature_c double, heating double, cooling double",
    )
    day = F.col("temperature_c"), F.col("country_code")
    found = days.select(
        "n",
        heating_degree_days(*day).alias("heating"),
        cooling_degree_days(*day).alias("cooling"),
    )
    by_case = {row.n: (row.heating, row.cooling) for row in found.collect()}
    for n, (country, temperature_c, heating, cooling) in enumerate(_CASES):
        wanted = tuple(None if v is None else pytest.approx(v) for v in (heating, cooling))
        assert by_case[n] == wanted, (country, temperature_c)


def test_a_rule_never_counts_a_day_below_zero() -> None:
    assert all(rule.base_c >= rule.limit_c for rule in HEATING.values())
    assert all(rule.base_c <= rule.limit_c for rule in COOLING.values())

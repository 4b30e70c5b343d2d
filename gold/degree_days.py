"""The mean temperature of a local day, and its country -> heating and cooling degree days."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts.degree_days import COOLING, EUROSTAT_COOLING, EUROSTAT_HEATING, HEATING, Rule
from silver.contracts import HOME


def with_degree_days(days: DataFrame, locations: DataFrame) -> DataFrame:
    """Add the heating and cooling degree days of each day, by the practice of its country."""
    countries = F.broadcast(locations.select(*HOME, "country_code"))
    day = (F.col("temperature_c"), F.col("country_code"))
    return days.join(countries, on=HOME, how="inner").withColumns(
        {"degree_days": heating_degree_days(*day), "cooling_degree_days": cooling_degree_days(*day)}
    )


def heating_degree_days(temperature_c: Column, country_code: Column) -> Column:
    """Return the heating degree days (°C·d) of a day with this mean temperature (°C).

    ``country_code`` is ISO 3166-1 alpha-2; one that is unknown or null takes Eurostat's rule. Null
    where there is no temperature.
    """
    limit, base = _of(country_code, HEATING, EUROSTAT_HEATING)
    counted = F.when(temperature_c <= limit, base - temperature_c)
    return F.when(temperature_c.isNotNull(), F.coalesce(counted, F.lit(0.0)))


def cooling_degree_days(temperature_c: Column, country_code: Column) -> Column:
    """Return the cooling degree days (°C·d) of a day with this mean temperature (°C).

    Countries and nulls as in heating_degree_days().
    """
    limit, base = _of(country_code, COOLING, EUROSTAT_COOLING)
    counted = F.when(temperature_c >= limit, temperature_c - base)
    return F.when(temperature_c.isNotNull(), F.coalesce(counted, F.lit(0.0)))


def _of(country_code: Column, rules: Mapping[str, Rule], other: Rule) -> tuple[Column, Column]:
    """Return limit and base of a row's country."""
    limit, base = F.lit(other.limit_c), F.lit(other.base_c)
    for rule in sorted(set(rules.values())):
        has_rule = country_code.isin(*(code for code, of in rules.items() if of == rule))
        limit = F.when(has_rule, F.lit(rule.limit_c)).otherwise(limit)
        base = F.when(has_rule, F.lit(rule.base_c)).otherwise(base)
    return limit, base

"""The mean temperature of a local day, and its country -> heating and cooling degree days.

A day colder than the heating limit counts with what it lacks to the base; limit and base are one in
most countries. Where a country is not named here, the rule of Eurostat and the JRC holds: below
15 °C up to 18 °C, and above 24 °C down to 21 °C (Eurostat, nrg_chdd metadata, 3.1).
"""

from collections.abc import Mapping
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F


class Rule(NamedTuple):
    """From which mean temperature on a day counts, and to which base, both in °C."""

    limit_c: float
    base_c: float


EUROSTAT_HEATING = Rule(15.0, 18.0)
EUROSTAT_COOLING = Rule(24.0, 21.0)
_NORDIC = Rule(17.0, 17.0)
_BRITISH = Rule(15.5, 15.5)
_SIXTY_FIVE_F = Rule((65 - 32) / 1.8, (65 - 32) / 1.8)
_EIGHTEEN = Rule(18.0, 18.0)
_ALPINE = Rule(12.0, 20.0)
HEATING: Mapping[str, Rule] = {
    # SMHI, Finnish Meteorological Institute (S17), Danish Technological Institute, Enova. Their
    # seasonal stops (Finland: 10 °C in spring, 12 °C in autumn) are left out: they are monthly.
    **dict.fromkeys(("DK", "FI", "IS", "NO", "SE"), _NORDIC),
    # Carbon Trust CTG075, CIBSE TM41; Ireland: Met Éireann.
    **dict.fromkeys(("GB", "IE"), _BRITISH),
    # SIA 381/3 (HGT 20/12); Austria: ÖNORM B 8110-5.
    **dict.fromkeys(("AT", "CH"), _ALPINE),
    # Statistics Netherlands (CBS, graaddagen); Environment and Climate Change Canada.
    **dict.fromkeys(("CA", "NL"), _EIGHTEEN),
    # NOAA, EIA: 65 °F.
    "US": _SIXTY_FIVE_F,
}
COOLING: Mapping[str, Rule] = {"CA": _EIGHTEEN, "US": _SIXTY_FIVE_F}


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

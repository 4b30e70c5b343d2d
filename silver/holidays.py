"""silver.locations -> silver.holidays: the public holidays of the countries that have a location.

The days come from the `holidays` library, for the whole of a country; those of single regions are
not told. All countries are worked out at once (2 s, kept for the process), which no run pays that
meets no new country.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import holidays as library
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from silver.contracts import HOLIDAYS

FIRST_YEAR, LAST_YEAR = 2010, 2035


def holidays(locations: DataFrame) -> DataFrame:
    """Return a row a country and day, from 2010 to 2035 (holidays 0.109)."""
    countries = locations.select("country_code").distinct()
    known = locations.sparkSession.createDataFrame(calendar())
    return known.join(F.broadcast(countries), on="country_code", how="left_semi").select(
        *HOLIDAYS.names
    )


def touched_by_locations(changes: DataFrame, holidays: DataFrame) -> DataFrame:
    """Return the countries that are new, or that a location may have left."""
    there = holidays.select("country_code", F.lit(True).alias("_is_there")).distinct()
    may_have_left = F.col("_change_type").isin("update_preimage", "delete")
    return (
        changes.where(F.col("country_code").isin(*supported()))
        .join(F.broadcast(there), on="country_code", how="left")
        .where(F.col("_is_there").isNull() | may_have_left)
        .select("country_code")
    )


@cache
def calendar() -> pa.Table:
    """Return ``country_code, local_date, name, name_en`` of all that the library knows."""
    rows = [row for code in supported() for row in _of(code)]
    names = ("country_code", "local_date", "name", "name_en")
    types = (pa.string(), pa.date32(), pa.string(), pa.string())
    return pa.table(
        [pa.array(found, kind) for found, kind in zip(zip(*rows, strict=True), types, strict=True)],
        names=names,
    )


@cache
def supported() -> tuple[str, ...]:
    """Return the countries (ISO 3166-1 alpha-2) that the library knows."""
    return tuple(sorted(c for c in library.list_supported_countries() if len(c) == 2))


def _of(code: str) -> Iterator[tuple[str, date, str, str | None]]:
    of_country: Any = getattr(library, code)
    local = of_country.default_language
    english = _english(local, of_country.supported_languages)
    names = _days(code, local)
    in_english = names if english == local else _days(code, english)
    for day, name in sorted(names.items()):
        yield code, day, name, in_english.get(day)


def _english(local: str | None, languages: tuple[str, ...]) -> str | None:
    """Return the language to ask for English; where there is one language only, it is English."""
    if local is None or local.startswith("en"):
        return local
    return "en_US" if "en_US" in languages else None


def _days(code: str, language: str | None) -> dict[date, str]:
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    return dict(library.country_holidays(code, years=years, language=language))

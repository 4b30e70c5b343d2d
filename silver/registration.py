"""The registration document (a line a location) as columns; shared by what is made of it."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.typed import said_at

PROFILE = (
    "valid_from STRING, house_type STRING, living_area_m2 STRING, persons STRING, "
    "heating_type_primary STRING, electric_cars STRING"
)
_METER = (
    "meter_id STRING, fuel STRING, direction STRING, supply_start STRING, supply_end STRING, "
    "is_sub_meter STRING, fuse_ampere STRING, kwh_per_m3 STRING, register_digits STRING, "
    "is_deleted STRING"
)
_DOCUMENT = (
    "country_code STRING, time_zone STRING, latitude STRING, longitude STRING, price_zone STRING, "
    "known_at STRING, is_deleted STRING, profile STRING, tariffs STRING, "
    "max_demand_limits STRING, "
    f"meters ARRAY<STRUCT<{_METER.replace(' STRING', ': STRING')}>>"
)


def opened(bronze_registrations: DataFrame) -> DataFrame:
    """Add the document's fields, text as yet, and ``known_at``."""
    return (
        bronze_registrations.withColumn("_doc", F.from_json("document", _DOCUMENT))
        .select("*", "_doc.*")
        .withColumn("known_at", said_at())
    )


def known(bronze_registrations: DataFrame) -> DataFrame:
    """Add ``known_at`` as the document tells it, in text, as other lines have it."""
    return bronze_registrations.withColumn("known_at", F.get_json_object("document", "$.known_at"))


def deleted_at(*marks: Column) -> Column:
    """Return when it was said to be deleted: where one of the marks is true; null where none is."""
    is_deleted = F.greatest(F.lit(False), *(mark.try_cast("boolean") for mark in marks))
    return F.when(is_deleted, F.col("known_at"))


def number(text: str, *, lowest: float, highest: float) -> Column:
    """Read a number; null outside its bounds."""
    value = F.col(text).try_cast("double")
    return F.when(value.between(lowest, highest), value)


def unread_date(text: Column) -> Column:
    """Tell whether a text is there that is no date."""
    return text.isNotNull() & text.try_cast("date").isNull()


def word(text: str, *, among: Sequence[str]) -> Column:
    """Read one of some words, in upper or lower case; null for another."""
    said = F.lower(F.trim(F.col(text)))
    return F.when(said.isin(*among), said)


def payload(*names: str) -> Column:
    """Return the named columns as one JSON object."""
    return F.to_json(F.struct(*names))

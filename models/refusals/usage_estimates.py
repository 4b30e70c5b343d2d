"""Homes of which a year's use cannot be told without a meter -> their refusals."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.refusals.refused import in_words, refused
from models.usage.homes import fuels_used, valid_on
from silver.contracts import HOME

_INSIGHT = "estimate"
_SERIES = [*HOME, "fuel"]
_MESSAGES = {
    "profile_insufficient": "An estimate without a meter needs the house type at least.",
    "no_model": "No model of annual use has passed its test, and no typical values are published "
    "here for such a home.",
}


def usage_estimates_refusals(
    usage_estimates: DataFrame,
    home_profiles: DataFrame,
    locations: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row a home and fuel that it must use for which nothing was estimated that day."""
    issued = usage_estimates.where(F.col("issued_date") == F.lit(clock.date()))
    return (
        locations.where("deleted_at IS NULL")
        .select(*HOME, "country_code")
        .join(valid_on(home_profiles, day=clock.date()), on=HOME, how="left")
        .withColumn("fuel", F.explode(fuels_used()))
        .join(issued.select(*_SERIES).distinct(), on=_SERIES, how="left_anti")
        .withColumn("code", F.when(F.col("house_type").isNull(), "profile_insufficient")
                    .otherwise("no_model"))
        .withColumns(
            {
                "direction": F.lit("consumption"),
                "description": in_words(_MESSAGES),
                "details": _details(),
            }
        )
        .transform(lambda rows: refused(rows, insight=_INSIGHT, clock=clock))
    )  # fmt: skip


def _details() -> Column:
    lacks = F.array_compact(F.array(F.when(F.col("house_type").isNull(), F.lit("house_type"))))
    return F.to_json(F.struct(lacks.alias("profile_lacks"), "country_code", "heating_type_primary"))

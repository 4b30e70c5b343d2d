"""What has energy but is compared with no homes -> its refusals, of the last finished month."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import COMPARABLE, LARGEST_SHARE, SMALLEST_GROUP
from models.contracts import ALWAYS_MATCHED
from models.refusals.refused import in_words, refused
from models.similar.cells import candidates
from silver.contracts import HOME

_INSIGHT = "similar_homes"
_NEEDED = (*ALWAYS_MATCHED, "house_type")
_SERIES = [*HOME, "fuel"]
_MESSAGES = {
    "profile_insufficient": "Similar homes are found by country, main heating and house type; "
    "not all of them are known.",
    "too_little_history": f"A comparison needs {COMPARABLE:.0%} of a month's consumption; the last "
    "month has less.",
    "no_matching_group": "No other home with this heating and a whole month is there to compare "
    "with.",
    "not_enough_contributors": f"A comparison needs {SMALLEST_GROUP} other homes, none of them "
    f"over {LARGEST_SHARE:.0%} of their energy together; there are fewer.",
}


def similar_homes_refusals(
    energy_monthly: DataFrame,
    home_signatures: DataFrame,
    home_profiles: DataFrame,
    locations: DataFrame,
    similar_homes: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row a home and fuel without a group in the month before that of ``clock``.

    How many homes there are is not told: a count below the smallest group tells of homes too.
    """
    last = F.add_months(F.trunc(F.lit(clock.date()), "month"), -1)
    month = F.date_format(last, "yyyy-MM")
    is_now = (F.col("local_month") == month) & (
        F.greatest("known_at", "feature_at") <= F.lit(clock)
    )
    able = candidates(home_signatures.where(is_now), home_profiles, locations).where(
        "period = 'P1M'"
    )
    told = similar_homes.where((F.col("local_month") == month) & (F.col("period") == "P1M"))
    return (
        energy_monthly.where((F.col("known_at") <= F.lit(clock)) & (F.col("local_date") <= last))
        .select(*_SERIES)
        .distinct()
        .join(told.select(*_SERIES), on=_SERIES, how="left_anti")
        .transform(lambda rows: _with_profile(rows, home_profiles, locations, last))
        .join(able.select(*_SERIES, "is_whole", "share_observed"), on=_SERIES, how="left")
        .join(_others(able), on=["partner_id", "fuel", *ALWAYS_MATCHED], how="left")
        .withColumn("code", _code())
        .withColumns(
            {
                "direction": F.lit("consumption"),
                "description": in_words(_MESSAGES),
                "details": _details(month),
            }
        )
        .transform(lambda rows: refused(rows, insight=_INSIGHT, clock=clock))
    )


def _with_profile(
    rows: DataFrame, home_profiles: DataFrame, locations: DataFrame, last: Column
) -> DataFrame:
    end = F.last_day(last)
    is_valid = (F.col("valid_from") <= end) & (
        F.col("valid_to").isNull() | (F.col("valid_to") > end)
    )
    profiles = home_profiles.where(is_valid).select(*HOME, "heating_type_primary", "house_type")
    places = locations.where("deleted_at IS NULL").select(*HOME, "country_code")
    return rows.join(places, on=HOME).join(profiles, on=HOME, how="left")


def _others(able: DataFrame) -> DataFrame:
    """Count the homes of the widest match."""
    whole = able.where("is_whole AND is_matchable")
    return whole.groupBy("partner_id", "fuel", *ALWAYS_MATCHED).agg(
        F.count(F.lit(1)).alias("_homes")
    )


def _code() -> Column:
    is_unknown = F.lit(False)
    for name in _NEEDED:
        is_unknown = is_unknown | F.col(name).isNull()
    return (
        F.when(is_unknown, "profile_insufficient")
        .when(~F.coalesce("is_whole", F.lit(False)), "too_little_history")
        # The home itself is one of them.
        .when(F.coalesce("_homes", F.lit(0)) <= 1, "no_matching_group")
        .otherwise("not_enough_contributors")
    )


def _details(month: Column) -> Column:
    missing = F.array_compact(F.array(*(F.when(F.col(n).isNull(), F.lit(n)) for n in _NEEDED)))
    return F.to_json(
        F.struct(
            month.alias("local_month"),
            missing.alias("profile_lacks"),
            F.coalesce("share_observed", F.lit(0.0)).alias("completeness"),
            F.lit(COMPARABLE).alias("completeness_needed"),
            F.lit(SMALLEST_GROUP).alias("contributors_needed"),
        )
    )

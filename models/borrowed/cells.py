"""Series without a week of readings + those with a month -> the group that each borrows from.

Groups are of one partner, country, fuel and direction, with panels or without. Similar homes are
of one house type too, and of one heating, with an electric car or without, and of like area as far
as there are ENOUGH; the last is left out first. Where even homes of one type or one heating are
too few, all homes of the group stand in, if own days or the profile say how much the home uses.
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from gold.contracts import SMALLEST_GROUP
from models.borrowed.profile import BY_HOUR_FROM, DAYS
from models.contracts import BASES, LARGEST_GROUP
from models.inputs.forecastable import SERIES
from models.similar.cells import area_class
from models.usage.homes import valid_on
from silver.contracts import HOME

CELL = ["partner_id", "fuel", "direction", "cell"]
ENOUGH = BY_HOUR_FROM
# From the nearest to the farthest; the last is of homes that are not alike.
_LEVELS = (
    ("house_type", "heating_type_primary", "has_car", "area"),
    ("house_type", "heating_type_primary", "has_car"),
    ("house_type", "heating_type_primary"),
    ("house_type",),
    ("heating_type_primary",),
    (),
)
_DAYS_OBSERVED, _DAYS_LATE, _ESTIMATE_DAYS = 21, 4, 45


def with_home(
    series: DataFrame, meters: DataFrame, locations: DataFrame, home_profiles: DataFrame,
    usage_estimates: DataFrame, *, clock: datetime,
) -> DataFrame:  # fmt: skip
    """Add ``time_zone``, ``log_use`` (of the year's kWh by the profile; null: none), ``cells``."""
    makes = F.col("direction").isin("export", "production")
    panels = (
        meters.where("deleted_at IS NULL AND NOT is_sub_meter")
        .groupBy(*HOME)
        .agg(F.max(makes).alias("has_panels"))
    )
    places = locations.where("deleted_at IS NULL").select(*HOME, "time_zone", "country_code")
    told = F.when(F.col("direction").isin("import", "consumption"), F.log("_annual_kwh"))
    return (
        series.join(places, on=HOME)
        .join(panels, on=HOME, how="left")
        .join(valid_on(home_profiles, day=clock.date()), on=HOME, how="left")
        .join(_annual(usage_estimates, clock=clock), on=[*HOME, "fuel"], how="left")
        .withColumns(
            {
                "log_use": told,
                "has_car": (F.coalesce("electric_cars", F.lit(0)) > 0).cast("string"),
                "area": area_class(),
            }
        )
        .withColumn("cells", F.array(*_cells()))
        .select(*series.columns, "time_zone", "log_use", "cells")
    )


def with_a_month(hourly_load_profile: DataFrame, *, clock: datetime) -> DataFrame:
    """Return the series known lately on three in four of 28 days: those that may lend."""
    # One hour stands for the day: the group's own rule looks at all of them.
    noon = recent_hours(hourly_load_profile, clock=clock).where("local_hour = 12")
    late = (clock - timedelta(days=_DAYS_LATE)).date()
    return (
        noon.groupBy(*SERIES)
        .agg(F.count_distinct("local_date").alias("_days"), F.max("local_date").alias("_last"))
        .where((F.col("_days") >= _DAYS_OBSERVED) & (F.col("_last") >= F.lit(late)))
        .select(*SERIES, F.lit(True).alias("has_days"), F.lit(False).alias("is_asking"))
    )


def recent_hours(hourly_load_profile: DataFrame, *, clock: datetime) -> DataFrame:
    """Return the rows of the features of the last 28 days as known at ``clock``."""
    since = (clock - timedelta(days=DAYS + 1)).date()
    return hourly_load_profile.where(
        # The month is said too, so that Delta skips the older partitions.
        (F.col("local_month") >= since.strftime("%Y-%m"))
        & (F.col("local_date") >= F.lit(since))
        & (F.greatest("known_at", "feature_at") <= F.lit(clock))
    )


def members(homes: DataFrame) -> DataFrame:
    """Return a row a cell that is borrowed from and each home of it, those that borrow included.

    ``homes`` as from ``with_home``, with ``is_asking`` and ``has_days``. Added are ``cell`` and
    ``basis``, which only a home that borrows has; at most 100 lend, those of the lowest hash.
    """
    in_cell, of_series = Window.partitionBy(*CELL), Window.partitionBy(*SERIES, "is_asking")
    level, size = F.col("_level"), F.col("_homes")
    is_alike = level < len(_LEVELS) - 1
    can_scale = F.col("has_days") | F.col("log_use").isNotNull()
    chosen = F.coalesce(
        F.min(F.when(is_alike & (size >= ENOUGH), level)).over(of_series),
        # Nowhere enough: as wide as may be.
        F.max(F.when(is_alike & (size >= SMALLEST_GROUP), level)).over(of_series),
        F.max(F.when(~is_alike & can_scale & (size >= SMALLEST_GROUP), level)).over(of_series),
    )
    others = [name for name in homes.columns if name != "cells"]
    lends = ~F.col("is_asking")
    asks = F.max("is_asking").over(Window.partitionBy(*SERIES))
    drawn = Window.partitionBy(*CELL, "is_asking").orderBy(F.xxhash64(*SERIES), *SERIES)
    return (
        homes.withColumn("_asks", asks)
        .where(F.col("is_asking") == F.col("_asks"))
        .select(*others, F.posexplode("cells").alias("_level", "cell"))
        .where("cell IS NOT NULL")
        .withColumn("_is_asked", F.max("is_asking").over(in_cell))
        .where("_is_asked")
        .withColumn("_homes", F.sum(lends.cast("int")).over(in_cell))
        .withColumn("_borrows", F.col("is_asking") & level.eqNullSafe(chosen))
        .withColumn("_is_used", F.max("_borrows").over(in_cell))
        .where(F.col("_is_used") & (lends | F.col("_borrows")))
        .withColumn("basis", F.when(is_alike, BASES[1]).otherwise(BASES[2]))
        .withColumn("basis", F.when(F.col("_borrows"), F.col("basis")))
        .withColumn("_place", F.row_number().over(drawn))
        .where(F.col("is_asking") | (F.col("_place") <= LARGEST_GROUP))
        .select(*SERIES, "cell", "basis", "time_zone", "log_use")
    )


def _annual(usage_estimates: DataFrame, *, clock: datetime) -> DataFrame:
    """Return the year's use that profiles tell, as said last before ``clock``."""
    since = (clock - timedelta(days=_ESTIMATE_DAYS)).date()
    said = usage_estimates.where(
        (F.col("issued_date") >= F.lit(since))
        & (F.col("issued_at") <= F.lit(clock))
        & (F.col("resolution") == "P1Y")
        & (F.col("energy_kwh") > 1)
    )
    newest = F.max_by("energy_kwh", F.struct("issued_at", "local_date"))
    return said.groupBy(*HOME, "fuel").agg(newest.alias("_annual_kwh"))


def _cells() -> list[Column]:
    """Return the cell of each level, as JSON, so that no text of a partner runs into the next."""
    always = (F.coalesce(F.col("country_code"), F.lit("")),
              F.coalesce(F.col("has_panels"), F.lit(False)).cast("string"))  # fmt: skip
    cells = []
    for names in _LEVELS:
        is_known = F.lit(True)
        for name in names:
            is_known = is_known & F.col(name).isNotNull()
        said = F.to_json(F.array(*always, F.lit(",".join(names)), *(F.col(n) for n in names)))
        cells.append(F.when(is_known, said))
    return cells

"""Signatures, profiles and places -> homes that can be compared, each in the cell it is matched in.

A cell is what homes have in common: country and heating always, then house type, electric car, PV,
climate and living area, of which the last is left out first until there are ENOUGH homes. Climate
is the degree days a day in steps of 2 °C, area the classes of the portfolio, so cells are found by
grouping; within one, nearness does the rest.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contracts import share_column
from gold.contracts import COMPARABLE, LIVING_AREA_CLASSES, SMALLEST_GROUP
from models.contracts import ALWAYS_MATCHED, ENOUGH, WIDENED
from models.usage.plausible import plausible
from silver.contracts import HOME

OF_PERIOD = ["partner_id", "fuel", "period", "local_month"]
SERIES = [*OF_PERIOD, "location_id"]
CELL = [*OF_PERIOD, "filters", "cell"]
MATCHED_ON = (
    "house_type", "heating_type_primary", "living_area_m2", "persons", "electric_cars",
)  # fmt: skip
_CLIMATE_STEP_C = 2.0


def candidates(
    home_signatures: DataFrame, home_profiles: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a home, fuel, month and period (month, year): its use, profile and shape.

    ``is_whole`` says whether its use can be compared, ``is_matchable`` whether its profile can.
    """
    return (
        newest(home_signatures)
        .select("*", F.inline(F.array(*_periods())))
        .where("energy IS NOT NULL")
        .transform(lambda rows: with_profile(rows, home_profiles))
        .join(_places(locations), on=HOME)
        .withColumns(
            {
                "is_whole": F.col("share_observed") >= COMPARABLE,
                "is_matchable": F.expr(" AND ".join(
                    f"{n} IS NOT NULL" for n in (*ALWAYS_MATCHED, "house_type"))),
                "night_share": _share(0, 6),
                "day_share": _share(9, 16),
                "evening_share": _share(17, 22),
            }
        )
    )  # fmt: skip


def newest(home_signatures: DataFrame) -> DataFrame:
    """Return the version of each month that was known last: what came true."""
    key = [*HOME, "fuel", "local_month"]
    others = [name for name in home_signatures.columns if name not in key]
    return (
        home_signatures.groupBy(*key)
        .agg(F.max_by(F.struct(*others), "known_at").alias("_newest"))
        .select(*key, "_newest.*")
    )


def with_profile(rows: DataFrame, home_profiles: DataFrame) -> DataFrame:
    """Add the profile that holds on the month's last day."""
    last = F.last_day("local_date")
    is_home = F.lit(True)
    for name in HOME:
        is_home = is_home & (F.col(name) == F.col(f"_{name}"))
    is_valid = (F.col("valid_from") <= last) & (
        F.col("valid_to").isNull() | (F.col("valid_to") > last)
    )
    profiles = plausible(home_profiles).select(
        *(F.col(name).alias(f"_{name}") for name in HOME),
        *("valid_from", "valid_to", *MATCHED_ON),
    )
    return rows.join(profiles, on=is_home & is_valid, how="left").drop(
        *(f"_{name}" for name in HOME), "valid_from", "valid_to"
    )


def matched(homes: DataFrame) -> DataFrame:
    """Put each whole, matchable home into its cells; it asks in one, the first with enough homes.

    A row a home and cell in which anybody asks; added are ``filters``, ``cell``, ``is_asking``.
    """
    in_cell, of_home = Window.partitionBy(*CELL), Window.partitionBy(*SERIES)
    others = F.col("_others")
    enough = F.min(F.when(others >= ENOUGH, F.col("_level"))).over(of_home)
    # Nowhere enough: as wide as may be.
    widest = F.max(F.when(others >= SMALLEST_GROUP, F.col("_level"))).over(of_home)
    return (
        homes.where("is_whole AND is_matchable")
        .select("*", F.posexplode(F.array(*_levels())).alias("_level", "_match"))
        .select("*", "_match.*")
        .where("cell IS NOT NULL")
        .withColumn("_others", F.count(F.lit(1)).over(in_cell) - 1)
        .withColumn("is_asking", F.col("_level").eqNullSafe(F.coalesce(enough, widest)))
        .withColumn("_is_asked", F.max("is_asking").over(in_cell))
        .where("_is_asked")
    )


def _periods() -> tuple[Column, ...]:
    month = (
        "P1M",
        "energy_kwh",
        "completeness",
        "degree_days",
        F.dayofmonth(F.last_day("local_date")),
    )
    year = ("P1Y", "annual_kwh", "annual_completeness", "annual_degree_days", F.lit(365))
    return tuple(
        F.struct(
            F.lit(name).alias("period"),
            F.col(energy).alias("energy"),
            F.col(share).alias("share_observed"),
            (F.col(degree_days) / days).alias("degree_days_a_day"),
        )
        for name, energy, share, degree_days, days in (month, year)
    )


def _places(locations: DataFrame) -> DataFrame:
    return locations.where("deleted_at IS NULL").select(*HOME, "country_code")


def _levels() -> list[Column]:
    """Return the cells of a home, from all filters to the fewest; null where one is not known."""
    value = {
        "house_type": F.col("house_type"),
        "electric_cars": (F.coalesce("electric_cars", F.lit(0)) > 0).cast("string"),
        "pv": F.col("has_pv").cast("string"),
        "climate": F.floor(F.col("degree_days_a_day") / _CLIMATE_STEP_C).cast("string"),
        "living_area": area_class(),
        **{name: F.col(name) for name in ALWAYS_MATCHED},
    }
    levels = []
    for count in range(len(WIDENED), -1, -1):
        names = (*ALWAYS_MATCHED, *WIDENED[:count])
        # As JSON, so that no text of a partner runs into the next. null: one is not known.
        parts = F.to_json(F.array(*(value[name] for name in names)))
        is_known = F.lit(True)
        for name in names:
            is_known = is_known & value[name].isNotNull()
        cell = F.when(is_known, parts)
        levels.append(F.struct(F.lit(",".join(names)).alias("filters"), cell.alias("cell")))
    return levels


def area_class() -> Column:
    """Return the class of the living area; null where it is not known."""
    found = F.lit(None).cast("string")
    for name, lowest, below in LIVING_AREA_CLASSES:
        fits = (F.col("living_area_m2") >= lowest) & (F.col("living_area_m2") < below)
        found = F.when(fits, name).otherwise(found)
    return found


def _share(first: int, end: int) -> Column:
    total = F.lit(0.0)
    for hour in range(first, end):
        total = total + F.col(share_column(hour))
    return total

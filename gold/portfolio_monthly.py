"""gold.energy_monthly + homes -> gold.portfolio_monthly: trends by segment, small groups withheld.

A group is published where it has enough homes and none of them makes up too much of it. What is
withheld is safe from subtraction too: the withheld segments of a kind, which are the whole less
what is published, are together a group that could be published.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from gold.contracts import (
    COMPARABLE,
    LARGEST_SHARE,
    LIVING_AREA_CLASSES,
    PORTFOLIO_MONTHLY,
    SMALLEST_GROUP,
)
from silver.contracts import HOME

_SLICE = ["partner_id", "local_month"]
_SERIES = [*_SLICE, "fuel", "direction"]
_FIGURES = (
    "homes", "energy_kwh", "mean_kwh", "p25_kwh", "p50_kwh", "p75_kwh", "completeness", "cost",
    "currency", "co2_kg",
)  # fmt: skip
_UNKNOWN = "unknown"


def portfolio_monthly(
    energy_monthly: DataFrame, home_profiles: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a partner, segment, fuel, direction and local month (kWh, kg, currency)."""
    return (
        energy_monthly.where("energy_kwh IS NOT NULL")
        .transform(lambda months: with_home(months, home_profiles, locations))
        .transform(in_segments)
        .transform(added_up)
        .transform(judged)
        .transform(withheld)
        .transform(compared)
        .select(*PORTFOLIO_MONTHLY.names)
    )


def touched_by_energy_monthly(changes: DataFrame) -> DataFrame:
    """Return the months that changed, and those a year later, which are compared with them."""
    return _and_months(changes.select(*_SLICE), 12)


def touched_by_home_profiles(changes: DataFrame, energy_monthly: DataFrame) -> DataFrame:
    """Return all months of the homes whose profile changed."""
    homes = changes.select(*HOME).distinct()
    return touched_by_energy_monthly(energy_monthly.join(homes, on=HOME, how="left_semi"))


def touched_by_locations(changes: DataFrame, energy_monthly: DataFrame) -> DataFrame:
    """Return all months of the homes that were registered anew."""
    return touched_by_home_profiles(changes, energy_monthly)


def needed_for(slices: DataFrame) -> DataFrame:
    """Return the slices and those a year before, with which they are compared."""
    return _and_months(slices, -12)


def with_home(months: DataFrame, home_profiles: DataFrame, locations: DataFrame) -> DataFrame:
    """Add where the home is, and the profile that holds on the month's last day."""
    last = F.last_day("local_date")
    is_valid = (F.col("valid_from") <= last) & (
        F.col("valid_to").isNull() | (F.col("valid_to") > last)
    )
    profiles = home_profiles.select(
        *(F.col(name).alias(f"_{name}") for name in HOME),
        *("valid_from", "valid_to", "house_type", "heating_type_primary", "living_area_m2"),
    )
    is_home = (F.col("partner_id") == F.col("_partner_id")) & (
        F.col("location_id") == F.col("_location_id")
    )
    places = locations.select(*HOME, "country_code", "price_zone")
    return months.join(profiles, on=is_home & is_valid, how="left").join(
        places, on=HOME, how="left"
    )


def in_segments(homes: DataFrame) -> DataFrame:
    """Give each home a row in every segment that it is in: one of each kind."""
    country = F.coalesce("country_code", F.lit(_UNKNOWN))
    # Zones are named within their country, so that the zones of a country add up to it.
    zone = F.concat_ws("/", country, F.coalesce("price_zone", F.lit(_UNKNOWN)))
    nowhere = F.lit(None).cast("string")
    segments = (
        ("all", F.lit("all"), nowhere),
        ("country", country, country),
        ("price_zone", zone, country),
        ("house_type", F.coalesce("house_type", F.lit(_UNKNOWN)), nowhere),
        ("heating_type_primary", F.coalesce("heating_type_primary", F.lit(_UNKNOWN)), nowhere),
        ("living_area", _living_area(), nowhere),
    )
    structs = (
        F.struct(F.lit(kind).alias("segment_kind"), segment.alias("segment"), of.alias("_country"))
        for kind, segment, of in segments
    )
    return homes.select("*", F.inline(F.array(*structs)))


def _living_area() -> Column:
    area = F.lit(_UNKNOWN)
    for name, lowest, below in LIVING_AREA_CLASSES:
        fits = (F.col("living_area_m2") >= lowest) & (F.col("living_area_m2") < below)
        area = F.when(fits, name).otherwise(area)
    return area


def added_up(homes: DataFrame) -> DataFrame:
    """Add up the homes of each segment; ``_size`` and ``_largest`` say whether one stands out."""
    size = F.abs("energy_kwh")
    quartiles = F.percentile("energy_kwh", F.array(*map(F.lit, (0.25, 0.5, 0.75))))
    rows = homes.groupBy(*_SERIES, "segment_kind", "segment", "_country").agg(
        F.count(F.lit(1)).alias("homes"),
        F.sum("energy_kwh").alias("energy_kwh"),
        F.avg("energy_kwh").alias("mean_kwh"),
        quartiles.alias("_quartiles"),
        F.avg(F.col("observed_intervals") / F.col("expected_intervals")).alias("completeness"),
        F.sum("cost").alias("_cost"),
        F.count_if(F.col("cost").isNull()).alias("_unpriced"),
        F.min("currency").alias("_currency"),
        F.max("currency").alias("_other_currency"),
        F.sum("co2_kg").alias("_co2_kg"),
        F.count_if(F.col("co2_kg").isNull()).alias("_unknown_co2"),
        F.min(F.trunc("local_date", "month")).alias("local_date"),
        F.sum(size).alias("_size"),
        F.max(size).alias("_largest"),
    )
    is_priced = (F.col("_unpriced") == 0) & (F.col("_currency") == F.col("_other_currency"))
    return rows.withColumns(
        {
            "p25_kwh": F.col("_quartiles")[0],
            "p50_kwh": F.col("_quartiles")[1],
            "p75_kwh": F.col("_quartiles")[2],
            "cost": F.when(is_priced, F.col("_cost")),
            "currency": F.when(is_priced, F.col("_currency")),
            "co2_kg": F.when(F.col("_unknown_co2") == 0, F.col("_co2_kg")),
        }
    )


def judged(segments: DataFrame) -> DataFrame:
    """Say in ``withheld_because`` why a segment is not published; null for one that is.

    Zones are looked at within their country. Where a country is withheld, so are its zones.
    """
    small, dominated = _is_small(F.col("homes")), _is_dominated(F.col("_largest"), F.col("_size"))
    own = F.when(small, "too_few_homes").when(dominated, "too_dominant")
    is_zone = F.col("segment_kind") == "price_zone"
    together: list[str | Column] = [*_SERIES, "segment_kind", F.when(is_zone, F.col("_country"))]
    # Withheld ones first, then from the smallest: all before a segment is what it has to cover.
    before = (
        Window.partitionBy(*together)
        .orderBy(F.col("_own").isNull(), "homes", "segment")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    is_bare = _is_small(F.sum("homes").over(before)) | _is_dominated(
        F.max("_largest").over(before), F.sum("_size").over(before)
    )
    reason = F.when(F.col("_own").isNotNull(), F.col("_own")).when(is_bare, "complement")
    is_withheld_country = (F.col("segment_kind") == "country") & F.col("_reason").isNotNull()
    whole = F.max(is_withheld_country).over(Window.partitionBy(*_SERIES, "_country"))
    return (
        segments.withColumn("_own", own)
        .withColumn("_reason", reason)
        .withColumn("_with_country", F.when(is_zone & whole, "complement"))
        .withColumn("withheld_because", F.coalesce("_reason", "_with_country"))
    )


def _is_small(homes: Column) -> Column:
    return homes < SMALLEST_GROUP


def _is_dominated(largest: Column, size: Column) -> Column:
    return largest > LARGEST_SHARE * size


def withheld(segments: DataFrame) -> DataFrame:
    """Empty every figure of the segments that are not published."""
    is_withheld = F.col("withheld_because").isNotNull()
    return segments.withColumns(
        {
            "is_withheld": is_withheld,
            **{name: F.when(~is_withheld, F.col(name)) for name in _FIGURES},
        }
    )


def compared(segments: DataFrame) -> DataFrame:
    """Add the change of the mean against a year before, from published figures alone."""
    of_series = ["partner_id", "fuel", "direction", "segment_kind", "segment"]
    by_year = Window.partitionBy(*of_series, F.month("local_date")).orderBy("local_date")
    earlier = F.lag(F.struct("local_date", "mean_kwh", "completeness")).over(by_year)
    mean = F.col("_earlier.mean_kwh")
    is_whole = F.least("completeness", "_earlier.completeness") >= COMPARABLE
    is_a_year = F.col("_earlier.local_date") == F.add_months("local_date", -12)
    # least() passes nulls: a withheld group has neither completeness nor mean.
    change = F.when(is_whole & is_a_year & (mean != 0), F.col("mean_kwh") / mean - 1)
    return segments.withColumn("_earlier", earlier).withColumn("change_share", change)


def _and_months(slices: DataFrame, months: int) -> DataFrame:
    """Return the slices and those some months further."""
    first = F.concat("local_month", F.lit("-01")).cast("date")
    other = F.date_format(F.add_months(first, months), "yyyy-MM")
    return slices.select(
        "partner_id", F.explode(F.array("local_month", other)).alias("local_month")
    ).distinct()

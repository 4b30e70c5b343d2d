"""silver.tariffs x local days: what holds when, and which days a change touches."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.contracts import HOME, SERIES, TARIFF_ELEMENTS

DAY_OF = [*SERIES, "local_date"]
_SAID = ("tariff_id", "currency", "vat", "elements")


def opened(tariffs: DataFrame) -> DataFrame:
    """Return a row an element, with its ``position`` in the tariff."""
    elements = F.from_json("elements", TARIFF_ELEMENTS)
    return tariffs.select(
        *SERIES,
        *("tariff_id", "currency", "valid_from", "valid_to", "vat"),
        F.posexplode(elements).alias("position", "element"),
    )


def valid_on(rows: DataFrame, tariffs: DataFrame) -> DataFrame:
    """Join what holds on the local date; no two tariffs of a home, fuel and direction overlap."""
    until = F.coalesce("valid_to", F.lit("9999-12-31").cast("date"))
    holds = (F.col("local_date") >= F.col("valid_from")) & (F.col("local_date") < until)
    return rows.join(tariffs, on=SERIES, how="inner").where(holds)


def supplied(meters: DataFrame) -> DataFrame:
    """Return the span of supply of each series: its first local day, and the first no longer in it.

    ``_supply_start`` and ``_supply_until``, each null where one meter does not say.
    """
    main = meters.where("NOT is_sub_meter AND deleted_at IS NULL")
    begins, ends = (
        F.count_if(F.col(edge).isNull()) == 0 for edge in ("supply_start", "supply_end")
    )
    return main.groupBy(*SERIES).agg(
        F.when(begins, F.min("supply_start")).alias("_supply_start"),
        F.when(ends, F.date_add(F.max("supply_end"), 1)).alias("_supply_until"),
    )


def supplied_otherwise(changes: DataFrame, *edges: str) -> DataFrame:
    """Return the changes of main meters by which their supply begins or ends on another day."""
    is_new = F.col("_change_type").isin("insert", "update_postimage")
    return (
        changes.where("NOT is_sub_meter")
        .groupBy(*SERIES, "meter_id", "deleted_at", *edges)
        .agg(F.sum(F.when(is_new, 1).otherwise(-1)).alias("_sign"))
        .where("_sign <> 0")
    )


def changed_days(changes: DataFrame, days: DataFrame) -> DataFrame:
    """Return the days on which another tariff holds than before, or the same says something else.

    A tariff that ends earlier, because another begins, changes on the days after its new end only:
    a day that both versions cover with the same words counts once for and once against.
    """
    is_new = F.col("_change_type").isin("insert", "update_postimage")
    versions = changes.select(
        *SERIES, *_SAID, "valid_from", "valid_to", F.when(is_new, 1).otherwise(-1).alias("_sign")
    )
    return (
        valid_on(days.select(*DAY_OF), versions)
        .groupBy(*DAY_OF, "valid_from", *_SAID)
        .agg(F.sum("_sign").alias("_sign"))
        .where("_sign <> 0")
        .select(*HOME, "local_date")
        .distinct()
    )


def later_in_block(changes: DataFrame, days: DataFrame, tariffs: DataFrame) -> DataFrame:
    """Return the days after a changed one in the block's month or year: their sums move too."""
    period = block_period("per", "local_date")
    first = (
        valid_on(changes.select(*DAY_OF), blocks(tariffs))
        .groupBy(*SERIES, "valid_from", "valid_to", "per", period.alias("period"))
        .agg(F.min("local_date").alias("_changed"))
    )
    return (
        valid_on(days.select(*DAY_OF), first)
        .where((period == F.col("period")) & (F.col("local_date") > F.col("_changed")))
        .select(*HOME, "local_date")
        .distinct()
    )


def until_then_in_block(slices: DataFrame, tariffs: DataFrame) -> DataFrame:
    """Add the days before each in the block's month or year, for homes with such a tariff."""
    begin = F.greatest("period", "valid_from")
    until = F.coalesce("valid_to", F.lit("9999-12-31").cast("date"))
    holds = (F.col("local_date") >= F.col("valid_from")) & (F.col("local_date") < until)
    before = (
        slices.join(blocks(tariffs), on=HOME, how="inner")
        .where(holds)
        .withColumn("period", block_period("per", "local_date"))
        .groupBy(*HOME, begin.alias("_begin"))
        .agg(F.max("local_date").alias("_last"))
        .select(*HOME, F.explode(F.sequence("_begin", "_last")).alias("local_date"))
    )
    return slices.unionByName(before).distinct()


def block_period(per: str, day: str) -> Column:
    """Return the first day of the local day, calendar month or calendar year of a block."""
    return (
        F.when(F.col(per) == "day", F.col(day))
        .when(F.col(per) == "month", F.trunc(day, "month"))
        .otherwise(F.trunc(day, "year"))
    )


def blocks(tariffs: DataFrame) -> DataFrame:
    """Return the tariffs that have a block of longer than a day, and ``per`` what."""
    return (
        opened(tariffs)
        .where("element.kind = 'block' AND element.per <> 'day'")
        .select(*SERIES, "valid_from", "valid_to", F.col("element.per").alias("per"))
        .distinct()
    )

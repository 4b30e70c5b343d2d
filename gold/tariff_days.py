"""silver.tariffs x local days: what holds when, and which days a change touches."""

from pyspark.sql import Column, DataFrame, Window
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
    """Return the ``_supplies`` of each series in order: from a local day ``since`` one ``until``.

    A meter without an end was exchanged where the next one begins, as in silver; meters that follow
    one another without a day between them are one supply. An edge that is not said lies far away.
    """
    always, never = (F.lit(day).cast("date") for day in ("0001-01-01", "9999-12-31"))
    in_order = Window.partitionBy(*SERIES).orderBy(F.unix_date("_since"))
    next_since = F.min("_since").over(in_order.rangeBetween(1, Window.unboundedFollowing))
    until = F.coalesce(F.date_add("supply_end", 1), next_since, never)
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    goes_on = F.col("_since") <= F.max("_until").over(before)
    return (
        meters.where("NOT is_sub_meter AND deleted_at IS NULL")
        .withColumn("_since", F.coalesce("supply_start", always))
        .withColumn("_until", until)
        .withColumn("_begins", F.when(goes_on, 0).otherwise(1))
        .withColumn("_run", F.sum("_begins").over(in_order))
        .groupBy(*SERIES, "_run")
        .agg(F.struct(F.min("_since").alias("since"), F.max("_until").alias("until")).alias("_one"))
        .groupBy(*SERIES)
        .agg(F.sort_array(F.collect_list("_one")).alias("_supplies"))
    )


def is_supplied(day: str) -> Column:
    """Tell whether a local day is in one of ``_supplies``; where nothing is said of them, it is."""
    on = F.col(day)
    is_in = F.exists("_supplies", lambda one: (one["since"] <= on) & (on < one["until"]))
    return F.coalesce(is_in, F.lit(True))


def supply_begin(day: str) -> Column:
    """Return the first day of the supply that a day is in; else of the next one, or the last."""
    later = F.filter("_supplies", lambda one: F.col(day) < one["until"])
    return F.coalesce(F.get(later, F.lit(0)), F.element_at("_supplies", -1))["since"]


def days_supplied(since: str, until: str) -> Column:
    """Return how many days from one to another are in ``_supplies``; all where nothing is said."""

    def more(days: Column, one: Column) -> Column:
        shared = F.date_diff(F.least(until, one["until"]), F.greatest(since, one["since"]))
        return days + F.greatest(shared, F.lit(0))

    counted = F.aggregate("_supplies", F.lit(0), more)
    return F.coalesce(counted, F.date_diff(until, since))


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

"""silver.tariffs x energy -> gold.cost_daily: what each local day costs, by element."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from gold.average_prices import average_price
from gold.contracts import COST_DAILY
from gold.tariff_days import (
    DAY_OF,
    block_period,
    blocks,
    changed_days,
    later_in_block,
    opened,
    supplied,
    supplied_otherwise,
    supply_begin,
    until_then_in_block,
    valid_on,
)
from gold.tariff_prices import at_spot, by_time_of_use, in_blocks
from lake.local_clock import length_s
from silver.contracts import HOME, SERIES, TARIFF_DIRECTIONS

# 2: a price that changes within an interval, and back again, is a change too. 3: an average price
# is one only where it is known; more are, and the newest is carried on. 4: a day that is filled in
# alone costs nothing yet, and leaves its month its cost; a block is known from its beginning on,
# and counts what fills gaps. 5: what was read before the supply began is none of its steps.
RULE_VERSION = 5
OF_SLICES = ("meters",)
_ENERGY = ["local_month", "energy_kwh", "substituted_kwh", "observed_intervals",
           "expected_intervals", "known_at"]  # fmt: skip
_BY_INTERVAL = ("time_of_use", "spot")
_OF_ENERGY = ("fixed", "block", *_BY_INTERVAL)
_CREDIT = -1.0


def cost_daily(
    energy_daily: DataFrame,
    energy_in_context: DataFrame,
    tariffs: DataFrame,
    locations: DataFrame,
    meters: DataFrame,
) -> DataFrame:
    """Return a row a location, fuel, direction, local day with a reading, and kind of element.

    Amounts are in ``currency``. Import without a tariff is priced at the country's average, the
    energy of an export is credited. A capacity charge is of a month, so it is not here.
    """
    of_both = F.col("direction").isin(*TARIFF_DIRECTIONS)
    days = energy_daily.where(of_both).select(*DAY_OF, *_ENERGY)
    # A day of which nothing was read has a row where it was filled in.
    is_read = F.col("energy_kwh").isNotNull()
    elements = opened(tariffs)
    charged = (
        valid_on(days, elements.where("element.kind <> 'capacity'"))
        .transform(lambda rows: with_block_sums(rows, meters))
        .where(is_read)
        .join(priced(energy_in_context, elements), on=[*DAY_OF, "position"], how="left")
        .transform(with_amount)
        .transform(by_kind)
    )
    at_average = without_tariff(days.where(is_read), tariffs).transform(
        lambda rows: averaged(rows, locations)
    )
    return charged.select(*COST_DAILY.names).unionByName(at_average.select(*COST_DAILY.names))


def touched_by_energy_daily(
    changes: DataFrame, energy_daily: DataFrame, tariffs: DataFrame
) -> DataFrame:
    """Return the changed days, and those after them in the month or year of a block."""
    days = changes.select(*HOME, "local_date")
    return days.unionByName(later_in_block(changes, energy_daily, tariffs))


def touched_by_tariffs(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return the days with energy on which a changed tariff holds or held."""
    return changed_days(changes, energy_daily)


def touched_by_locations(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return all days of the homes that are in another country than before."""
    is_new = F.col("_change_type").isin("insert", "update_postimage")
    moved = (
        changes.groupBy(*HOME, "country_code")
        .agg(F.sum(F.when(is_new, 1).otherwise(-1)).alias("_sign"))
        .where("_sign <> 0")
    )
    days = energy_daily.select(*HOME, "local_date").distinct()
    return days.join(moved, on=HOME, how="left_semi")


def touched_by_meters(changes: DataFrame, energy_daily: DataFrame, tariffs: DataFrame) -> DataFrame:
    """Return the days with a block at homes whose supply begins or ends otherwise than before."""
    days = energy_daily.select(*DAY_OF)
    moved = supplied_otherwise(changes, "supply_start", "supply_end")
    days = days.join(moved, on=SERIES, how="left_semi")
    return valid_on(days, blocks(tariffs)).select(*HOME, "local_date").distinct()


def needed_for_energy_daily(slices: DataFrame, tariffs: DataFrame) -> DataFrame:
    """Return the days, and those before them in the month or year of a block."""
    return until_then_in_block(slices, tariffs)


def without_tariff(days: DataFrame, tariffs: DataFrame) -> DataFrame:
    """Return the days of import on which no tariff holds."""
    spans = tariffs.select(*SERIES, "valid_from", "valid_to")
    held = valid_on(days.select(*DAY_OF), spans)
    imported = days.where("direction = 'import'")
    return imported.join(held, on=DAY_OF, how="left_anti")


def with_block_sums(days: DataFrame, meters: DataFrame) -> DataFrame:
    """Add the energy of a block's period ``before_kwh`` the day, from its beginning.

    A period is a local day, calendar month or year; a tariff or supply that begins within it counts
    from its own beginning. What fills gaps counts, as the steps are of what was used. Null after a
    day of which nothing is known: where it began to be metered later, and after a gap.
    """
    is_block = F.col("element.kind") == "block"
    period = block_period("element.per", "local_date")
    before = (
        Window.partitionBy(*SERIES, "valid_from", "position", period, "_begin")
        .orderBy("local_date")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    begin = F.greatest(period, "valid_from", supply_begin("local_date"))
    is_own = F.col("local_date") >= F.col("_begin")
    counted = F.coalesce(F.sum(F.when(is_own, 1).otherwise(0)).over(before), F.lit(0))
    is_known = counted >= F.date_diff("local_date", "_begin")
    used = F.coalesce("energy_kwh", F.lit(0.0)) + F.coalesce("substituted_kwh", F.lit(0.0))
    # Days before the supply are among themselves: their registration may be late.
    own, every = F.sum(F.when(is_own, used)).over(before), F.sum(used).over(before)
    sum_before = F.coalesce(F.when(is_own, own).otherwise(every), F.lit(0.0))
    of_blocks = (
        days.where(is_block)
        .join(supplied(meters), on=SERIES, how="left")
        .withColumn("_begin", begin)
        .withColumn("before_kwh", F.when(is_known, sum_before))
        .drop("_supplies", "_begin")
    )
    others = days.where(~is_block).withColumn("before_kwh", F.lit(None).cast("double"))
    return others.unionByName(of_blocks)


def priced(energy_in_context: DataFrame, elements: DataFrame) -> DataFrame:
    """Return the amount by day of the elements whose price changes within it; null where a part is.

    ``position`` says which element of the tariff it is.
    """
    changing = elements.where(F.col("element.kind").isin(*_BY_INTERVAL))
    homes = changing.select(*SERIES).distinct()
    intervals = (
        energy_in_context.where((length_s() <= 86_400) | (F.col("resolution") == "P1D"))
        .join(homes, on=SERIES, how="left_semi")
        .select(
            *DAY_OF, "starts_at", "ends_at", "resolution", "time_zone", "energy_kwh",
            "price_per_kwh", F.col("currency").alias("spot_currency"),
        )
    )  # fmt: skip
    by_time = by_time_of_use(F.col("element.periods"))
    price = F.when(F.col("element.kind") == "spot", at_spot(F.col("element"))).otherwise(by_time)
    cost = F.col("energy_kwh") * price
    return (
        valid_on(intervals, changing)
        .withColumn("_cost", cost)
        .groupBy(*DAY_OF, "position")
        .agg(F.when(F.count_if(F.col("_cost").isNull()) == 0, F.sum("_cost")).alias("_priced"))
    )


def with_amount(days: DataFrame) -> DataFrame:
    """Add what each element costs on the day, without tax: ``net_amount``."""
    element, energy = F.col("element"), F.col("energy_kwh")
    days_of_month = F.dayofmonth(F.last_day("local_date"))
    by_day = F.when(element["per"] == "day", element["amount"])
    in_steps = in_blocks(
        element["steps"],
        before_kwh=F.col("before_kwh"),
        until_kwh=F.col("before_kwh") + energy,
    )
    amounts = {
        "standing_charge": by_day.otherwise(element["amount"] / days_of_month),
        "fixed": energy * element["price_per_kwh"],
        "block": F.when(F.col("before_kwh").isNotNull(), in_steps),
    }
    amount = F.col("_priced")
    for kind, of_kind in amounts.items():
        amount = F.when(element["kind"] == kind, of_kind).otherwise(amount)
    is_credit = (F.col("direction") == "export") & element["kind"].isin(*_OF_ENERGY)
    return days.withColumn("net_amount", F.when(is_credit, _CREDIT * amount).otherwise(amount))


def by_kind(days: DataFrame) -> DataFrame:
    """Add up the elements of one kind; null where one of them is."""
    amount = F.when(F.count_if(F.col("net_amount").isNull()) == 0, F.sum("net_amount"))
    same = ["tariff_id", "currency", "vat", "local_month"]
    counts = ["observed_intervals", "expected_intervals"]
    return (
        days.groupBy(*DAY_OF, F.col("element.kind").alias("element"), *same, *counts)
        .agg(amount.alias("net_amount"), F.max("known_at").alias("known_at"))
        .withColumn("is_fallback", F.lit(False))
        .transform(taxed)
    )


def averaged(days: DataFrame, locations: DataFrame) -> DataFrame:
    """Price the energy of days at the country's average; where none is known, it is none."""
    countries = locations.select(*HOME, "country_code")
    return (
        days.join(countries, on=HOME, how="left")
        .withColumn("_average", average_price())
        .withColumns(
            {
                "element": F.lit("average_price"),
                "tariff_id": F.lit(None).cast("string"),
                "net_amount": F.col("energy_kwh") * F.col("_average.price_per_kwh"),
                "currency": F.col("_average.currency"),
                "vat": F.col("_average.vat"),
                "is_fallback": F.col("_average").isNotNull(),
            }
        )
        .transform(taxed)
    )


def taxed(days: DataFrame) -> DataFrame:
    """Add the value added tax and the total."""
    return days.withColumn("vat_amount", F.col("net_amount") * F.col("vat")).withColumn(
        "total_amount", F.col("net_amount") + F.col("vat_amount")
    )

"""bronze.registrations -> silver.max_demand_limits: min, target and max, each valid to the next."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import MAX_DEMAND_LIMITS
from silver.demand_units import factor_of, unit_of
from silver.registration import opened
from silver.typed import is_number, reasons

_LIMIT = (
    "meter_id STRING, valid_from STRING, min STRING, target STRING, max STRING, unit STRING, "
    "is_deleted STRING"
)
_METER = ["partner_id", "location_id", "meter_id"]
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_BOUNDS = ("min", "target", "max")


def max_demand_limits(bronze_registrations: DataFrame) -> DataFrame:
    """Return a row a limit; one that cannot be true waits in quarantine.

    Of those that begin in one month what was said last counts, and each ends where the next begins.
    """
    said = bronze_registrations.transform(listed).transform(typed)
    good = said.where(F.size(REASONS) == 0).transform(newest).transform(until_the_next)
    bad = said.where(F.size(REASONS) > 0).withColumn("valid_to", F.lit(None).cast("date"))
    names = [*MAX_DEMAND_LIMITS.names, REASONS, "_entity_id", "_position", "_payload"]
    return good.select(*names).unionByName(bad.select(*names))


def listed(bronze_registrations: DataFrame) -> DataFrame:
    """Return a row an entry of ``max_demand_limits``, as text; what is no list is one row."""
    return (
        bronze_registrations.transform(opened)
        .where("max_demand_limits IS NOT NULL")
        .withColumn("_list", F.from_json("max_demand_limits", "ARRAY<STRING>"))
        .select("*", F.posexplode_outer("_list").alias("_position", "_entry"))
        # An empty list says nothing.
        .where("_list IS NULL OR _entry IS NOT NULL")
        .withColumn("_payload", F.coalesce("_entry", "max_demand_limits"))
        .withColumn("_position", F.coalesce("_position", F.lit(-1)))
        .drop("is_deleted")
        .withColumn("_limit", F.from_json("_entry", _LIMIT))
        .select("*", "_limit.*")
        .withColumn("_entity_id", F.coalesce("meter_id", "location_id"))
    )


def typed(entries: DataFrame) -> DataFrame:
    """Add month, bounds in their unit, and the reasons why an entry cannot be true."""
    month = F.when(F.trim("valid_from").rlike(_DAY), F.trim("valid_from").try_cast("date"))
    return (
        entries.withColumn("valid_from", month)
        .withColumns({f"{n}_demand": F.col(n).try_cast("double") * factor_of() for n in _BOUNDS})
        .withColumn("_is_unit", factor_of().isNotNull())
        .withColumn("unit", unit_of())
        .withColumn(
            "_is_taken_back", F.coalesce(F.col("is_deleted").try_cast("boolean"), F.lit(False))
        )
        .withColumn(REASONS, reasons(*_rules()))
    )


def newest(entries: DataFrame) -> DataFrame:
    """Keep what was said last of the limits that begin in one month; none where it is taken back.

    In one document: one that holds before one that is taken back, then the first.
    """
    by_age = Window.partitionBy(*_METER, "valid_from").orderBy(
        *(F.desc(c) for c in ("known_at", "received_at", "source_file", "source_line")),
        "_is_taken_back",
        "_position",
    )
    ranked = entries.withColumn("_rank", F.row_number().over(by_age))
    return ranked.where((F.col("_rank") == 1) & ~F.col("_is_taken_back"))


def until_the_next(entries: DataFrame) -> DataFrame:
    """End each limit where the next of its meter begins."""
    by_validity = Window.partitionBy(*_METER).orderBy("valid_from")
    return entries.withColumn("valid_to", F.lead("valid_from").over(by_validity))


def _rules() -> tuple[tuple[str, Column], ...]:
    is_listed, is_kept = F.col("_entry").isNotNull(), ~F.col("_is_taken_back")
    month = F.col("valid_from")
    lowest, target, most = (F.col(f"{name}_demand") for name in _BOUNDS)
    are_numbers = is_number(lowest) & is_number(target) & is_number(most)
    in_order = (lowest < target) & (target < most)
    return (
        ("max_demand_limits_are_no_list", ~is_listed),
        ("meter_id_missing", is_listed & ~F.coalesce(F.length("meter_id") > 0, F.lit(False))),
        ("valid_from_unreadable", is_listed & month.isNull()),
        ("not_the_first_of_a_month", F.dayofmonth(month) != 1),
        ("unknown_unit", is_listed & is_kept & ~F.col("_is_unit")),
        ("not_a_number", is_listed & is_kept & F.col("_is_unit") & ~are_numbers),
        ("negative", is_kept & are_numbers & (lowest < 0)),
        ("not_min_target_max", is_kept & are_numbers & ~in_order),
    )

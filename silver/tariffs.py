"""bronze.registrations -> silver.tariffs: what a home pays, each tariff valid to the next."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import FUELS, SERIES, TARIFF_DIRECTIONS, TARIFFS
from silver.registration import number, opened
from silver.tariff_elements import as_stored, breaks_a_rule, is_known, is_said_whole
from silver.typed import reasons

# 2: nothing is known before it arrived. 3: t and z of an instant may be small.
RULE_VERSION = 3
_TARIFF = (
    "tariff_id STRING, fuel STRING, direction STRING, currency STRING, valid_from STRING, "
    "valid_to STRING, vat STRING, elements STRING"
)
_LINE = ["source_file", "source_line"]


def tariffs(bronze_registrations: DataFrame) -> DataFrame:
    """Return a row a tariff; one that cannot be true waits in quarantine.

    Of those that begin on one day what was said last counts, and each ends where the next begins.
    Where one document lists two for the same day, it is the later of them that waits.
    """
    said = bronze_registrations.transform(listed).transform(typed)
    good = said.where(F.size(REASONS) == 0).transform(newest).transform(until_the_next)
    bad = said.where(F.size(REASONS) > 0)
    names = [*TARIFFS.names, REASONS, "_entity_id", "_position", "_payload"]
    return good.select(*names).unionByName(bad.select(*names))


def listed(bronze_registrations: DataFrame) -> DataFrame:
    """Return a row an entry of ``tariffs``, as text; what is no list is one row."""
    return (
        bronze_registrations.transform(opened)
        .where("tariffs IS NOT NULL")
        .withColumn("_list", F.from_json("tariffs", "ARRAY<STRING>"))
        .select("*", F.posexplode_outer("_list").alias("_position", "_entry"))
        # An empty list says nothing.
        .where("_list IS NULL OR _entry IS NOT NULL")
        .withColumn("_payload", F.coalesce("_entry", "tariffs"))
        .withColumn("_position", F.coalesce("_position", F.lit(-1)))
        .withColumn("_tariff", F.from_json("_entry", _TARIFF))
        .select("*", "_tariff.*")
    )


def typed(entries: DataFrame) -> DataFrame:
    """Add the types and the reasons why an entry cannot be true."""
    sent_until = F.col("valid_to")
    return (
        entries.withColumn("_until_as_sent", sent_until)
        .withColumn("valid_from", F.col("valid_from").try_cast("date"))
        .withColumn("valid_to", sent_until.try_cast("date"))
        .withColumn("direction", F.coalesce("direction", F.lit("import")))
        .withColumn("vat", number("vat", lowest=0, highest=1))
        .transform(is_said_whole)
        .withColumn(REASONS, reasons(*_rules()))
        .withColumn(
            REASONS,
            F.when(_overlaps(), F.array(F.lit("overlaps_another"))).otherwise(F.col(REASONS)),
        )
        .withColumn("elements", as_stored("_elements"))
        .withColumn("_entity_id", F.col("location_id"))
    )


def newest(entries: DataFrame) -> DataFrame:
    """Keep what was said last of the tariffs that begin on one day."""
    by_age = Window.partitionBy(*SERIES, "valid_from").orderBy(
        *(F.desc(c) for c in ("known_at", "received_at", *_LINE)),
        # In one document: one that holds before one that is taken back.
        *(F.desc(_holds()), "_position"),
    )
    ranked = entries.withColumn("_rank", F.row_number().over(by_age))
    return ranked.where("_rank = 1").drop("_rank")


def until_the_next(entries: DataFrame) -> DataFrame:
    """End each tariff where the next begins; one that holds on no day (withdrawn) ends none."""
    ahead = (
        Window.partitionBy(*SERIES).orderBy("valid_from").rowsBetween(1, Window.unboundedFollowing)
    )
    following = F.min(F.when(_holds(), F.col("valid_from"))).over(ahead)
    # least() passes nulls.
    return entries.withColumn("valid_to", F.least("valid_to", following))


def _holds() -> Column:
    return F.coalesce(F.col("valid_to") > F.col("valid_from"), F.lit(True))


def _named(reason: str) -> Column:
    return F.array(F.lit(reason))


def _overlaps() -> Column:
    """Tell whether an earlier tariff of the same document still holds when this one begins.

    One that is open ends where the next begins, but not on the day on which it begins itself. Only
    entries that are true otherwise, and hold at all, are in each other's way.
    """
    before = (
        Window.partitionBy(*SERIES, *_LINE)
        .orderBy("valid_from", "_position")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    begin, end = F.col("valid_from"), F.col("valid_to")
    counts = (F.size(REASONS) == 0) & _holds()
    until = F.max(F.when(counts, end)).over(before)
    starts = F.max(F.when(counts, begin)).over(before)
    return counts & ((until > begin) | (starts == begin))


def _rules() -> tuple[tuple[str, Column], ...]:
    is_listed = F.col("_entry").isNotNull()
    fuel, until = F.col("fuel"), F.col("valid_to")

    def unless(condition: Column) -> Column:
        return is_listed & F.coalesce(~condition, F.lit(True))

    return (
        ("tariffs_are_no_list", ~is_listed),
        ("tariff_id_missing", unless(F.length("tariff_id") > 0)),
        ("unknown_fuel", unless(fuel.isin(*FUELS))),
        ("unknown_direction", unless(F.col("direction").isin(*TARIFF_DIRECTIONS))),
        ("only_electricity_is_exported", (F.col("direction") == "export") & (fuel != "elec")),
        ("unknown_currency", unless(F.col("currency").rlike("^[A-Z]{3}$"))),
        ("valid_from_unreadable", unless(F.col("valid_from").isNotNull())),
        ("valid_to_unreadable", F.col("_until_as_sent").isNotNull() & until.isNull()),
        ("ends_before_it_starts", until < F.col("valid_from")),
        ("vat_is_no_share", unless(F.col("vat").isNotNull())),
        ("no_elements", unless(F.size("_elements") > 0)),
        ("unknown_element", is_listed & ~is_known("_elements")),
        ("element_incomplete", is_listed & (breaks_a_rule("_elements") | ~F.col("_is_typed"))),
    )

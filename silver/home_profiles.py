"""bronze.registrations -> silver.home_profiles: documents with history, each valid to the next."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from silver.contracts import HOME_PROFILES
from silver.registration import PROFILE, number, opened, unread_date, word
from silver.typed import reasons

# 2: nothing is known before it arrived. 3: a kind of house that is none is not known. 4: a date
# that cannot be read is told, and is not always. 5: t and z of an instant may be small.
RULE_VERSION = 5
_LINE = ("source_file", "source_line", "received_at")
_ALWAYS = "1900-01-01"
_HOUSE_TYPES = HOME_PROFILES.column("house_type").values


def home_profiles(bronze_registrations: DataFrame) -> DataFrame:
    """Return a row a version; said twice for one ``valid_from``, what was said last counts.

    One whose ``valid_from`` cannot be read waits in quarantine.
    """
    home = ["partner_id", "location_id"]
    by_age = Window.partitionBy(*home, "valid_from").orderBy(
        F.desc("known_at"), F.desc("received_at"), F.desc("source_file"), F.desc("source_line")
    )
    by_validity = Window.partitionBy(*home).orderBy("valid_from")
    said = (
        bronze_registrations.transform(opened)
        .where("profile IS NOT NULL")
        .withColumn("document", F.col("profile"))
        .withColumn("_profile", F.from_json("profile", PROFILE))
        .select("*", "_profile.*")
        .withColumn(REASONS, reasons(("valid_from_unreadable", unread_date(F.col("valid_from")))))
        .withColumn(
            "valid_from",
            F.coalesce(F.col("valid_from").try_cast("date"), F.lit(_ALWAYS).cast("date")),
        )
        .withColumn("house_type", word("house_type", among=_HOUSE_TYPES))
        .withColumn("living_area_m2", number("living_area_m2", lowest=1, highest=100_000))
        .withColumn("persons", number("persons", lowest=0, highest=1000).cast("int"))
        .withColumn("electric_cars", number("electric_cars", lowest=0, highest=100).cast("int"))
        .withColumn("_entity_id", F.col("location_id"))
        .withColumn("_position", F.lit(-1))
        .withColumn("_payload", F.col("document"))
    )
    is_good = F.size(REASONS) == 0
    good = (
        said.where(is_good)
        .withColumn("_newest", F.row_number().over(by_age))
        .where("_newest = 1")
        .withColumn("valid_to", F.lead("valid_from").over(by_validity))
    )
    bad = said.where(~is_good).withColumn("valid_to", F.lit(None).cast("date"))
    names = (*HOME_PROFILES.names, *_LINE, REASONS, "_entity_id", "_position", "_payload")
    return good.select(*names).unionByName(bad.select(*names))

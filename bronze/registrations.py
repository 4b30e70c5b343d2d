"""landing/registrations -> bronze.registrations: a document a location, as sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.contracts import REGISTRATIONS
from lake.arriving import REASON


def registrations(landing_registrations: DataFrame) -> DataFrame:
    """Return a row a line of NDJSON; only the location's id is looked at."""
    document = F.from_json(
        "line", "location_id STRING, _broken STRING", {"columnNameOfCorruptRecord": "_broken"}
    )
    return (
        landing_registrations.withColumn("_json", document)
        .withColumn("location_id", F.col("_json.location_id"))
        .withColumn("document", F.col("line"))
        .withColumn(
            REASON,
            F.coalesce(
                F.when(F.col("_json._broken").isNotNull(), "not a JSON object"),
                F.when(F.col("location_id").isNull(), "location_id is missing"),
            ),
        )
        .select(*REGISTRATIONS.names, REASON, "line")
    )

"""Avro events -> the same JSON line that a JSON event is, by the schema that each of them names.

Two ways to name it: a head of the value (a zero byte, the schema's id in four bytes, then the Avro:
https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/#wire-format;
no JSON begins with a zero byte), or a header ``content-type: avro/binary+<id>``, the value being
all Avro, as the encoders of Azure's registry do it (the id is a GUID without hyphens).
"""

from collections.abc import Mapping

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.avro.functions import from_avro

from lake.ingestion.schemas import Schemas

_HEAD = "substring(value, 1, 1) = X'00' AND length(value) > 5"
_ID_IN_HEAD = "conv(hex(substring(value, 2, 4)), 16, 10)"
# An id may become the name of a file: it has no other signs.
_CONTENT_TYPE = "(?i)^avro/binary[+]([0-9a-z-]{1,64})$"
SCHEMA, _BODY = "_schema_id", "_body"
_ID_IN_REASON = "schema ([0-9A-Za-z-]+)"
_SCHEMAS_AT_ONCE = 64


def with_schema(events: DataFrame) -> DataFrame:
    """Add ``_schema_id`` (text; null: it is no Avro) and the Avro as ``_body`` to Kafka's records.

    Without ``headers`` (array of key and value) only the head of ``value`` tells.
    """
    told = F.lit(None).cast("string")
    if "headers" in events.columns:
        is_it = F.filter("headers", lambda header: F.lower(header["key"]) == "content-type")
        last = F.try_element_at(is_it, F.lit(-1))["value"].cast("string")
        told = F.nullif(F.regexp_extract(last, _CONTENT_TYPE, 1), F.lit(""))
    in_head = F.when(F.expr(_HEAD), F.expr(_ID_IN_HEAD))
    body = F.when(told.isNull(), F.expr("substring(value, 6)")).otherwise(F.col("value"))
    return events.withColumns({SCHEMA: F.coalesce(told, in_head), _BODY: body})


def line(known: Mapping[str, str], *, has_schemas: bool) -> Column:
    """Return the event as a line of JSON; one that cannot be decoded says so (``refused``).

    What is neither is taken for text, in which bytes that are no UTF-8 become U+FFFD: readers
    without Spark could not read them.
    """
    is_avro = F.col(SCHEMA).isNotNull()
    text = F.when(~is_avro, F.make_valid_utf8(F.col("value").cast("string")))
    if not has_schemas:
        said = ("an Avro event of schema ", ", but ELIQ_SCHEMAS names no schemas")
        return text.otherwise(_refused(F.concat(F.lit(said[0]), SCHEMA, F.lit(said[1]))))
    for schema_id, schema in known.items():
        # Of what does not decode all fields are null, which JSON leaves out.
        decoded = F.to_json(from_avro(_BODY, schema, {"mode": "PERMISSIVE"}))
        failed = _refused(F.lit(f"not Avro of schema {schema_id}"))
        text = text.when(
            F.col(SCHEMA) == schema_id, F.coalesce(F.nullif(decoded, F.lit("{}")), failed)
        )
    return text.otherwise(_refused(F.concat(F.lit("unknown Avro schema "), SCHEMA)))


def learn(events: DataFrame, schemas: Schemas) -> None:
    """Ask for the schemas that events (:func:`with_schema`) name and nobody knew; SchemasAway."""
    named = F.col(SCHEMA).alias("id")
    is_new = F.col("id").isNotNull() & ~F.col("id").isin(list(schemas.known))
    asked = events.select(named).where(is_new).groupBy("id").count()
    # By number of events: heads of poison are many, each of one.
    for row in asked.orderBy(F.desc("count")).limit(_SCHEMAS_AT_ONCE).collect():
        schemas.learn(row["id"])
        schema = schemas.known.get(row["id"])
        if schema and not _is_readable(events.sparkSession, schema):
            del schemas.known[row["id"]]


def again(lines: DataFrame, schemas: Schemas) -> DataFrame:
    """Decode the events among some ``line`` that say that they could not be decoded; SchemasAway.

    Of those that cannot be decoded now either the line stays.
    """
    said = F.from_json("line", "refused STRING, payload STRING")
    event = F.try_to_binary(said["payload"], F.lit("base64"))
    # It stood in a header that nobody has any more, or stands in the head.
    told = F.nullif(F.regexp_extract(said["refused"], _ID_IN_REASON, 1), F.lit(""))
    events = with_schema(lines.withColumn("value", F.when(said["refused"].isNotNull(), event)))
    is_in_head = F.coalesce(told == F.col(SCHEMA), told.isNull())
    events = events.withColumns(
        {
            _BODY: F.when(is_in_head, F.col(_BODY)).otherwise(F.col("value")),
            SCHEMA: F.when(F.col("value").isNotNull(), F.coalesce(told, SCHEMA)),
        }
    )
    if schemas:
        learn(events, schemas)
    is_avro = F.col(SCHEMA).isNotNull()
    decoded = line(schemas.known, has_schemas=bool(schemas))
    return events.withColumn("line", F.when(is_avro, decoded).otherwise(F.col("line"))).drop(
        "value", SCHEMA, _BODY
    )


def _is_readable(spark: SparkSession, schema: str) -> bool:
    """Tell whether Spark can read what a schema describes; one that refers to itself it cannot."""
    nothing = F.lit(None).cast("binary")
    try:
        return bool(spark.range(0).select(from_avro(nothing, schema)).columns)
    except (AnalysisException, Py4JError):
        return False


def _refused(reason: Column) -> Column:
    return F.to_json(F.struct(reason.alias("refused"), F.base64("value").alias("payload")))

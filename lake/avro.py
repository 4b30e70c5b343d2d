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

_HEAD = "substring(value, 1, 1) = X'00' AND length(value) > 5"
_ID_IN_HEAD = "conv(hex(substring(value, 2, 4)), 16, 10)"
# An id may become the name of a file: it has no other signs.
_CONTENT_TYPE = "(?i)^avro/binary[+]([0-9a-z-]{1,64})$"
SCHEMA, _BODY = "_schema_id", "_body"


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
    """Return the event as a line of JSON; one that cannot be decoded says so (``refused``)."""
    is_avro = F.col(SCHEMA).isNotNull()
    text = F.when(~is_avro, F.col("value").cast("string"))
    if not has_schemas:
        return text.otherwise(_refused(F.lit("an Avro event, but ELIQ_SCHEMAS names no schemas")))
    for schema_id, schema in known.items():
        # Of what does not decode all fields are null, which JSON leaves out.
        decoded = F.to_json(from_avro(_BODY, schema, {"mode": "PERMISSIVE"}))
        failed = _refused(F.lit(f"not Avro of schema {schema_id}"))
        text = text.when(
            F.col(SCHEMA) == schema_id, F.coalesce(F.nullif(decoded, F.lit("{}")), failed)
        )
    return text.otherwise(_refused(F.concat(F.lit("unknown Avro schema "), SCHEMA)))


def is_readable(spark: SparkSession, schema: str) -> bool:
    """Tell whether Spark can read what a schema describes; one that refers to itself it cannot."""
    nothing = F.lit(None).cast("binary")
    try:
        return bool(spark.range(0).select(from_avro(nothing, schema)).columns)
    except (AnalysisException, Py4JError):
        return False


def _refused(reason: Column) -> Column:
    return F.to_json(F.struct(reason.alias("refused"), F.base64("value").alias("payload")))

"""Avro events -> the same JSON line that a JSON event is, by the schema that their head names.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/#wire-format:
a zero byte, the schema's id in four bytes, then the Avro. No JSON begins with a zero byte.
"""

from collections.abc import Mapping

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import AnalysisException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.avro.functions import from_avro

_SCHEMA_ID = "conv(hex(substring(value, 2, 4)), 16, 10)"


def is_avro() -> Column:
    """Tell whether an event's ``value`` is Avro with a schema id."""
    return F.expr("substring(value, 1, 1) = X'00' AND length(value) > 5")


def schema_id() -> Column:
    """Return the id that the head of ``value`` names."""
    return F.expr(_SCHEMA_ID).cast("bigint")


def line(known: Mapping[int, str], *, has_schemas: bool) -> Column:
    """Return the event as a line of JSON; one that cannot be decoded says so (``refused``)."""
    text = F.when(~is_avro(), F.col("value").cast("string"))
    if not has_schemas:
        return text.when(
            is_avro(), _refused(F.lit("an Avro event, but ELIQ_SCHEMAS names no schemas"))
        )
    body = F.expr("substring(value, 6)")
    for number, schema in known.items():
        # Of what does not decode all fields are null, which JSON leaves out.
        decoded = F.to_json(from_avro(body, schema, {"mode": "PERMISSIVE"}))
        failed = _refused(F.lit(f"not Avro of schema {number}"))
        text = text.when(
            is_avro() & (schema_id() == number), F.coalesce(F.nullif(decoded, F.lit("{}")), failed)
        )
    unknown = F.concat(F.lit("unknown Avro schema "), schema_id().cast("string"))
    return text.when(is_avro(), _refused(unknown))


def is_readable(spark: SparkSession, schema: str) -> bool:
    """Tell whether Spark can read what a schema describes; one that refers to itself it cannot."""
    nothing = F.lit(None).cast("binary")
    try:
        return bool(spark.range(0).select(from_avro(nothing, schema)).columns)
    except (AnalysisException, Py4JError):
        return False


def _refused(reason: Column) -> Column:
    return F.to_json(F.struct(reason.alias("refused"), F.base64("value").alias("payload")))

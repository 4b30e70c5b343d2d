"""The event stream (Kafka, or Event Hubs by its Kafka endpoint) as a frame of lines.

Event Hubs: https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-kafka-overview: the user
name is the word $ConnectionString, the password the connection string, the port 9093.
"""

import re

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Node
from lake.errors import LakeError
from lake.ledger import Ledger
from lake.settings import Settings
from lake.store import Store

_OFFSETS_A_BATCH = 1_000_000


class BadEventsAddress(LakeError):
    """ELIQ_EVENTS is neither a Kafka address nor an Event Hubs connection string."""

    code = "bad-events-address"


def is_events(settings: Settings, node: Node) -> bool:
    """Tell whether the table also comes as events: its module names a ``TOPIC``."""
    return bool(settings.events.get_secret_value()) and hasattr(node.module, "TOPIC")


def kafka_options(address: str) -> dict[str, str]:
    """Return Spark's options for ``kafka://host:port[,host:port]`` or a connection string.

    BadEventsAddress for anything else; the address itself is never in the message.
    """
    if address.startswith("kafka://"):
        return {"kafka.bootstrap.servers": address.removeprefix("kafka://").rstrip("/")}
    host = re.search(r"Endpoint=sb://([^/;]+)", address)
    if not host or "SharedAccessKey=" not in address:
        raise BadEventsAddress(
            "the events address cannot be read",
            where="ELIQ_EVENTS",
            cure="use kafka://host:port or an Event Hubs connection string",
        )
    # A port in the endpoint is a broker on this machine; Event Hubs itself is always 9093 with TLS.
    is_local = ":" in host[1]
    return {
        "kafka.bootstrap.servers": host[1] if is_local else f"{host[1]}:9093",
        "kafka.security.protocol": "SASL_PLAINTEXT" if is_local else "SASL_SSL",
        "kafka.sasl.mechanism": "PLAIN",
        "kafka.sasl.jaas.config": (
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="$ConnectionString" password="{address}";'
        ),
    }


def events_source(store: Store, ledger: Ledger, node: Node) -> DataFrame:
    """Return the topic of the table as a streaming frame of lines, from where bronze stands.

    After a lost checkpoint the topic is read from its beginning, and what the ledger says was
    taken is passed over: a partition that the ledger does not know yet is then not missed.
    """
    topic = node.module.TOPIC  # type: ignore[union-attr]
    last: dict[str, int] = {}
    for arrival in ledger.arrivals(node.table.name):
        if arrival.source_file.startswith(f"{topic}/"):
            known = last.get(arrival.source_file, -1)
            last[arrival.source_file] = max(known, arrival.last_line)
    is_new = F.lit(True)
    for partition, offset in last.items():
        is_new &= (F.col("source_file") != partition) | (F.col("source_line") > offset)
    reader = store.spark.readStream.format("kafka")
    for key, value in kafka_options(store.settings.events.get_secret_value()).items():
        reader = reader.option(key, value)
    line = F.col("value").cast("string")
    return (
        reader.option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", _OFFSETS_A_BATCH)
        .option("failOnDataLoss", "false")
        .load()
        .select(
            line.alias("line"),
            F.lit(None).cast("array<string>").alias("header"),
            F.coalesce(F.get_json_object(line, "$.partner_id"), F.lit("unknown")).alias(
                "partner_id"
            ),
            F.lit("events").alias("source"),
            F.concat_ws("/", "topic", "partition").alias("source_file"),
            F.col("offset").alias("source_line"),
            F.col("timestamp").alias("received_at"),
            F.to_date("timestamp").alias("received_date"),
        )
        .where(is_new)
    )

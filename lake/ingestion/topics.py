"""What a broker says of a topic, and how to log in to it: Kafka, or Event Hubs by Kafka's protocol.

Event Hubs: https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-kafka-overview: the user
name is the word $ConnectionString, the password the connection string, the port 9093. The broker is
asked by Kafka's own client, which Spark's reader brings, with the reader's own options.
"""

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from lake.errors import LakeError
from lake.settings import Settings
from lake.spark.java import java

_PATIENCE_S = 10
# What Kafka says where topics have no ids, as Event Hubs does.
_NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
# Databricks has Kafka's classes under a name of their own.
_KAFKA = ("kafkashaded." if "DATABRICKS_RUNTIME_VERSION" in os.environ else "") + "org.apache.kafka"
_CLIENTS: dict[tuple[str, ...], Any] = {}
_LOCK = threading.Lock()


class BadEventsAddress(LakeError):
    """ELIQ_EVENTS is neither a Kafka address nor an Event Hubs namespace or connection string."""

    code = "bad-events-address"


class BrokerAway(LakeError):
    """The broker does not answer, or does not let us in."""

    code = "broker-away"
    may_pass = True


class NoTopic(LakeError):
    """The broker has no such topic."""

    code = "no-topic"


@dataclass(frozen=True)
class Topic:
    """A topic as it stands: the first offset that is kept and the next to be written, by partition.

    ``id`` changes where a topic is made anew; empty where the broker tells none.
    """

    name: str
    id: str
    earliest: Mapping[int, int]
    latest: Mapping[int, int]


def kafka_options(settings: Settings) -> dict[str, str]:
    """Return Spark's options for the broker that ELIQ_EVENTS names; no secret is ever in an error.

    BadEventsAddress for what is no ``kafka://host:port[,host:port]``, ``sb://namespace`` (with an
    application's login, by OAuth) or connection string.
    """
    address = settings.events.get_secret_value()
    if settings.events_client_id:
        return _by_oauth(settings, address)
    if address.startswith("kafka://"):
        return {"kafka.bootstrap.servers": _servers(address)}
    host = re.search(r"Endpoint=sb://([^/;]+)", address)
    if not host or "SharedAccessKey=" not in address:
        raise BadEventsAddress(
            "the events address cannot be read",
            where="ELIQ_EVENTS",
            cure="use kafka://host:port, an Event Hubs connection string, or sb://namespace with "
            "ELIQ_EVENTS_TENANT, ELIQ_EVENTS_CLIENT_ID and ELIQ_EVENTS_CLIENT_SECRET",
        )
    # A port in the endpoint is a broker on this machine; Event Hubs itself is always 9093 with TLS.
    is_local = ":" in host[1]
    return {
        "kafka.bootstrap.servers": host[1] if is_local else f"{host[1]}:9093",
        "kafka.security.protocol": "SASL_PLAINTEXT" if is_local else "SASL_SSL",
        "kafka.sasl.mechanism": "PLAIN",
        "kafka.sasl.jaas.config": (
            f"{_KAFKA}.common.security.plain.PlainLoginModule required "
            f"username={_quoted('$ConnectionString')} password={_quoted(address)};"
        ),
    }


def _servers(address: str) -> str:
    return re.sub(r"^(kafka|sb)://", "", address).rstrip("/")


def _by_oauth(settings: Settings, address: str) -> dict[str, str]:
    """Log in as an application of Entra ID, or of any issuer that grants client credentials."""
    if not re.match(r"(kafka|sb)://", address):
        raise BadEventsAddress(
            "an application logs in to a namespace, not by a connection string",
            where="ELIQ_EVENTS",
            cure="use sb://namespace.servicebus.windows.net, or leave ELIQ_EVENTS_CLIENT_ID out",
        )
    servers = _servers(address)
    is_azure = address.startswith("sb://")
    issuer = settings.events_token_url or (
        f"https://login.microsoftonline.com/{settings.events_tenant}/oauth2/v2.0/token"
    )
    scope = f"https://{servers.partition(':')[0]}/.default" if is_azure else "events"
    secret = settings.events_client_secret.get_secret_value()
    return {
        "kafka.bootstrap.servers": servers if ":" in servers else f"{servers}:9093",
        "kafka.security.protocol": "SASL_SSL" if is_azure else "SASL_PLAINTEXT",
        "kafka.sasl.mechanism": "OAUTHBEARER",
        "kafka.sasl.oauthbearer.token.endpoint.url": issuer,
        "kafka.sasl.login.callback.handler.class": (
            f"{_KAFKA}.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"
        ),
        "kafka.sasl.jaas.config": (
            f"{_KAFKA}.common.security.oauthbearer.OAuthBearerLoginModule required "
            f"clientId={_quoted(settings.events_client_id)} clientSecret={_quoted(secret)} "
            f"scope={_quoted(scope)};"
        ),
    }


def _quoted(word: str) -> str:
    """Quote a word of a login's settings."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def look(spark: SparkSession, settings: Settings, name: str) -> Topic:
    """Ask the broker how a topic stands now; NoTopic, BrokerAway, BadEventsAddress."""
    options = kafka_options(settings)
    kafka = _package(spark)
    try:
        client = _client(spark, options)
        described = client.describeTopics(_list(spark, [name])).allTopicNames()
        topic = described.get(_PATIENCE_S, _seconds(spark)).get(name)
        partitions = [info.partition() for info in topic.partitions()]
        stands = {}
        for edge in ("earliest", "latest"):
            asked = java(spark).java.util.HashMap()
            for partition in partitions:
                wanted = getattr(kafka.clients.admin.OffsetSpec, edge)()
                asked.put(kafka.common.TopicPartition(name, partition), wanted)
            told = client.listOffsets(asked).all().get(_PATIENCE_S, _seconds(spark))
            stands[edge] = {at.partition(): told.get(at).offset() for at in told}
    except Py4JJavaError as error:
        raise _told(error, name, options) from None
    known = topic.topicId().toString()
    return Topic(name, "" if known == _NO_ID else known, stands["earliest"], stands["latest"])


def _client(spark: SparkSession, options: Mapping[str, str]) -> Any:
    """Return the process's client of a broker: a login takes longer than a question."""
    key = (spark.sparkContext.applicationId, *sorted(f"{k}={v}" for k, v in options.items()))
    with _LOCK:
        if key not in _CLIENTS:
            said = java(spark).java.util.Properties()
            for name, value in options.items():
                said.setProperty(name.removeprefix("kafka."), value)
            # A broker that is away is looked for in the pace of the questions, not of the client.
            said.setProperty("default.api.timeout.ms", str(_PATIENCE_S * 1000))
            said.setProperty("request.timeout.ms", str(_PATIENCE_S * 1000))
            _CLIENTS[key] = _package(spark).clients.admin.AdminClient.create(said)
        return _CLIENTS[key]


def _package(spark: SparkSession) -> Any:
    package: Any = java(spark)
    for part in _KAFKA.split("."):
        package = getattr(package, part)
    return package


def _list(spark: SparkSession, words: list[str]) -> Any:
    """Return a Java list: a Python one would fit two ways of asking."""
    made = java(spark).java.util.ArrayList()
    for word in words:
        made.add(word)
    return made


def _seconds(spark: SparkSession) -> Any:
    return java(spark).java.util.concurrent.TimeUnit.SECONDS


def _told(error: Py4JJavaError, name: str, options: Mapping[str, str]) -> LakeError:
    """Say what the client said; of its message only what a broker answers, never a setting."""
    cause = error.java_exception.getCause() or error.java_exception
    kind = cause.getClass().getSimpleName()
    if kind == "UnknownTopicOrPartitionException":
        return NoTopic(f"there is no topic {name}", where="ELIQ_EVENTS", cure="create it")
    is_login = "Authenti" in kind or "Authoriz" in kind or kind == "KafkaException"
    return BrokerAway(
        "the broker does not let us in" if is_login else f"the broker does not answer ({kind})",
        where=options["kafka.bootstrap.servers"],
        cure="check the login of ELIQ_EVENTS" if is_login else "it is tried again at the next run",
    )

"""The broker that other tests rely on does what Event Hubs does."""

from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from infra.kafka import Broker, kafka_broker

Settings = dict[str, str | int | float | bool]

pytestmark = pytest.mark.servers


def login(broker: Broker, password: str) -> Settings:
    return {
        "bootstrap.servers": broker.sasl,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "$ConnectionString",
        "sasl.password": password,
        "log_level": 0,
    }


def send(settings: Settings, *texts: str) -> None:
    producer = Producer(settings)
    for text in texts:
        producer.produce("readings", text.encode())
    assert producer.flush(20) == 0


def received(settings: Settings, count: int) -> list[str]:
    consumer = Consumer({**settings, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.subscribe(["readings"])
    messages = [message.value() for message in consumer.consume(count, timeout=20)]
    consumer.close()
    return sorted(value.decode() for value in messages if value is not None)


def test_messages_pass_by_both_doors_and_outlive_a_power_cut(tmp_path: Path) -> None:
    with kafka_broker(tmp_path) as broker:
        plain: Settings = {"bootstrap.servers": broker.plain, "log_level": 0}
        admin = AdminClient(plain)
        admin.create_topics([NewTopic("readings", 2, 1)])["readings"].result(20)

        send(plain, "one")
        send(login(broker, broker.connection_string), "two")
        assert received(login(broker, broker.connection_string), 2) == ["one", "two"]

        broker.kill()
        broker.start()
        send(plain, "three")
        assert received(plain, 1) == ["three"]


def test_a_wrong_connection_string_is_refused(tmp_path: Path) -> None:
    with kafka_broker(tmp_path) as broker:
        stranger = AdminClient(login(broker, "Endpoint=sb://guess"))
        with pytest.raises(KafkaException):
            stranger.list_topics(timeout=1)

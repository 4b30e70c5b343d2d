"""An application logs in by an issuer's tokens, as at Entra ID; tokens end, the stream does not."""

import time
import uuid
from datetime import datetime
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pydantic import SecretStr
from pyspark.sql import SparkSession

from bronze.meter_readings import TOPIC
from infra.kafka import kafka_broker
from infra.kafka_events import block, send
from infra.oidc import issuer
from lake.catalog import catalog
from lake.ingestion.topics import BadEventsAddress, BrokerAway, kafka_options
from lake.running import Runner
from lake.settings import Settings

SECRET = f"s3cret{uuid.uuid4().hex}"
TOKEN_S = 15


def by_application(lake: Settings, address: str, **more: str) -> Settings:
    return lake.model_copy(
        update={
            "events": SecretStr(address),
            "events_client_id": "lake",
            "events_client_secret": SecretStr(SECRET),
            **more,
        }
    )


def test_event_hubs_is_asked_by_a_token_of_the_tenant(lake: Settings) -> None:
    address = "sb://hub.servicebus.windows.net"
    options = kafka_options(by_application(lake, address, events_tenant="contoso"))
    assert options["kafka.bootstrap.servers"] == "hub.servicebus.windows.net:9093"
    assert options["kafka.security.protocol"] == "SASL_SSL"
    assert options["kafka.sasl.oauthbearer.token.endpoint.url"] == (
        "https://login.microsoftonline.com/contoso/oauth2/v2.0/token"
    )
    assert (
        'scope="https://hub.servicebus.windows.net/.default"' in (options["kafka.sasl.jaas.config"])
    )


def test_a_connection_string_is_no_address_for_an_application(lake: Settings) -> None:
    address = f"Endpoint=sb://hub;SharedAccessKeyName=k;SharedAccessKey={SECRET}"
    with pytest.raises(BadEventsAddress) as error:
        kafka_options(by_application(lake, address))
    assert SECRET not in str(error.value)


@pytest.mark.spark
@pytest.mark.servers
@pytest.mark.slow
def test_tokens_end_and_are_renewed_and_a_stranger_stays_out(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    with (
        issuer(tmp_path / "issuer", seconds=TOKEN_S) as given,
        issuer(tmp_path / "other", seconds=TOKEN_S) as other,
        kafka_broker(tmp_path / "broker", given) as broker,
    ):
        admin = AdminClient({"bootstrap.servers": broker.plain})
        admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
        address = f"kafka://{broker.oauth}"
        settings = by_application(lake, address, events_token_url=given.token_url)
        runner = Runner(spark, settings, catalog(), clock)

        send(broker.plain, TOPIC, block(0))
        assert runner.run("bronze.meter_readings").written.inserted == 1
        before = given.granted
        time.sleep(TOKEN_S + 1)
        send(broker.plain, TOPIC, block(1))
        assert runner.run("bronze.meter_readings").written.inserted == 1
        assert given.granted > before

        # Of the same words Kafka's client would keep the login that it has.
        stranger = by_application(
            lake, address, events_token_url=other.token_url, events_client_id="stranger"
        )
        with pytest.raises(BrokerAway, match="does not let us in") as error:
            Runner(spark, stranger, catalog(), clock).run("bronze.meter_readings")
        assert SECRET not in str(error.value)

"""Offsets, checkpoint and ledger disagree: nothing is taken twice, what is lost is said."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from deltalake import DeltaTable
from pydantic import SecretStr
from pyspark.sql import SparkSession

from bronze.meter_readings import TOPIC
from infra.kafka import Broker, kafka_broker
from infra.kafka_events import block, send
from lake.catalog import catalog
from lake.hops.report import Report
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.servers]
Run = Callable[[], Report]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with kafka_broker(tmp_path_factory.mktemp("kafka") / uuid.uuid4().hex) as started:
        yield started


@pytest.fixture
def admin(broker: Broker) -> Iterator[AdminClient]:
    client = AdminClient({"bootstrap.servers": broker.plain})
    client.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
    yield client
    client.delete_topics([TOPIC])[TOPIC].result(30)


@pytest.fixture
def settings(lake: Settings, broker: Broker) -> Settings:
    return lake.model_copy(update={"events": SecretStr(broker.connection_string)})


@pytest.fixture
def run(spark: SparkSession, settings: Settings, clock: datetime, admin: AdminClient) -> Run:
    return lambda: Runner(spark, settings, catalog(), clock).run("bronze.meter_readings")


def rows(settings: Settings, question: str) -> list[dict[str, Any]]:
    return Reader(settings, catalog().tables).rows(question)


def hours(settings: Settings) -> list[str]:
    found = rows(settings, "SELECT starts_at FROM bronze.meter_readings ORDER BY 1")
    return [str(row["starts_at"])[11:13] for row in found]


def forget_the_checkpoint(settings: Settings) -> None:
    shutil.rmtree(Path(settings.root) / "_checkpoints" / "bronze.meter_readings")


def test_a_batch_that_was_written_but_not_said_to_be_is_not_written_again(
    run: Run, settings: Settings, broker: Broker
) -> None:
    send(broker.plain, TOPIC, block(0))
    run()
    send(broker.plain, TOPIC, block(1), "poison", block(2))
    run()
    # As after a kill between bronze's write and the ledger's, or even before that of the rejected
    # line, with the checkpoint lost before the next start.
    arrivals = DeltaTable(f"{settings.root}/_ledger/arrivals")
    arrivals.delete("last_line > 0 OR first_line > 0")
    rejected = f"{settings.root}/{catalog()['bronze.rejected'].path}"
    DeltaTable(rejected).restore(0)
    forget_the_checkpoint(settings)

    send(broker.plain, TOPIC, block(3))
    run()
    assert hours(settings) == ["00", "01", "02", "03"]
    assert len(rows(settings, "SELECT payload FROM bronze.rejected")) == 1
    assert run().note == "nothing new"


def test_expired_offsets_are_a_row_and_an_alert_and_the_rest_goes_on(
    run: Run, settings: Settings, broker: Broker, admin: AdminClient
) -> None:
    send(broker.plain, TOPIC, block(0))
    run()
    send(broker.plain, TOPIC, *map(block, range(1, 5)))
    partition = int(rows(settings, "SELECT source_file FROM bronze.meter_readings")[0]
                    ["source_file"][-1])  # fmt: skip
    at = TopicPartition(TOPIC, partition, 3)
    admin.delete_records([at])[at].result(30)

    report = run()
    assert hours(settings) == ["00", "03", "04"]
    assert "offsets 1 to 2 are lost" in report.alert
    lost = rows(settings, "SELECT * FROM bronze.lost_ranges")
    assert [(r["partition"], r["first_offset"], r["last_offset"]) for r in lost] == [
        (partition, 1, 2)
    ]
    assert run().alert == ""
    assert len(rows(settings, "SELECT * FROM bronze.lost_ranges")) == 1


def test_a_topic_made_anew_is_read_whole_and_its_offsets_are_other_ones(
    run: Run, settings: Settings, broker: Broker, admin: AdminClient
) -> None:
    send(broker.plain, TOPIC, block(0), block(1))
    run()
    admin.delete_topics([TOPIC])[TOPIC].result(30)
    admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
    send(broker.plain, TOPIC, block(2), block(3), block(4))

    assert "made anew" in run().alert
    send(broker.plain, TOPIC, block(5))
    assert run().alert == ""
    assert hours(settings) == ["00", "01", "02", "03", "04", "05"]
    keys = rows(settings, "SELECT DISTINCT source_file, source_line FROM bronze.meter_readings")
    assert len(keys) == 6
    lost = rows(settings, "SELECT last_offset FROM bronze.lost_ranges")
    assert [r["last_offset"] for r in lost] == [None]

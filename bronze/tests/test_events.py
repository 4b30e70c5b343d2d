"""Readings by the event stream: from a real broker into bronze, once, poison beside them."""

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
from lake.catalog import catalog
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.servers]


def test_events_are_taken_once_and_a_poison_message_stops_nothing(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    with kafka_broker(tmp_path / "broker") as broker:
        admin = AdminClient({"bootstrap.servers": broker.plain})
        admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
        settings = lake.model_copy(update={"events": SecretStr(broker.connection_string)})
        runner = Runner(spark, settings, catalog(), clock)

        send(broker.plain, TOPIC, block(0), "\x00\xff poison", block(1))
        first = runner.run("bronze.meter_readings")
        assert (first.written.inserted, first.rejected) == (2, 1)
        assert runner.run("bronze.meter_readings").note == "nothing new"

        # A lost checkpoint goes on behind the offsets of the ledger.
        checkpoints = Path(settings.root) / "_checkpoints"
        checkpoints.rename(checkpoints.with_name("_lost"))
        send(broker.plain, TOPIC, block(2))
        assert runner.run("bronze.meter_readings").written.inserted == 1

    rows = Reader(settings, catalog().tables).rows(
        "SELECT starts_at, source, source_file, source_line FROM bronze.meter_readings ORDER BY 1"
    )
    assert [str(r["starts_at"])[11:13] for r in rows] == ["00", "01", "02"]
    assert {r["source"] for r in rows} == {"events"}
    assert {str(r["source_file"]).rsplit("/", 1)[0] for r in rows} == {TOPIC}

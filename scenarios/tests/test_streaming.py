"""`lake stream` as people run it: events and files to gold, signals, a second one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka import Broker
from infra.kafka_events import send
from scenarios.tests.streamed import (
    HOME,
    PATIENCE_S,
    TOPIC,
    Starts,
    broker_with_topic,
    count,
    land,
    reading,
    streams,
)

pytestmark = [
    pytest.mark.spark, pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(2400),
]  # fmt: skip


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with broker_with_topic(tmp_path) as started:
        yield started


@pytest.fixture
def streaming(tmp_path: Path, broker: Broker) -> Iterator[Starts]:
    with streams(tmp_path, broker) as made:
        yield made


def test_events_and_files_reach_gold_and_a_signal_ends_the_stream(
    tmp_path: Path, broker: Broker, streaming: Starts
) -> None:
    lake = tmp_path / "lake"
    land(lake, "registrations", "home.ndjson", json.dumps(HOME))
    stream = streaming("--to", "gold.energy_daily")
    stream.start()
    # A clock that goes ahead: it counts as said when it came.
    send(broker.plain, TOPIC, reading(0, known_at="2099-01-01T00:00:00Z"), "poison", reading(1))
    land(lake, "readings", "more.ndjson", reading(2))
    is_hour = "direction = 'import' AND energy_kwh IS NOT NULL"
    stream.until(lambda: count(lake, "gold.energy_hourly", is_hour) == 3, seconds=PATIENCE_S)
    send(broker.plain, TOPIC, json.dumps({**json.loads(reading(0)), "values": [9.0]}))
    corrected = f"{is_hour} AND energy_kwh = 9.0"
    stream.until(lambda: count(lake, "gold.energy_hourly", corrected) == 1, seconds=PATIENCE_S)
    assert count(lake, "bronze.rejected") == 1

    second = streaming()
    second.start()
    assert second.process
    assert second.process.wait(PATIENCE_S) == 1
    assert "another process is at the stream" in second.said()

    broker.kill()
    stream.until(lambda: "the broker does not answer" in stream.said(), seconds=PATIENCE_S)
    broker.start()
    send(broker.plain, TOPIC, reading(3))
    stream.until(lambda: count(lake, "gold.energy_hourly", is_hour) == 4, seconds=PATIENCE_S)

    assert stream.stop(seconds=PATIENCE_S) == 0
    assert "stopped; start it again to go on" in stream.said()
    assert "events behind" in stream.said()
    assert "s from arrival to gold" in stream.said()
    assert "Traceback" not in stream.said()
